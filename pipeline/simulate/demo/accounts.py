"""The accounts of the demo's shops, with secrets of their own."""

import json
import secrets
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

from pipeline.settings import DEMO

SELLERS: dict[str, dict[str, str]] = {
    "toko-melati": {
        "tiktok_shop": "",
        "standard_webhooks": "melati,tiktok_shop",
        "midtrans": "melati",
        "ninjavan": "tiktok_shop,melati",
        "biteship": "",
    },
    "kopi-nusantara": {
        "shopee": "",
        "standard_webhooks": "kopi,shopee",
        "xendit": "kopi",
        "aftership": "shopee,kopi",
        "biteship": "",
    },
    "rumah-elektrik": {
        "tiktok_shop": "",
        "shopee": "",
        "standard_webhooks": "elektrik,tiktok_shop,shopee",
        "ninjavan": "tiktok_shop,shopee,elektrik",
        "easypost": "",
    },
}
"""The demo's sellers: each one's senders, and whose order numbers these name."""


def open_shop(home: Path) -> None:
    """Makes the accounts of the demo, once; the settings read them from the home when no others are named."""
    file = home / DEMO
    if file.exists():
        return
    home.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    lines = ["# Made by `arus demo`: read while no other accounts are set. Delete it to forget them.", ""]
    for seller, senders in SELLERS.items():
        for source, orders in senders.items():
            lines += [
                "[[accounts]]",
                *(f"{name} = {json.dumps(value)}" for name, value in _account(source, seller, orders)),
            ]
            lines.append("")
    file.write_text("\n".join(lines))


def _account(source: str, seller: str, orders: str) -> Iterator[tuple[str, str | list[str]]]:
    yield "source", source
    yield "name", seller
    yield "seller", seller
    key = secrets.token_bytes(32)
    yield "secrets", [f"whsec_{b64encode(key).decode()}" if source == "standard_webhooks" else key.hex()]
    if orders:
        yield "orders", orders
    if source == "tiktok_shop":
        yield "app_key", secrets.token_hex(6)
    if source == "biteship":
        yield "header", "x-biteship-secret"
