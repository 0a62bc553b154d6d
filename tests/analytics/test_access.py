"""Tokens: who may look, and that nobody can make, change or keep one."""

import multiprocessing
import stat

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analytics.access import OPERATOR, PREFIX, Tokens, Viewer

MELATI = Viewer("seller", "tiktok_shop:7495")


@pytest.fixture
def tokens(tmp_path):
    return Tokens(tmp_path)


@pytest.mark.parametrize("viewer", [MELATI, Viewer("buyer", "b-1"), OPERATOR])
def test_a_token_tells_whose_it_is(tokens, viewer):
    """What was made for a viewer is read as that viewer, by another process of the same home too."""
    token = tokens.make(viewer)
    assert token.startswith(PREFIX)
    assert tokens.read(token, at=0) == viewer


def test_a_token_of_another_home_is_nobodys(tokens, tmp_path):
    """The key is the home's own."""
    assert tokens.read(Tokens(tmp_path / "elsewhere").make(MELATI), at=0) is None


def test_a_token_ends(tokens):
    """It is good until its instant and not at it."""
    token = tokens.make(MELATI, until=1_000)
    assert tokens.read(token, at=999) == MELATI
    assert tokens.read(token, at=1_000) is None


def test_one_token_is_taken_back(tokens):
    """A revoked token is nobody's at once; others of the same viewer stay."""
    leaked, kept = tokens.make(MELATI), tokens.make(MELATI)
    assert tokens.revoke(leaked)
    assert tokens.read(leaked, at=0) is None
    assert tokens.read(kept, at=0) == MELATI
    assert not tokens.revoke("arus_nonsense")


def test_deleting_the_key_takes_all_back(tokens, tmp_path):
    """A new key is made by itself, and no old token fits it."""
    token = tokens.make(OPERATOR)
    (tmp_path / "keys" / "tokens").unlink()
    assert tokens.read(token, at=0) is None
    assert tokens.read(tokens.make(OPERATOR), at=0) == OPERATOR


def test_the_key_is_its_owners_alone(tokens, tmp_path):
    """Neither group nor others may read it."""
    tokens.make(OPERATOR)
    assert stat.S_IMODE((tmp_path / "keys" / "tokens").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["tokens"]


def _token_of(home):
    return Tokens(home).make(OPERATOR)


def test_processes_that_start_together_share_one_key(tmp_path):
    """Each of eight first tokens is good for all."""
    with multiprocessing.get_context("spawn").Pool(8) as pool:
        made = pool.map(_token_of, [tmp_path] * 8)
    assert {Tokens(tmp_path).read(token, at=0) for token in made} == {OPERATOR}


@given(st.integers(0, 10_000), st.characters())
def test_a_changed_token_is_nobodys(tmp_path_factory, place, other):
    """Whatever one character becomes, wherever."""
    tokens = Tokens(tmp_path_factory.getbasetemp() / "changed")
    token = tokens.make(MELATI)
    at = place % (len(token) - 1)  # the last character carries spare bits of base64
    assume(token[at] != other)
    assert tokens.read(token[:at] + other + token[at + 1 :], at=0) is None


@given(st.text())
def test_any_text_is_read_as_nobody(tmp_path_factory, text):
    """No text breaks the reader."""
    tokens = Tokens(tmp_path_factory.getbasetemp() / "texts")
    assert tokens.read(text, at=0) is None
    assert tokens.read(PREFIX + text, at=0) is None


def test_the_parts_of_two_tokens_do_not_mix(tokens):
    """An operator's claims under a seller's signature are nobody's."""
    claims, _ = tokens.make(OPERATOR).rsplit(".", 1)
    _, signature = tokens.make(MELATI).rsplit(".", 1)
    assert tokens.read(f"{claims}.{signature}", at=0) is None
