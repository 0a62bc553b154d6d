"""What each sample body tells, as readable files. `ARUS_GOLDEN=write pytest …` writes them anew; read the diff."""

import json
import os
from pathlib import Path

from pipeline import codec, sources
from pipeline.sources import SOURCES, Untranslatable

GOLDEN = Path(__file__).parent / "golden"


def told(delivery, owner):
    try:
        events = sources.translate(delivery, owner)
    except Untranslatable as error:
        return {"dead letter": error.cause, "detail": error.detail}
    return [json.loads(codec.encode_event(event)) for event in events]


def test_a_sample_tells_what_it_always_told(sample, account, deliver):
    """The events of each sample body are those of its golden file, byte for byte."""
    source = sample.parent.name
    owner = account(
        source, seller="toko" if SOURCES[source].orders_by != "marketplace" or "seller" in SOURCES[source].needs else ""
    )
    text = json.dumps(told(deliver(source, sample.read_bytes()), owner), indent=1, ensure_ascii=False) + "\n"
    golden = GOLDEN / source / sample.name
    if os.environ.get("ARUS_GOLDEN") == "write":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


def test_no_golden_file_is_left_over():
    """Each golden file has its sample."""
    samples = {file.relative_to(GOLDEN.parent / "samples") for file in (GOLDEN.parent / "samples").glob("*/*.json")}
    assert {file.relative_to(GOLDEN) for file in GOLDEN.glob("*/*.json")} == samples
