"""What a seller's own system must have heard after a round."""

import pytest

from tests.chaos.listening import judged

DELIVERED = {"waiting": 0, "delivered": 3, "failed": 0, "missed": 0}


def test_each_notice_under_one_name_is_right():
    """However often it came, and whatever else did."""
    assert judged({"a", "b"}, {"a": {"1"}, "b": {"2"}, "test": {"3"}}, DELIVERED) == []


@pytest.mark.parametrize(
    ("inbox", "came", "sent", "said"),
    [
        ({"a", "b"}, {"a": {"1"}}, DELIVERED, "1 of 2 notices did not come to the endpoint"),
        ({"a"}, {"a": {"1", "2"}}, DELIVERED, "1 notices came under two names"),
        ({"a"}, {"a": {"1"}}, DELIVERED | {"waiting": 2}, "2 messages are waiting"),
        (set(), {"test": {"1"}}, DELIVERED, "the inbox was told nothing"),
    ],
)
def test_what_is_lost_doubled_or_stuck_is_told(inbox, came, sent, said):
    """And a round in which nothing could go wrong proves nothing."""
    assert judged(inbox, came, sent) == [said]
