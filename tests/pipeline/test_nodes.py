"""The settings of several analytics nodes: what cannot be is refused with a sentence before anything starts."""

import pytest

from pipeline.settings import SettingsError, load

TWO = '["http://a:8700/", "https://b"]'


def test_nodes_are_read(monkeypatch: pytest.MonkeyPatch):
    """From the environment, as one list and a place in it; without them there is one node."""
    assert load().analytics.shards == ()
    monkeypatch.setenv("ARUS_ANALYTICS__SHARDS", TWO)
    monkeypatch.setenv("ARUS_ANALYTICS__SHARD", "1")
    assert load().analytics.shards == ("http://a:8700", "https://b")
    assert load().analytics.shard == 1


@pytest.mark.parametrize(
    ("shards", "shard", "says"),
    [
        (TWO, "2", "shard is 2, but shards lists 2 URLs: the first is 0"),
        ("[]", "1", "shard is 1, but shards lists 0 URLs: the first is 0"),
        (TWO, "-1", "greater than or equal to 0"),
        ('["http://a", "http://a/"]', "0", "shards names one URL twice"),
        ('["a:8700", "http://b"]', "0", "a:8700 is not the URL of a node, such as http://10.0.0.7:8700"),
        ('["http://a/behind/a/path", "http://b"]', "0", "is not the URL of a node"),
    ],
)
def test_nodes_that_cannot_be_are_refused(shards: str, shard: str, says: str, monkeypatch: pytest.MonkeyPatch):
    """It says which setting, and what would be right."""
    monkeypatch.setenv("ARUS_ANALYTICS__SHARDS", shards)
    monkeypatch.setenv("ARUS_ANALYTICS__SHARD", shard)
    with pytest.raises(SettingsError, match="analytics.*" + says.replace("[", r"\[")):
        load()
