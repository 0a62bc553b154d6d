"""docs/senders, made from the code: for each sender a page, and one that lists them.

`python -m tests.sender_pages` writes them anew.
"""

import inspect
import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pipeline.gateway.answers import RETRY_AFTER
from pipeline.settings import Account
from pipeline.sources import SOURCES, Manners, Request, Source
from pipeline.sources.apis import APIS
from pipeline.sources.trying import fill, understood
from pipeline.topics import TOPICS
from schemas.registry import EVENTS
from schemas.shipments import Milestone
from schemas.statuses import BY_NAME
from tests import keys
from tests.sender_words import doors, module_of, proofs, span, toml

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "senders"
SAMPLES = ROOT / "tests" / "pipeline" / "sources" / "samples"
GOLDEN = SAMPLES.parent / "golden"

SECRET = "5ec2e7c0ffee5ec2e7c0ffee"
"""Text, hexadecimal and base64 at once: whatever a sender's secrets are, it is one."""

PRIVATE = {"shipstation": keys.NEW}
"""Senders that sign with a private key: the one they would have."""

NOON = 1_800_000_000_000
"""When the requests on the pages were signed."""

ELSEWHERE = {"biteship": "a header of yours", "dhl": "a header of yours", "generic": "as its account says"}
ELSEWHERE |= dict.fromkeys(("midtrans", "adyen", "shipper_id"), "the body")
"""How those prove themselves whose scheme fixes no header; all others by a secret in the address."""

HOST = "https://hooks.example"
MADE = "Made from the code by `python -m tests.sender_pages`; a test holds that it says what the code does."


def pages() -> dict[Path, str]:
    """Gives each page by its file."""
    told = {PAGES / f"{source.id}.md": "\n".join(_page(source)) + "\n" for source in SOURCES.values()}
    return {PAGES / "README.md": "\n".join(_index()) + "\n", **told}


def _index() -> Iterator[str]:
    yield from ("# Senders", "", MADE, "")
    yield from ("| sender | tells | proves itself by | not confirmed in public |", "|---|---|---|---|")
    for source in SOURCES.values():
        proof = ", ".join(f"`{header}`" for header in source.scheme.headers) or ELSEWHERE.get(source.id, "the address")
        yield f"| [{source.title}]({source.id}.md) | {source.tells} | {proof} | {source.unconfirmed} |"
    yield ""
    yield (
        "One that is not here: [without code](../generic-sender.md), or [as a module](../adding-a-sender.md). What "
        "becomes of an order by what they tell: [the life of an order](../order-life.md)."
    )


def _page(source: Source) -> Iterator[str]:
    module = module_of(source)
    first, _, rest = (inspect.getdoc(module) or "").partition("\n\n")
    path = Path(inspect.getfile(module)).relative_to(ROOT)
    yield from (f"# {source.title} (`{source.id}`)", "", " ".join(first.split()), "")
    if rest:
        yield from (rest, "")
    site = f"<{source.docs}>" if "://" in source.docs else f"[{source.docs}](../../{source.docs})"
    yield f"Its own documentation: {site}. All that is known of it stands in [`{path}`](../../{path}). {MADE}"
    yield from _setting_up(source)
    yield from _proving(source)
    yield from _answering(source)
    yield from _telling(source)
    yield from _samples(source)
    yield from ("", "## Not confirmed in public", "")
    yield f"{_capital(source.unconfirmed or 'nothing that is relied upon')}."


def _setting_up(source: Source) -> Iterator[str]:
    yield from ("", "## Setting it up", "", "In `arus.toml`:", "", "```toml", *toml(source), "```", "")
    if source.needs or source.takes:
        yield from ("| the account says | | |", "|---|---|---|")
        yield from _rows((f"`{name}`", "needed", why) for name, why in source.needs.items())
        yield from _rows((f"`{name}`", "if so", why) for name, why in source.takes.items())
        yield ""
    if source.orders_by == "nobody":
        yield "It names parcels. `orders` says whose order numbers its references are; without it they name no order."
        yield ""
    there = f"At {source.title}: {source.setup[0].lower()}{source.setup[1:]}"
    yield f"{there} The address is `https://<your gateway>{doors(source)}`."
    if source.id in APIS:
        yield from ("", "What its webhooks leave out is asked of its API: [thin webhooks](../thin-webhooks.md).")
    yield from ("", "```sh", "arus sources check   # says what is missing")
    yield f"arus sources send {source.id} --order 1001   # a signed sample, and what becomes of it"
    yield from (f"arus sources check {source.id} --request saved.http   # one that it sent, judged step by step", "```")


def _proving(source: Source) -> Iterator[str]:
    yield from ("", "## How it proves itself", "")
    yield from (f"- {sentence}" for sentence in proofs(source.scheme))
    if source.keys:
        yield f"- Its public keys lie at <{source.keys}>."
    yield ""
    if source.keys:
        yield "It changes its keys by itself: a name that is not known yet makes the gateway fetch them anew."
        return
    yield (
        "A new secret: put it before the old one in `secrets`, start the gateway anew, change it at the sender, and "
        "take the old one out when nothing comes with it any more. Until then either proves a webhook. Where the "
        "account says since when each is used, `secrets_since = [2026-11-24, 2025-11-20]`, `/ops/senders` tells "
        "its age."
    )


def _answering(source: Source) -> Iterator[str]:
    retries, manners = source.retries, source.manners
    waits = "how long it waits is not told" if retries.deadline is None else f"it waits {retries.deadline:g} s"
    yield from ("", "## How it is answered, and how it comes again", "")
    yield f"It needs {retries.success}; {waits}."
    if retries.after:
        yield f"Without that it comes again after {', '.join(map(span, retries.after))}."
    if retries.note:
        yield "How it comes again is not told." if retries.note == "not told" else f"{_capital(retries.note)}."
    again = (inspect.getdoc(source.dedupe_id) or "").removeprefix("Gives ")
    yield from ("", f"Two of its webhooks are one by this: {again}", "")
    yield from ("| what came | is answered |", "|---|---|", *_rows(_answers(manners)))


def _answers(manners: Manners) -> Iterator[tuple[str, str]]:
    body = f" with `{manners.body.decode()}`" if manners.body else ""
    yield "a webhook that Kafka has, also one that nobody can read", f"{manners.kept}{body}"
    yield "no proof", f"{manners.missing_signature}"
    yield "a wrong one", f"{manners.bad_signature}"
    yield "one that is too old, where its time is signed", f"{manners.stale}"
    yield "a body in which its proof cannot be found", f"{manners.unreadable}"
    yield "Kafka does not take it", f"503, `Retry-After: {RETRY_AFTER}`"
    if manners.silent:
        yield "any of these", "without a body"


def _telling(source: Source) -> Iterator[str]:
    if not source.tables:
        return
    yield from ("", "## What its words mean", "")
    if all(_kind(table) == "topic" for table in source.tables.values()):
        yield "Each type of event goes to a topic; its fields are those of [our schemas](../schemas)."
    else:
        yield "A word that is not here is `unknown`: it is kept and counted, and `arus codes map` gives it a meaning."
    for name, table in source.tables.items():
        yield from ("", f"| {name} | {_kind(table)} |", "|---|---|")
        yield from _rows((f"`{word}`", f"`{ours}`") for word, ours in table.items())


def _kind(table: Mapping[str, str]) -> str:
    """Says what a table's words become."""
    words = {*table.values()} - {"unknown"}
    kinds = {
        "milestone of the parcel": get_args(Milestone),
        "status of the order": BY_NAME,
        "event": EVENTS,
        "topic": TOPICS,
    }
    return next((kind for kind, known in kinds.items() if words <= set(known)), "to us")


def _samples(source: Source) -> Iterator[str]:
    account = _account(source)
    signed = source.scheme.sign(fill(source.sample, "1001", NOON), account, NOON, f"{HOST}{doors(source)}")
    headers = {name.lower(): value for name, value in signed.headers.items()}
    if source.id in PRIVATE:
        headers[source.scheme.headers[0]] = "…"
    query = f"?{signed.query}" if signed.query else ""
    yield from ("", "## One, worked", "", "```http", f"POST {doors(source)}{query} HTTP/1.1", "host: hooks.example")
    yield from (f"{name}: {value}" for name, value in headers.items())
    whose = "a private key" if source.id in PRIVATE else f"the secret `{SECRET}`"
    yield from (
        "",
        signed.body.decode(),
        "```",
        "",
        f"Signed by {whose} at {NOON // 1000} (seconds since 1970). It tells:",
    )
    yield ""
    request = Request(signed.body, headers, f"{HOST}{doors(source)}", NOON, signed.query)
    yield from (f"- {step.detail}" for step in understood(source, account, request))
    files = sorted((SAMPLES / source.id).glob("*.json"))
    if files:
        yield from (
            "",
            "Bodies as they are published ([from where](../../tests/pipeline/sources/samples/README.md)):",
            "",
        )
        yield from ("| body | tells |", "|---|---|", *_rows(map(_golden, files)))


def _account(source: Source) -> Account:
    said = {"source": source.id, "name": "toko-melati", "secrets": (PRIVATE.get(source.id, SECRET),)}
    orders = {"orders": "toko"} if source.orders_by == "nobody" else {}
    return Account.model_validate({**said, "seller": "toko-melati", **orders, **source.example})


def _golden(file: Path) -> tuple[str, str]:
    """Gives a row for a published body: where it lies, and the events of its golden file."""
    golden = GOLDEN / file.parent.name / file.name
    told = json.loads(golden.read_text(encoding="utf-8"))
    words = [_event(event) for event in told] if isinstance(told, list) else [f"dead letter: {told['dead letter']}"]
    base = "../../tests/pipeline/sources"
    shown = ", ".join(dict.fromkeys(words)) or "nothing that Arus follows"
    here = f"{file.parent.name}/{file.name}"
    return f"[{textwrap.shorten(file.stem, 60)}]({base}/samples/{here})", f"[{shown}]({base}/golden/{here})"


def _event(event: Mapping[str, Any]) -> str:
    more = event.get("milestone") or event.get("status")
    return f"{event['type']} ({more})" if more else str(event["type"])


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _rows(cells: Iterable[tuple[str, ...]]) -> Iterator[str]:
    return ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells)


if __name__ == "__main__":
    PAGES.mkdir(exist_ok=True)
    for file, text in pages().items():
        file.write_text(text, encoding="utf-8")
