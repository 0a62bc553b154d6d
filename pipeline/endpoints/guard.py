"""Where an endpoint may be: on the public internet, by https. Whoever sets one must not reach our own network by it."""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, NamedTuple

import httpx

LONGEST_URL = 1_000
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("2002::/16"))
"""IPv6 addresses that lead to an IPv4 address, which may be anybody's."""


class Forbidden(Exception):
    """No message may go there; the text says why."""


class Place(NamedTuple):
    """Where a request goes: to a checked address, with the name that its certificate and its host header must say."""

    url: httpx.URL
    headers: dict[str, str]
    extensions: dict[str, Any]


def read_url(text: str, *, private: bool) -> httpx.URL:
    """Reads the URL of an endpoint. Raises Forbidden with a sentence."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise Forbidden(f"it is no URL: {error}") from None
    if url.scheme not in (("https", "http") if private else ("https",)):
        raise Forbidden("it must begin with https://")
    host = url.raw_host.decode("ascii")
    if not host or url.userinfo or len(text) > LONGEST_URL:
        raise Forbidden("it must have a host, no user or password, and at most 1000 characters")
    try:
        address = ip_address(host)
    except ValueError:
        return url
    if not private and not is_public(address):
        raise Forbidden("its address is not on the public internet")
    return url


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tells whether an address is one of the public internet."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast


async def place_of(text: str, *, private: bool) -> Place:
    """Looks up where a URL leads, once: the address that was checked is the one that is asked.

    Raises Forbidden when any of its addresses is not public, OSError when there is none.
    """
    url = read_url(text, private=private)
    if private:
        return Place(url, {}, {})
    name = url.raw_host.decode("ascii")  # not `host`, which says some names in letters that no certificate has
    found = await asyncio.get_running_loop().getaddrinfo(name, url.port or 443, type=socket.SOCK_STREAM)
    addresses = [ip_address(str(where[0]).partition("%")[0]) for *_, where in found]
    if not all(map(is_public, addresses)):
        raise Forbidden("its address is not on the public internet")
    host = url.netloc.decode("ascii")
    return Place(url.copy_with(host=str(addresses[0])), {"host": host}, {"sni_hostname": name})
