"""The life of an order: what happens to a purchase, when. Pure: the dice decide everything."""

from collections.abc import Iterator, Mapping
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

from pipeline.simulate.purchases import Parcel, Purchase
from schemas.times import DAY, HOUR, MINUTE, SECOND


class Step(NamedTuple):
    """Something that happens, named as in DOMAIN; a carrier's scans are named by their milestone."""

    at: int
    what: str
    parcel: Parcel | None = None
    told: Mapping[str, Any] = MappingProxyType({})


class Life:
    """Tells the chapters of a life; a story is a sequence of chapters. `pace` 60 makes a minute last a second."""

    def __init__(self, dice: Random, purchase: Purchase, pace: float) -> None:
        self.dice, self.purchase, self.pace = dice, purchase, pace
        self.at = purchase.placed_at

    def step(self, what: str, low: float, high: float, **told: Any) -> Step:  # noqa: ANN401
        """Lets some time pass (milliseconds, from `low` to `high`), and something happens to the order."""
        self.at += max(SECOND, round(self.dice.uniform(low, high) / self.pace))
        return Step(self.at, what, None, told)

    def scan(self, what: str, low: float, high: float, parcel: Parcel, **told: Any) -> Step:  # noqa: ANN401
        """Lets some time pass, and something happens to a parcel."""
        return self.step(what, low, high, **told)._replace(parcel=parcel)

    def checkout(self) -> Iterator[Step]:
        """Placed, and paid if it is not to be paid at the door."""
        yield Step(self.at, "order_placed")
        if not self.purchase.cod:
            yield self.step("payment_requested", SECOND, MINUTE)
            yield self.step("payment_paid", MINUTE, 40 * MINUTE)

    def forgotten(self) -> Iterator[Step]:
        """Placed and never paid: cancelled by the system."""
        yield Step(self.at, "order_placed")
        yield self.step("payment_requested", SECOND, MINUTE)
        yield self.step("payment_expired", 24 * HOUR, 24 * HOUR)
        yield self.step("order_cancelled", MINUTE, 5 * MINUTE, by="system", reason="not paid in time")

    def hold(self) -> Iterator[Step]:
        """Held for a look at a risk, then let go."""
        yield self.step("order_held", MINUTE, 5 * MINUTE, reason="risk review")
        yield self.step("order_released", HOUR, 6 * HOUR)

    def pack(self) -> Iterator[Step]:
        """Confirmed by the seller, and shipping arranged for every parcel."""
        yield self.step("order_confirmed", 5 * MINUTE, 9 * HOUR)
        yield from self.arranged()

    def arranged(self) -> Iterator[Step]:
        """Shipping arranged for every parcel."""
        for parcel in self.purchase.parcels:
            yield self.scan("shipping_arranged", 10 * MINUTE, 6 * HOUR, parcel)

    def journey(self, parcel: Parcel, *, until: str = "delivered") -> Iterator[Step]:
        """A parcel's way to the buyer, as far as `until`."""
        way = self.purchase.city.days * DAY
        home = self.purchase.city.name
        for step in (
            self.scan("label_created", MINUTE, HOUR, parcel),
            self.scan("picked_up", 2 * HOUR, 30 * HOUR, parcel, where="Jakarta Barat"),
            self.scan("at_hub", HOUR, 6 * HOUR, parcel, where="Jakarta Barat", hub="JKT-CGK", origin=True),
            self.scan("in_transit", HOUR, 8 * HOUR, parcel, where="Jakarta Barat"),
            self.scan("at_hub", way * 0.4, way, parcel, where=home, hub=self.purchase.city.hub),
            self.scan("out_for_delivery", 2 * HOUR, 10 * HOUR, parcel, where=home),
            self.scan("delivered", HOUR, 7 * HOUR, parcel, where=home),
        ):
            yield step
            if step.what == until:
                self.at = step.at
                return

    def attempts(self, parcel: Parcel, failures: int) -> Iterator[Step]:
        """Nobody at home, so many times; each but the last is tried again."""
        home = self.purchase.city.name
        for n in range(failures):
            if n:
                yield self.scan("out_for_delivery", 12 * HOUR, 24 * HOUR, parcel, where=home)
            reason = self.dice.choice(("recipient not at home", "address not found", "asked for another day"))
            yield self.scan(
                "delivery_failed", HOUR, 6 * HOUR, parcel, where=home, reason=reason, last=n == failures - 1
            )

    def retry(self, parcel: Parcel) -> Iterator[Step]:
        """Tried again, and this time somebody is at home."""
        home = self.purchase.city.name
        yield self.scan("out_for_delivery", 12 * HOUR, 24 * HOUR, parcel, where=home)
        yield self.scan("delivered", HOUR, 6 * HOUR, parcel, where=home)

    def back(self, parcel: Parcel) -> Iterator[Step]:
        """A parcel's way back to the seller."""
        way = self.purchase.city.days * DAY
        yield self.scan("return_started", 4 * HOUR, DAY, parcel, where=self.purchase.city.name)
        yield self.scan("in_transit", 4 * HOUR, DAY, parcel, where=self.purchase.city.name, returning=True)
        yield self.scan("returned", way * 0.5, way, parcel, where="Jakarta Barat")

    def all_delivered(self) -> Iterator[Step]:
        """Every parcel arrives; those of one order travel side by side."""
        start, arrivals = self.at, []
        steps: list[Step] = []
        for parcel in self.purchase.parcels:
            self.at = start
            steps += self.journey(parcel)
            arrivals.append(self.at)
        self.at = max(arrivals)
        yield from sorted(steps, key=lambda step: step.at)

    def received(self) -> Iterator[Step]:
        """Confirmed by the buyer, or completed by itself; perhaps rated."""
        if self.purchase.cod:
            yield self.step("payment_paid", MINUTE, HOUR, method="COD")
        if self.dice.random() < 0.65:  # noqa: PLR2004  # most buyers tap the button
            yield self.step("receipt_confirmed", HOUR, 3 * DAY)
            yield self.step("order_completed", MINUTE, HOUR)
        else:
            yield self.step("order_completed", 7 * DAY, 7 * DAY)
        if self.dice.random() < 0.45:  # noqa: PLR2004  # and fewer leave a word
            stars = self.dice.choices((5, 4, 3, 2, 1), weights=(70, 17, 5, 3, 5))[0]
            yield self.step("review_left", MINUTE, 2 * DAY, stars=stars)

    def refund(self, case_id: str = "") -> Iterator[Step]:
        """The money goes back, if any came."""
        if self.purchase.cod and not case_id:
            return
        told = {"refund_id": f"RF{self.purchase.native}", "case_id": case_id}
        yield self.step("refund_requested", MINUTE, HOUR, **told)
        yield self.step("refund_approved", HOUR, DAY, **told)
        yield self.step("refund_settled", 2 * DAY, 6 * DAY, **told)
