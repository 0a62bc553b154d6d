"""A correction: the state of an order, folded anew from its webhooks, to take the place of one that is wrong."""

from msgspec import Struct

from schemas.facts import Order
from schemas.ids import digest


class Correction(Struct, gc=False):
    """The value of topic `order.corrections`.

    was: `stamp` of the state that it replaces. Whatever else stands there by then is newer and stays. why: see REASONS
    of `arus rebuild --states`.
    """

    correction_id: str
    order_id: str
    was: str
    order: Order
    why: str
    corrected_at: int


def stamp(state: bytes) -> str:
    """Names a state by its bytes as codec.encode writes them; empty where there is none."""
    return digest(state) if state else ""
