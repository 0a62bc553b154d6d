"""A short fuzz of every sender, the same bodies each day; the long one is `python -m tests.fuzz --bodies 10000`."""

import dataclasses

import pytest

from pipeline import sources
from pipeline.sources import SOURCES
from pipeline.streams.agent import agent
from tests.fuzz.__main__ import fuzz
from tests.fuzz.bodies import Bodies, samples
from tests.fuzz.shapes import paths
from tests.fuzz.trial import Trial

KNOWN = samples()


@pytest.mark.parametrize("source", SOURCES)
async def test_whatever_a_sender_s_body_holds_nothing_breaks_and_nothing_is_lost(source):
    """No 5xx; what is rightly signed is 2xx and kept as it came; intake understands it, or says what is wrong."""
    came, faults = await fuzz(source, 80, "every day", KNOWN)
    assert faults == []
    assert came["200"] + came["202"] > 0
    assert came["401"] + came["400"] > 0
    assert came["events"] > 0


def test_the_same_seed_makes_the_same_bodies():
    """So that a fault can be told again; another sender or seed makes others."""
    made = [list(Bodies("shopee", seed, KNOWN).make(50)) for seed in ("7", "7", "8")]
    assert made[0] == made[1] != made[2]


def test_what_a_sender_is_known_to_send_comes_first():
    """Each sample goes in as it is before any is bent."""
    assert all(list(paths(value)) for values in KNOWN.values() for value in values)
    first = list(Bodies("ninjavan", "7", KNOWN).make(3))
    assert b"tracking_id" in first[0]


async def test_a_mistake_in_a_translation_is_found(monkeypatch):
    """Anything but events and a dead letter is a fault."""

    def broken(delivery, account):
        raise ZeroDivisionError(delivery.source, account.name)

    monkeypatch.setitem(sources.SOURCES, "ninjavan", dataclasses.replace(SOURCES["ninjavan"], translate=broken))
    done = await Trial("ninjavan").post(b"{}", {}, "right")
    assert (done.status, done.fault[:17]) == (200, "ZeroDivisionError")


async def test_an_event_that_a_later_step_cannot_take_is_found(monkeypatch):
    """What intake tells must be taken by those who read it."""

    def refuse(batch):
        """Takes nothing."""
        for record in batch:
            batch.bury(record, "refused", "by a test")
        yield from ()

    monkeypatch.setattr("tests.fuzz.trial.NEXT", (agent("scans")(refuse),))
    sample = next(Bodies("ninjavan", "7", KNOWN).make(1))
    done = await Trial("ninjavan").post(sample, {}, "right")
    assert done.fault == "a later step buries it: refused: by a test"


async def test_a_record_that_is_lost_or_changed_is_found(monkeypatch):
    """2xx for what nobody kept, or kept otherwise, is a fault; so is a 5xx."""
    trial = Trial("ninjavan")

    async def loses(delivery):
        del delivery

    async def breaks(delivery):
        raise ZeroDivisionError(delivery)

    recorder = trial._gateway.producer
    keep = recorder.keep
    for way, fault in (
        (loses, "answered 200, and 0 records were written"),
        (breaks, "answered 500"),
        (lambda delivery: keep(changed(delivery)), "the record is not the body as it came"),
    ):
        monkeypatch.setattr(recorder, "keep", way)
        assert (await trial.post(b"{}", {}, "right")).fault == fault


def changed(delivery):
    """Gives the delivery with another body."""
    delivery.body += b" "
    return delivery
