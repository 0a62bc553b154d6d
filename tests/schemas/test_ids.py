"""Ids: deterministic, and the same however a sender spells a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import ids


@given(st.lists(st.text(), min_size=1))
def test_the_same_parts_always_give_the_same_id(parts):
    """A re-delivery has the id of the first delivery."""
    assert ids.digest(*parts) == ids.digest(*parts)
    assert len(ids.digest(*parts)) == 22


@given(st.text(min_size=1), st.text(min_size=1))
def test_parts_do_not_run_into_each_other(first, second):
    """("ab", "c") and ("a", "bc") are different things."""
    assert ids.digest(first, second) != ids.digest(first + second)


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("J&T Express", "jnt"),
        ("jnt", "jnt"),
        ("Ninja Van", "ninjavan"),
        ("SiCepat", "sicepat"),
        ("FedEx", "fedex"),
        ("--", "unknown"),
    ],
)
def test_a_carrier_has_one_name(spelled, name):
    """Marketplace and carrier must mean the same parcel."""
    assert ids.carrier_id(spelled) == name


def test_a_native_id_that_names_its_shop_keeps_it():
    """A seller's own system may speak of a marketplace's order."""
    assert ids.order_id("standard_webhooks", "tiktok_shop:576") == "tiktok_shop:576"
    assert ids.order_id("tiktok_shop", "576") == "tiktok_shop:576"
