"""Lag as the page Stream shows it: one verdict, and each group, topic and partition with what it means."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from statistics import median
from typing import Any

from analytics.gateways import Trouble
from analytics.lag import LATE, Verdict, worst
from analytics.monitor import Standing, View, orders_at_most
from analytics.pages.live import Pieces
from analytics.pages.words.names import mark

Made = dict[str, Any]

GROUPS = {
    "arus-intake": mark("understands webhooks and finds the orders of scans"),
    "arus-tracking": mark("folds events into orders"),
    "arus-stock": mark("adds up what is in stock"),
    "arus-promises": mark("tells of promises that come near or break"),
    "arus-endpoints": mark("sends what inboxes are told to sellers' own endpoints"),
    "arus-completion": mark("asks senders for what their webhooks leave out"),
    "arus-loading": mark("loads the warehouse that pages read"),
}
"""What each consumer group is for; of several analytics nodes all but the first have a number behind the name."""


TROUBLES = {"silent": "gateway_silent", "quiet": "sender_silent"}
TROUBLED = ("rejecting", "sender_silent")
"""Words of which senders suffer, and nobody who is here already."""


def verdict(view: View, now: int, troubles: Sequence[Trouble] = ()) -> Made:
    """Says in one word how the stream does, with what is needed to say it in a sentence.

    Troubles of gateways and senders are said in any case; they give the word where nothing worse does.
    """
    standings = view.standings
    word: str = worst(s.verdict for s in standings)
    if view.silent_since is not None:
        word = "silent"
    elif view.at is None or not standings:
        word = "unseen"
    if troubles and word in ("ok", "catching_up", "unseen"):
        word = TROUBLES.get(troubles[0].reason, "rejecting")
    bad = [s for s in standings if s.verdict == word]
    first = max(bad, key=lambda s: s.behind_ms, default=None)
    counts = {name: sum(s.verdict == name for s in standings) for name in ("stalled", "falling_behind", "catching_up")}
    return {
        "word": word,
        "tone": {"ok": "good", "unseen": "quiet", "catching_up": "warn", **dict.fromkeys(TROUBLED, "warn")}.get(
            word, "bad"
        ),
        "first": first,
        "orders": orders_at_most(standings),
        "behind": sum(s.behind for s in standings),
        "behind_ms": max((s.behind_ms for s in standings), default=0),
        "eta_ms": max((s.eta_ms or 0 for s in standings), default=0),
        "silent_ms": now - (view.silent_since or now),
        "reason": view.reason,
        "watermark": view.watermark,
        "troubles": troubles,
        **counts,
    }


def groups(standings: Iterable[Standing]) -> list[Made]:
    """Gives the groups, in each its topics with their sums, in each the partitions."""
    ordered = sorted(standings, key=lambda s: (list(GROUPS).index(s.group) if s.group in GROUPS else 9, s[:3]))
    return [_group(name, list(members)) for name, members in groupby(ordered, key=lambda s: s.group)]


def _group(name: str, members: list[Standing]) -> Made:
    topics = [_topic(topic, list(parts)) for topic, parts in groupby(members, key=lambda s: s.topic)]
    return {"name": name, "words": GROUPS.get(re.sub(r"-\d+$", "", name), ""), "topics": topics, **_sums(members)}


def _topic(name: str, members: list[Standing]) -> Made:
    history = thinned([sum(at) for at in zip(*(s.history for s in members), strict=False)])
    slug = f"lag-{members[0].group}-{name}".replace(".", "-")
    usual = median(s.behind_ms for s in members)
    rows = [_partition(s, slug, usual) for s in members]
    return {"name": name, "slug": slug, "partitions": rows, "history": history, **_sums(members)}


def _partition(standing: Standing, slug: str, usual: float) -> Made:
    odd = standing.verdict == "stalled" or standing.behind_ms > max(LATE, 2 * usual)
    return standing._asdict() | {
        "slug": f"{slug}-{standing.partition}",
        "history": thinned(standing.history),
        "stands_out": odd,
    }


def thinned(values: Sequence[int]) -> list[int]:
    """Gives the larger of each two values, the newest two last: half as much to draw, and no peak lost."""
    return [max(values[max(end - 2, 0) : end]) for end in range(len(values), 0, -2)][::-1]


def _sums(members: Sequence[Standing]) -> Made:
    etas = [s.eta_ms for s in members if s.eta_ms is not None]
    word: Verdict = worst(s.verdict for s in members)
    return {
        "verdict": word,
        "count": len(members),
        "owners": len({s.owner for s in members if s.owner}),
        "behind": sum(s.behind for s in members),
        "behind_ms": max(s.behind_ms for s in members),
        "rate_in": sum(s.rate_in for s in members),
        "rate_out": sum(s.rate_out for s in members),
        "eta_ms": max(etas) if etas and word == "catching_up" else None,
    }


def pieces(draw: Any, group: Made) -> Pieces:  # noqa: ANN401  # a template's macros
    """Draws a group, its topics and their partitions, each as a row with its id."""
    drawn = {f"lag-{group['name']}": draw.group(group)}
    for topic in group["topics"]:
        drawn[topic["slug"]] = draw.topic(topic)
        drawn |= {part["slug"]: draw.partition(part) for part in topic["partitions"]}
    return drawn
