"""What each answer tells, as readable files. `ARUS_GOLDEN=write pytest …` writes them anew; read the diff."""

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline import codec, sources
from pipeline.settings import Account
from schemas.deliveries import ASKED, Delivery

ANSWERS, GOLDEN = Path(__file__).parent / "answers", Path(__file__).parent / "golden"
FILES = sorted(ANSWERS.glob("*/*.json"))
AT = 1_800_000_000_000


def answer(source, what, body):
    return Delivery(source, "main", "asked.1", body, AT, {ASKED: f"{what}/1"}, 3, 7, AT + 5)


def account(source):
    said = {"shop_id": "77", "seller_id": "77", "refresh_token": "r", "shop_cipher": "c", "partner_id": "5"}
    return Account(source=source, name="main", secrets=("s",), app_key="k", api=said)


@pytest.mark.parametrize("file", FILES, ids=[f"{file.parent.name}/{file.stem}" for file in FILES])
def test_an_answer_tells_what_it_always_told(file):
    """The events of each answer are those of its golden file, byte for byte."""
    source = file.parent.name
    events = sources.translate(answer(source, file.stem, file.read_bytes()), account(source))
    told = [json.loads(codec.encode_event(event)) for event in events]
    text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    golden = GOLDEN / source / file.name
    if os.environ.get("ARUS_GOLDEN") == "write":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize(
    ("source", "what", "total"),
    [("tiktok_shop", "orders", 155_500), ("shopee", "order", 155_500), ("lazada", "order", 159_000)],
)
def test_the_money_of_an_order_adds_up(source, what, total):
    """Total = lines - discount + shipping + tax, where the marketplace's fees for the buyer count as tax."""
    body = (ANSWERS / source / f"{what}.json").read_bytes()
    placed = sources.translate(answer(source, what, body), account(source))[0]
    lines = sum(line.quantity * line.unit_price for line in placed.lines)
    assert placed.total == lines - placed.discount + placed.shipping_fee + placed.tax == total


@pytest.mark.parametrize("source", sorted(sources.apis.APIS))
def test_no_answer_of_any_shape_breaks_more_than_itself(source):
    """What is not as documented is buried, and never ends whoever reads it."""
    for file in sorted((ANSWERS / source).glob("*.json")):
        whole = json.loads(file.read_bytes())
        for broken in damaged(whole):
            with suppress(sources.Untranslatable):
                sources.translate(answer(source, file.stem, json.dumps(broken).encode()), account(source))


def damaged(whole):
    """Gives the answer once for each value in it, with that value replaced by what does not belong there."""
    for path in paths(whole):
        for wrong in (None, True, -1, 10**30, "\x00", "x" * 999, [], {}, [1], {"a": 1}):
            copy = json.loads(json.dumps(whole))
            inner = copy
            for step in path[:-1]:
                inner = inner[step]
            inner[path[-1]] = wrong
            yield copy


def paths(value, path=()):
    """Gives the way to each value of some JSON."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in inside:
        yield (*path, step)
        yield from paths(inner, (*path, step))


def test_answers_of_a_sender_that_nobody_asks_are_buried():
    """Nothing is guessed of what it may say."""
    with pytest.raises(sources.Untranslatable, match="not known what J&T"):
        sources.translate(answer("jnt", "order", b"{}"), account("jnt"))
