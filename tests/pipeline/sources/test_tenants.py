"""Nobody speaks for another: whose orders an account can name, and whose events it can be mistaken for."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources import SOURCES
from pipeline.sources.telling import Telling, order_name

IDS = st.text(min_size=1, max_size=30) | st.sampled_from(["tiktok_shop:1", "toko-b:1001", "toko-a:1", ":", "a:b:c"])


@given(native=IDS)
def test_an_account_names_orders_of_its_own_namespaces_alone(account, native):
    """Whatever a sender writes as an order's id, the order lies in a namespace of its account."""
    owner = account("midtrans", seller="toko-a", orders="toko-a,shopee")
    namespace, _, rest = order_name(owner, native).partition(":")
    assert namespace in ("toko-a", "shopee")
    assert rest or native.endswith(":")


@given(first=IDS, second=IDS)
def test_two_ids_are_two_orders(account, first, second):
    """Different references of one account never meet in one order, unless one is the other's full name."""
    owner = account("midtrans", orders="toko-a")
    if order_name(owner, first) == order_name(owner, second):
        assert second in (first, f"toko-a:{first}") or first == f"toko-a:{second}"


def test_what_one_seller_s_account_tells_has_ids_of_its_own(account, deliver):
    """Two sellers who hear of one parcel tell two events: neither can take the id, and so the place, of the other's."""
    delivery = deliver("ninjavan", b"{}")
    ids = {
        Telling(delivery, account("ninjavan", seller=seller)).envelope("package_scanned", ("NV1",), "", 1)["event_id"]
        for seller in ("toko-a", "toko-b", "")
    }
    assert len(ids) == 3


def test_shops_that_number_their_buyers_alike_have_different_buyers(account, deliver):
    """Buyer 7 of one shop is not shown what buyer 7 of another bought."""
    body = b'{"type": "order_placed", "data": {"order_id": "1", "buyer_id": "7"}}'
    buyers = [
        SOURCES["standard_webhooks"].translate(
            deliver("standard_webhooks", body), account("standard_webhooks", orders=n)
        )
        for n in ("toko-a", "toko-b")
    ]
    assert [event.buyer_id for [event] in buyers] == ["toko-a:7", "toko-b:7"]
