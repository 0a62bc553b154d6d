"""What is flat and what grows is told apart, and drawn."""

from xml.etree import ElementTree as ET

import pytest

from tests.endurance.flatness import Series, drawn, is_flat

MINUTES = [minute * 60.0 for minute in range(60)]


@pytest.mark.parametrize(
    ("measure", "value", "flat"),
    [
        ("memory, MiB", lambda _: 200.0, True),
        ("memory, MiB", lambda at: 200 + (at < 600) * 500, True),
        ("memory, MiB", lambda at: 200 + at / 30, False),
        ("file handles", lambda at: 100 + (at // 600) % 2 * 5, True),
        ("file handles", lambda at: 100 + at // 120, False),
        ("threads", lambda at: 8 + at // 900, True),
        ("threads", lambda at: 8 + at // 300, False),
        ("waiting, s", lambda at: 0.4 + (at % 600 == 0) * 9, True),
        ("waiting, s", lambda at: at / 100, False),
    ],
)
def test_what_grows_is_no_longer_flat(measure, value, flat):
    """Between the second quarter and the last; what happens now and then is no growth."""
    assert is_flat(Series(measure, "worker", [(at, value(at)) for at in MINUTES])) is flat


def test_the_drawing_has_a_line_for_each_series():
    """In a panel for each measure."""
    found = [Series(measure, name, [(0, 1), (60, 2)]) for measure in ("threads", "waiting, s") for name in "ab"]
    root = ET.fromstring(drawn(found, "an hour"))  # noqa: S314  # it is our own
    assert len(root.findall(".//{http://www.w3.org/2000/svg}polyline")) == 4
