"""Ninja Van, Biteship, EasyPost and AfterShip: what carriers say of a parcel. They know numbers, not orders."""

from collections.abc import Iterator

from pipeline.simulate.lives import Step
from pipeline.simulate.purchases import Parcel
from pipeline.simulate.senders.voice import Body, Voice, local
from schemas.ids import digest
from schemas.times import DAY, rfc3339

NINJAVAN_EVENTS = {
    "label_created": "Pending Pickup",
    "delayed": "Pickup Exception, Pending Reschedule",
    "picked_up": "Picked Up, In Transit to Origin Hub",
    "at_hub": "Arrived at Destination Hub",
    "in_transit": "In Transit to Next Sorting Hub",
    "out_for_delivery": "On Vehicle for Delivery",
    "delivery_failed": "Delivery Exception, Pending Reschedule",
    "delivered": "Delivered, Received by Customer",
    "lost": "Delivery Exception, Parcel Lost",
    "return_started": "Delivery Exception, Return to Sender Initiated",
    "returned": "Returned to Sender",
}

NINJAVAN_BLOCKS = {
    "picked_up": "picked_up_information",
    "in_transit": "in_transit_to_next_sorting_hub_information",
    "out_for_delivery": "on_vehicle_information",
    "delivered": "delivery_information",
    "delivery_failed": "delivery_exception",
    "lost": "delivery_exception",
    "return_started": "delivery_exception",
}

BITESHIP_WORDS = {
    "shipping_arranged": "confirmed",
    "label_created": "allocated",
    "delayed": "on_hold",
    "picked_up": "picked",
    "out_for_delivery": "dropping_off",
    "delivery_failed": "rejected",
    "delivered": "delivered",
    "lost": "disposed",
    "return_started": "return_in_transit",
    "returned": "returned",
}

EASYPOST_WORDS = {
    "label_created": ("pre_transit", "label_created"),
    "picked_up": ("in_transit", "status_update"),
    "at_hub": ("in_transit", "arrived_at_facility"),
    "in_transit": ("in_transit", "departed_facility"),
    "out_for_delivery": ("out_for_delivery", "out_for_delivery"),
    "delivery_failed": ("failure", "unknown"),
    "delivered": ("delivered", "arrived_at_destination"),
    "lost": ("failure", "lost"),
    "return_started": ("return_to_sender", "return"),
    "returned": ("return_to_sender", "return"),
}

AFTERSHIP_TAGS = {
    "label_created": ("InfoReceived", "InfoReceived_001"),
    "delayed": ("Exception", "Exception_001"),
    "picked_up": ("InTransit", "InTransit_002"),
    "at_hub": ("InTransit", "InTransit_003"),
    "in_transit": ("InTransit", "InTransit_007"),
    "out_for_delivery": ("OutForDelivery", "OutForDelivery_001"),
    "delivery_failed": ("AttemptFail", "AttemptFail_001"),
    "delivered": ("Delivered", "Delivered_001"),
    "lost": ("Exception", "Exception_013"),
    "return_started": ("Exception", "Exception_010"),
    "returned": ("Exception", "Exception_011"),
}


class Carrier(Voice):
    """Hears only of the parcels that it is to tell of."""

    def tell(self, step: Step) -> Iterator[Body]:
        """Tells a scan of one of its parcels."""
        if step.parcel and step.parcel.teller == self.source:
            yield from self.scan(step, step.parcel)

    def scan(self, step: Step, parcel: Parcel) -> Iterator[Body]:
        """Gives the bodies of one scan."""
        raise NotImplementedError


class NinjaVan(Carrier):
    """V2 webhooks: an event's name and a block of its own."""

    source = "ninjavan"

    def scan(self, step: Step, parcel: Parcel) -> Iterator[Body]:
        """Tells the event, with the place where it has one."""
        event = self._event(step)
        if not event:
            return
        state = event.partition(", ")[2]
        place = {"country": "ID", "city": step.told.get("where", ""), "hub": step.told.get("hub", "")}
        exception = {"state": state, "failure_reason": step.told.get("reason", ""), "is_liable": step.what == "lost"}
        body: Body = {
            "tracking_id": parcel.number,
            "shipper_order_ref_no": self.reference,
            "timestamp": local(step.at, "%Y-%m-%dT%H:%M:%S%z"),
            "event": event,
            "status": event.partition(",")[0],
            "is_parcel_on_rts_leg": step.told.get("returning", False) or step.what in {"return_started", "returned"},
        }
        if block := NINJAVAN_BLOCKS.get(step.what) or ("arrived_at_hub" if step.what == "at_hub" else ""):
            name = f"{event.lower().replace(' ', '_')}_information" if block == "arrived_at_hub" else block
            body[name] = exception if block == "delivery_exception" else place
        yield body

    def _event(self, step: Step) -> str:
        if step.what == "at_hub" and step.told.get("origin"):
            return "Arrived at Origin Hub"
        if step.what == "delivery_failed" and step.told.get("last"):
            return "Delivery Exception, Max Attempts Reached"
        return NINJAVAN_EVENTS.get(step.what, "")


class Biteship(Carrier):
    """Order webhooks of an aggregator: a word and the courier, and no time at all."""

    source = "biteship"

    def scan(self, step: Step, parcel: Parcel) -> Iterator[Body]:
        """Tells the waybill once, then each word."""
        told = {
            "order_id": digest("biteship", parcel.number)[:20],
            "courier_tracking_id": digest("tracking", parcel.number)[:16],
            "courier_waybill_id": parcel.number,
            "courier_company": parcel.carrier,
            "courier_type": "reg",
        }
        if step.what == "label_created":
            yield {"event": "order.waybill_id", **told, "status": "allocated"}
        if word := BITESHIP_WORDS.get(step.what):
            fee = self.purchase.shipping_fee
            yield {"event": "order.status", **told, "status": word, "order_price": fee}


class EasyPost(Carrier):
    """Tracker events: each push carries the parcel's whole history."""

    source = "easypost"

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self._history: dict[str, list[Body]] = {}

    def scan(self, step: Step, parcel: Parcel) -> Iterator[Body]:
        """Adds to the history and tells all of it."""
        if step.what not in EASYPOST_WORDS:
            return
        status, detail = EASYPOST_WORDS[step.what]
        place = {"object": "TrackingLocation", "city": step.told.get("where"), "country": "ID", "zip": None}
        history = self._history.setdefault(parcel.number, [])
        history.append(
            {
                "object": "TrackingDetail",
                "message": step.told.get("reason") or step.what.replace("_", " ").capitalize(),
                "status": status,
                "status_detail": detail,
                "datetime": rfc3339(step.at),
                "source": parcel.carrier,
                "tracking_location": place,
            }
        )
        yield self._event(step, parcel, history)

    def _event(self, step: Step, parcel: Parcel, history: list[Body]) -> Body:
        tracker = digest("trk", parcel.number)
        return {
            "object": "Event",
            "id": f"evt_{digest(tracker, str(len(history)))}",
            "description": "tracker.updated" if len(history) > 1 else "tracker.created",
            "mode": "production",
            "created_at": rfc3339(step.at),
            "status": "pending",
            "result": {
                "id": f"trk_{tracker}",
                "object": "Tracker",
                "tracking_code": parcel.number,
                "carrier": parcel.carrier,
                "status": history[-1]["status"],
                "status_detail": history[-1]["status_detail"],
                "est_delivery_date": rfc3339(step.at + DAY),
                "tracking_details": list(history),
            },
        }


class AfterShip(Carrier):
    """Tracking updates of an aggregator: a tag, a sub-tag, and the latest checkpoint."""

    source = "aftership"

    def scan(self, step: Step, parcel: Parcel) -> Iterator[Body]:
        """Tells the tag and the checkpoint."""
        if step.what not in AFTERSHIP_TAGS:
            return
        tag, subtag = AFTERSHIP_TAGS[step.what]
        checkpoint = {
            "checkpoint_time": local(step.at, "%Y-%m-%dT%H:%M:%S+07:00"),
            "message": step.told.get("reason") or step.what.replace("_", " ").capitalize(),
            "slug": parcel.carrier,
            "tag": tag,
            "subtag": subtag,
            "city": step.told.get("where", ""),
            "country_region": "IDN",
        }
        yield {
            "event": "tracking_update",
            "event_id": digest("aftership", parcel.number, step.what, str(step.at)),
            "is_tracking_first_tag": True,
            "msg": {
                "id": digest(parcel.number),
                "tracking_number": parcel.number,
                "slug": parcel.carrier,
                "tag": tag,
                "subtag": subtag,
                "order_number": self.reference,
                "checkpoints": [checkpoint],
            },
            "ts": step.at // 1_000,
        }
