"""CARRIERS: what carriers are called and where their own tracking pages are.

A page links to nothing that is not in this table: a tracking number comes from outside and must not lead anywhere else.
"""

from typing import NamedTuple
from urllib.parse import quote, urlsplit

from pipeline.sources import SOURCES


class Carrier(NamedTuple):
    """A carrier's name and the address of its tracking page; `{number}` where the page takes the number, else none."""

    name: str
    page: str = ""


CARRIERS: dict[str, Carrier] = {
    "jnt": Carrier("J&T Express", "https://jet.co.id/track"),
    "jne": Carrier("JNE", "https://www.jne.co.id/tracking-package"),
    "sicepat": Carrier("SiCepat", "https://www.sicepat.com/checkAwb"),
    "anteraja": Carrier("AnterAja", "https://anteraja.id/tracking"),
    "ninjavan": Carrier("Ninja Van", "https://www.ninjavan.co/id-id/tracking?id={number}"),
    "posindonesia": Carrier("Pos Indonesia", "https://www.posindonesia.co.id/id/tracking"),
    "spx": Carrier("SPX Express", "https://spx.co.id/track?{number}"),
    "lionparcel": Carrier("Lion Parcel", "https://lionparcel.com/track/stt?q={number}"),
    "idexpress": Carrier("ID Express", "https://idexpress.com/lacak-paket"),
    "sap": Carrier("SAP Express"),
    "gosend": Carrier("GoSend"),
    "grab": Carrier("GrabExpress"),
    "usps": Carrier("USPS", "https://tools.usps.com/go/TrackConfirmAction?tLabels={number}"),
    "ups": Carrier("UPS", "https://www.ups.com/track?tracknum={number}"),
    "fedex": Carrier("FedEx", "https://www.fedex.com/fedextrack/?trknbr={number}"),
    "dhl": Carrier("DHL", "https://www.dhl.com/global-en/home/tracking.html?tracking-id={number}"),
}

HOSTS = frozenset(urlsplit(carrier.page).hostname for carrier in CARRIERS.values() if carrier.page)
"""Every host that a page may link to besides our own."""


def carrier_name(carrier: str) -> str:
    """Gives the name that people know a carrier by; an unknown one keeps its id."""
    known = CARRIERS.get(carrier)
    return known.name if known else carrier.replace("_", " ").strip().title()


OURS = {"arus": "Arus", "automation": "Arus (automation)"}
"""Senders of events that nobody sent: what was asked for here, and what went by itself."""


def sender_name(source: str) -> str:
    """Gives the name that people know a sender by; an unknown one keeps its id."""
    return SOURCES[source].title if source in SOURCES else OURS.get(source, source.replace("_", " "))


def tracking_page(carrier: str, number: str) -> str:
    """Gives the address of the carrier's page for this number; empty when we know none."""
    known = CARRIERS.get(carrier)
    if known is None or not known.page or not number:
        return ""
    return known.page.replace("{number}", quote(number, safe=""))
