"""docs/senders says what the code does."""

import re

import pytest

from pipeline.sources import SOURCES
from tests.sender_pages import PAGES, ROOT, pages

MADE = pages()
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


def test_each_sender_has_its_page_and_no_page_is_left_over():
    """A page for each sender, and one that lists them."""
    assert {file.name for file in PAGES.iterdir()} == {"README.md", *(f"{name}.md" for name in SOURCES)}


@pytest.mark.parametrize("file", MADE, ids=lambda file: file.stem)
def test_a_page_is_what_the_code_makes(file):
    """`python -m tests.sender_pages` has nothing to change."""
    assert file.read_text(encoding="utf-8") == MADE[file]


@pytest.mark.parametrize("file", MADE, ids=lambda file: file.stem)
def test_a_page_leads_where_something_lies(file):
    """Whatever a page links to within the repository is there."""
    for target in LINK.findall(MADE[file]):
        assert (file.parent / target).resolve().is_relative_to(ROOT), target
        assert (file.parent / target).exists(), target


@pytest.mark.parametrize("source", SOURCES)
def test_a_page_s_sample_is_understood(source):
    """The request that a page works through tells events, not a dead letter."""
    told = MADE[PAGES / f"{source}.md"].partition("It tells:")[2]
    assert re.search(r"^- \w+ of \S+", told, re.MULTILINE)
