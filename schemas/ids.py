"""Ids: strings, deterministic, the same for every re-delivery of the same thing."""

import re
from binascii import b2a_base64
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import quote

CARRIERS = {
    "jnt": ("jt", "jntexpress", "jtexpress", "jetexpress", "jntid"),
    "jne": ("jneexpress", "jneid"),
    "sicepat": ("sicepatexpress", "sicepatekspres"),
    "anteraja": (),
    "ninjavan": ("ninja", "ninjaxpress", "ninjaexpress", "ninjavanid"),
    "posindonesia": ("pos", "posid"),
    "spx": ("shopeexpress", "shopeeexpress", "spxexpress", "spxid"),
    "lionparcel": ("lion",),
    "idexpress": ("ide", "idx"),
    "sap": ("sapexpress",),
    "gosend": ("gojek",),
    "grab": ("grabexpress",),
    "dhl": ("dhlexpress", "dhlecommerce", "dhlglobalmail"),
    "fedex": ("fedexexpress", "fedexground"),
    "ups": (),
}
"""Carriers that senders spell in several ways: our name and the others' (letters and digits only)."""

_CANONICAL = {alias: name for name, aliases in CARRIERS.items() for alias in aliases}


def digest(*parts: str | bytes) -> str:
    """Gives a short stable id (22 characters) of the parts; the same parts always give the same id."""
    told = b""
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        told += len(raw).to_bytes(4, "big") + raw
    hashed = blake2b(told, digest_size=16).digest()
    return b2a_base64(hashed, newline=False)[:22].translate(_URLSAFE).decode()


_URLSAFE = bytes.maketrans(b"+/", b"-_")


def order_id(namespace: str, native: str) -> str:
    """Names an order: `tiktok_shop:576461413038785752`. A native id that already carries a namespace stays as it is."""
    return native if ":" in native else f"{namespace}:{native}"


def carrier_id(name: str) -> str:
    """Gives our name of a carrier however a sender spells it: `J&T Express` → `jnt`."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower().replace("&", "n"))
    return _CANONICAL.get(plain, plain) or "unknown"


def tracking_key(carrier: str, number: str) -> str:
    """Names a tracking number: `ninjavan/NVID123`. The key of topic `scans` and of a package."""
    return f"{carrier}/{number.strip().upper()}"


@lru_cache(maxsize=4096)
def _quoted(seller_id: str) -> str:
    return quote(seller_id, safe=":")


def article_key(seller_id: str, sku: str) -> str:
    """Names a seller's article: `tiktok_shop:7495/KOP-250`. No two sellers' articles share one: theirs have no `/`."""
    return f"{_quoted(seller_id)}/{sku}"
