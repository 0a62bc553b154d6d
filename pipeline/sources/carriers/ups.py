"""UPS Track Alert: code of the activity, else its plain description, else its type → milestone.

Fields and codes of UPS-API/api-documentation, UPSTrackAlert.yaml @1265e981 and UPSTrackAlertEnhanced.yaml. Type D is no
proof of delivery: it is also said of a parcel that was only loaded. Version 1 sends the credential that was given with
the subscription; version 2 a bearer token, which here is the same fixed secret. Time is Greenwich's.
"""

from datetime import UTC, datetime

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.proofs import Either
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Retries, Source
from pipeline.sources.telling import Parcel, Telling
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.times import from_datetime

CODES = {
    "MP": "label_created",
    "OR": "picked_up",  # scanned where it began
    "AR": "at_hub",
    "DP": "in_transit",
    "YP": "at_hub",  # being prepared for delivery, loaded
    "OT": "out_for_delivery",
    "FS": "delivered",
}

DESCRIPTIONS = {
    "003": "label_created",
    "005": "in_transit",
    "071": "at_hub",
    "021": "out_for_delivery",
    "011": "delivered",
}

TYPES = {
    "M": "label_created",
    "MV": "label_created",
    "I": "in_transit",
    "U": "in_transit",
    "X": "delayed",
}
"""What a type says of a code that is in neither table. D is not here."""


LENGTH = len("20240423135004")


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the one scan of an activity."""
    body = read(delivery.body)
    status, telling = body.inside("activityStatus"), Telling(delivery, account)
    code = status.id("code", "type")
    at = _instant(body)
    scan = telling.scanned(
        Parcel("ups", body.id("trackingNumber")),
        at,
        _milestone(status),
        stamp=body.words("gmtActivityDate") + body.words("gmtActivityTime"),
        code=code,
        words=status.words("description"),
        location=body.inside("activityLocation").place("city", "stateProvince", "country"),
    )
    return [scan]


def _milestone(status: Reading) -> str:
    plain = status.words("descriptionCode").zfill(3)
    return (
        CODES.get(status.words("code")) or DESCRIPTIONS.get(plain) or TYPES.get(status.words("type").strip(), "unknown")
    )


def _instant(body: Reading) -> int:
    """Reads `20240423` and `135004`."""
    told = body.id("gmtActivityDate") + body.id("gmtActivityTime").zfill(6)
    try:
        if len(told) == LENGTH:  # strptime would read fewer digits as another time
            at = from_datetime(datetime.strptime(told, "%Y%m%d%H%M%S").replace(tzinfo=UTC))
            if at >= 0:
                return at
    except (ValueError, OverflowError):
        pass
    raise body.wrong("gmtActivityDate", "and gmtActivityTime are no time such as 20240423 and 135004")


SOURCE = Source(
    id="ups",
    title="UPS",
    tells="scans of parcels",
    docs="https://developer.ups.com/tag/UPS-Track-Alert",
    setup="Subscribe with as many as 100 numbers; a subscription ends after 14 days and must be made again. The secret "
    "is the credential given with it (version 1), or the bearer token of your own token address (version 2), "
    "which Arus does not have: such a token must be a fixed one.",
    scheme=Either(signatures.Token("credential"), signatures.Token("authorization", "Bearer ")),
    translate=translate,
    orders_by="nobody",
    sample='{"trackingNumber":"TRIAL$order","gmtActivityDate":"$date","gmtActivityTime":"$time",'
    '"activityStatus":{"type":"I","code":"OT","description":"Out for Delivery"}}',
    unconfirmed="retries; a subscription ends after 14 days and tells nothing of the time before it",
    retries=Retries(
        deadline=None, success="200", note="events that find no answer are lost, as its documentation says"
    ),
    tables={"code": CODES, "descriptionCode": DESCRIPTIONS, "type": TYPES},
)
