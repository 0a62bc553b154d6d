"""The tables of what senders' words mean: complete, and in words of ours."""

from typing import get_args

from pipeline.sources import SOURCES
from pipeline.sources.aggregators import biteship, easypost, shippo, shiprocket, shipstation
from pipeline.sources.carriers import dhl, fedex, jnt, ninjavan, ups
from pipeline.sources.marketplaces import lazada, shopee, shopify, tiktok_shop
from pipeline.sources.payments import midtrans, xendit
from pipeline.sources.trackers import aftership, track17, trackingmore
from pipeline.topics import TOPICS
from schemas.registry import EVENTS
from schemas.shipments import Milestone
from schemas.statuses import BY_NAME


def test_every_word_means_something_of_ours(source):
    """Each table gives milestones, statuses or types of events that exist."""
    ours = {*get_args(Milestone), *BY_NAME, *EVENTS, *TOPICS}
    for name, table in source.tables.items():
        assert set(table.values()) <= ours, name


def test_ninja_van_s_51_events_are_known():
    """All events of its document have a milestone; the statuses that stand alone have one too."""
    assert len(ninjavan.EVENTS) == 51
    statuses = {event.partition(",")[0] for event in ninjavan.EVENTS}
    assert len(statuses) == 17
    assert {status for status in statuses if ninjavan.milestone("", status) == "unknown"} == set()


def test_ninja_van_s_terminal_events_end_a_parcel():
    """Of the eight events after which nothing follows, each is a milestone after which nothing follows."""
    terminal = [
        "Pickup Exception, Max Attempts Reached",
        "Delivered, Collected by Customer",
        "Delivered, Left at Doorstep",
        "Delivered, Received by Customer",
        "Returned to Sender",
        "Cancelled",
        "International Transit, Returned to Sender at Origin Facility",
        "International Transit, Returned to XB Warehouse",
    ]
    assert {ninjavan.EVENTS[event] for event in terminal} == {"cancelled", "delivered", "returned"}


def test_tiktok_s_ten_order_statuses_are_known():
    """The eight of the webhook page and the nine of the order API: ten in all, CANCEL and CANCELLED among them."""
    assert len(tiktok_shop.STATUSES) == 10
    assert tiktok_shop.STATUSES["CANCEL"] == tiktok_shop.STATUSES["CANCELLED"] == "cancelled"


def test_tiktok_s_returns_are_known_however_they_are_spelled():
    """The fourteen words, with the two spellings that its pages mix."""
    assert {tiktok_shop.RETURNS[word] for word in tiktok_shop.RETURNS if "REJECT" in word} == {"return_rejected"}
    assert {tiktok_shop.RETURNS[word] for word in tiktok_shop.RETURNS if "CANCEL" in word} == {"return_withdrawn"}
    assert set(tiktok_shop.OUTCOMES) == {w for w, kind in tiktok_shop.RETURNS.items() if kind == "return_closed"}


def test_shopee_s_words_are_known():
    """All order statuses, package statuses and return statuses of its data definition."""
    orders = "UNPAID READY_TO_SHIP PROCESSED RETRY_SHIP SHIPPED TO_CONFIRM_RECEIVE CANCELLED TO_RETURN COMPLETED"
    assert set(orders.split()) <= set(shopee.STATUSES)
    assert len(shopee.PACKAGES) + len(shopee.SILENT) == 11
    assert len(shopee.RETURNS) == 7


def test_biteship_s_14_statuses_are_ranked_as_they_follow():
    """A parcel that goes through its statuses within one second goes forward."""
    assert len(biteship.STATUSES) == 14
    way = ("confirmed", "allocated", "picking_up", "picked", "dropping_off", "delivered")
    assert [biteship.RANKS[status] for status in way] == sorted(biteship.RANKS[status] for status in way)


def test_aftership_s_nine_tags_are_known():
    """Each tag has a milestone, and each sub-tag in the table is one of a tag."""
    assert len(aftership.TAGS) == 9
    assert {subtag.partition("_")[0] for subtag in aftership.SUBTAGS} <= set(aftership.TAGS)


def test_easypost_s_eight_statuses_are_known():
    """The eight statuses of its guide, of which `unknown` is one."""
    eight = "unknown pre_transit in_transit out_for_delivery delivered available_for_pickup return_to_sender failure"
    assert set(eight.split()) <= set(easypost.STATUSES)


def test_shippo_s_six_statuses_and_26_substatuses_are_known():
    """Each sub-status stands under a status of its own."""
    assert (len(shippo.STATUSES), len(shippo.SUBSTATUSES)) == (6, 26)
    assert {word.partition("/")[0] for word in shippo.SUBSTATUSES} <= set(shippo.STATUSES)


def test_17track_s_nine_statuses_and_30_sub_statuses_are_known():
    """Each sub-status begins with its status."""
    assert (len(track17.STATUSES), len(track17.SUBSTATUSES)) == (9, 30)
    assert {word.partition("_")[0] for word in track17.SUBSTATUSES} == set(track17.STATUSES)


def test_trackingmore_s_nine_statuses_are_known():
    """Each sub-status in the table is one of a status."""
    assert len(trackingmore.STATUSES) == 9
    assert {word.rstrip("0123456789") for word in trackingmore.SUBSTATUSES} <= set(trackingmore.STATUSES)


def test_j_t_s_23_codes_are_known_or_disputed():
    """No code is both: one whose meaning is disputed is in no table."""
    assert len({*jnt.CODES, *jnt.DISPUTED}) == 23
    assert not set(jnt.CODES) & set(jnt.DISPUTED)


def test_fedex_s_43_events_are_known():
    """Those that public code lists, and the ones beside them that its samples show."""
    movement = "OC OX EP MD PU PX OF AP DL IT IX AA AC AF AR AX DP EA EO FD LO OW PF PL PM SF TR AD ED OD"
    trouble = "CD SE HA DE CA RD HL HP DY DD PY RS RT"
    listed = [*movement.split(), *trouble.split()]
    assert len(listed) == 43
    assert set(listed) <= set(fedex.EVENTS)


def test_shipstation_s_eight_statuses_are_known():
    """Accepted, in transit, delivered, exception, attempt, not yet there, at a collection location, and unknown."""
    assert set(shipstation.STATUSES) == {"UN", "AC", "IT", "DE", "EX", "AT", "NY", "SP"}
    assert len(shipstation.DETAILS) >= 76


def test_the_few_words_of_dhl_ups_and_shiprocket_are_known():
    """Five codes, six types of which one proves nothing, and nine statuses."""
    assert set(dhl.STATUSES) == {"pre-transit", "transit", "delivered", "failure", "unknown"}
    assert set(ups.TYPES) == {"M", "MV", "I", "U", "X"}
    nine = (
        "MANIFEST GENERATED,PICKED UP,SHIPPED,IN TRANSIT,OUT FOR DELIVERY,DELIVERED,UNDELIVERED,RTO INITIATED,"
        "RTO DELIVERED"
    )
    assert set(nine.split(",")) <= set(shiprocket.STATUSES)


def test_midtrans_ten_statuses_are_known():
    """The ten transaction statuses, and what each fraud status makes of a capture."""
    ten = "capture settlement pending deny cancel expire failure refund partial_refund authorize"
    assert set(ten.split()) <= set(midtrans.STATUSES)
    assert midtrans.CAPTURES["challenge"] == "payment_authorized"


def test_xendit_s_four_invoice_statuses_are_known():
    """Pending, paid, settled and expired; a settled invoice is a paid one whose money has arrived."""
    assert set(xendit.INVOICES) == {"PENDING", "PAID", "SETTLED", "EXPIRED"}


def test_no_sender_gives_up_before_kafka_could_answer():
    """Whose patience is shorter than ours with Kafka, and a second more, tries again: a slow day costs repetitions."""
    from pipeline.gateway.producer import PATIENCE

    for source in SOURCES.values():
        assert (source.retries.deadline or 15) >= PATIENCE + 1 or len(source.retries.after) > 3, source.id


def test_lazada_s_words_are_known():
    """The 48 statuses of a package and the 16 of a reversal; none of its samples has a word that is not there."""
    assert len(lazada.PACKAGES) == 48
    assert len(lazada.REVERSALS) == 16


def test_shopify_s_words_are_known():
    """Each status of a payment, and each of a parcel; the buyer's pick-up is a delivery."""
    paid = "pending authorized partially_paid paid partially_refunded refunded voided expired"
    assert set(paid.split()) == set(shopify.PAYMENTS)
    assert shopify.SHIPMENTS["picked_up"] == "delivered"
