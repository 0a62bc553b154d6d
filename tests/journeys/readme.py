"""The README's own commands, to be run as they stand there."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def block(language: str, containing: str) -> str:
    """Gives the first block of code in a language that contains these words."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL)
    return next(found for found in blocks if containing in found)
