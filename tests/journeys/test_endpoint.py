"""A seller's own endpoint on the way through everything: from a webhook in to a signed webhook out."""

import pytest

from tests.journeys.system import until
from tests.journeys.test_asking import place
from tests.pipeline.endpoints.receiver import Receiver

pytestmark = pytest.mark.xdist_group("journeys")


def test_what_the_inbox_is_told_arrives_signed_whoever_is_killed(arus, account):
    """A test message first, then each notice of an order; a kill -9 of the process that sends loses none."""
    with Receiver() as receiver, arus.api(arus.token("--seller", "kios")) as http:
        receiver.secret = http.put("/v1/endpoint", json={"url": receiver.url}).json()["secret"]
        assert http.post("/v1/endpoint/test").json() == {"sent": 1}
        until(lambda: receiver.kinds() == ["test"])

        receiver.gate.clear()
        place(arus, account, "hook-1")
        until(lambda: len(receiver.attempts) == 2)
        killed = arus.processes()["notify"]
        killed.kill()
        receiver.gate.set()
        until(lambda: (found := arus.processes().get("notify")) and found.pid != killed.pid)
        until(lambda: "order_created" in receiver.kinds())

        told = next(told for told in receiver.messages.values() if told["type"] == "notice.order_created")
        assert told["data"]["order_id"] == "kios:hook-1"
        [sent] = until(lambda: [sent for sent in sendings(http) if sent["state"] == "delivered"])
        assert (sent["answer"], sent["sending_id"] in receiver.messages) == ("204", True)
        assert not receiver.refused
        assert http.put("/v1/endpoint", json={"url": ""}).json()["state"] == "none"


def sendings(http) -> list[dict]:
    """Gives the messages of the order as the API tells them."""
    found = http.get("/v1/endpoint/sendings").json()["sendings"]
    return [sent for sent in found if sent["order_id"] == "kios:hook-1"]
