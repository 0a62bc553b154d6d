"""`python -m pipeline.cli` is `arus`."""

from pipeline.cli import main

main()
