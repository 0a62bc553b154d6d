"""The command line `arus`: the one place that knows every room. Imports wait until a command needs them."""

import sys


def main() -> None:
    """Runs the command. Exit code 0: done; 1: a problem, told in a sentence; 2: wrong use."""
    from pipeline.cli.app import app
    from pipeline.cli.output import explain

    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # whoever read us has read enough
        sys.stderr.close()
    except Exception as error:  # noqa: BLE001  # whatever it is, a person reads it
        sys.exit(explain(error))
