"""The README's walk: its arus.toml, its commands, its promise."""

import shlex
import subprocess
import sys

import pytest

from tests.journeys.readme import block
from tests.journeys.system import until

pytestmark = pytest.mark.xdist_group("journeys")


def test_the_readmes_commands_do_what_it_says(arus):
    """The curl of the README is taken, and its order's status is what the README says."""
    walk = block("sh", "openssl").replace(".venv/bin/arus", f"{shlex.quote(sys.executable)} -m pipeline.cli")
    walk = walk.replace("http://127.0.0.1:8600", arus.ready["gateway"]).replace(
        "http://127.0.0.1:8700", arus.ready["api"]
    )

    def walked() -> str:
        done = subprocess.run(
            ["sh", "-euc", walk], cwd=arus.folder, env=arus.environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    first = walked()
    assert first.startswith("HTTP/1.1 2")
    until(lambda: '"status":"in_transit"' in walked())
