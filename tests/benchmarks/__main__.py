"""What Arus does in a second, as one table: `make bench`, or `python -m tests.benchmarks gateway loading`."""

import sys

from tests.benchmarks import freshness, gateway, loading, promises, tracking, whole, workers
from tests.benchmarks.figures import Figure, table

ROWS = {
    "tracking": tracking,
    "workers": workers,
    "loading": loading,
    "gateway": gateway,
    "freshness": freshness,
    "promises": promises,
    "whole": whole,
}


def main() -> None:
    """Measures what is asked for, or all, and prints the table."""
    found: list[Figure] = []
    for name in sys.argv[1:] or ROWS:
        sys.stderr.write(f"measuring {name}\n")
        found += ROWS[name].figures()
    sys.stdout.write(table(found) + "\n")


if __name__ == "__main__":
    main()
