"""The contracts in docs/ are those of the models, and a change that breaks a reader is told."""

from pipeline import contracts
from pipeline.topics import TOPICS


def _schema(**properties):
    return {
        "type": "object",
        "properties": properties,
        "required": [n for n, p in properties.items() if not p.pop("may", False)],
    }


def test_the_documents_are_up_to_date():
    """docs/schemas and docs/asyncapi.json say what the models say."""
    assert (contracts.DOCS / "asyncapi.json").read_text() == contracts._text(contracts.asyncapi())
    for name, schema in contracts.schemas().items():
        assert (contracts.DOCS / "schemas" / f"{name}.json").read_text() == contracts._text(schema)


def test_every_topic_is_a_channel():
    """Who reads our topics finds each of them."""
    assert contracts.asyncapi()["channels"].keys() == TOPICS.keys()


def test_a_new_optional_field_breaks_nobody():
    """Old values lack it, old readers pass over it."""
    assert not list(
        contracts.breaks(
            _schema(a={"type": "string"}), _schema(a={"type": "string"}, b={"type": "string", "may": True})
        )
    )


def test_what_breaks_a_reader_is_told():
    """A field gone, a type changed, a field newly required: a sentence each."""
    old, new = _schema(a={"type": "string"}, b={"type": "string"}), _schema(a={"type": "integer"}, c={"type": "string"})
    assert len(list(contracts.breaks(old, new))) == 3


def test_a_state_that_grows_is_of_a_new_version():
    """A field that an older worker would lose needs a version that this worker refuses."""

    def state(version, **properties):
        return {"x-version": version, "$defs": {"Order": _schema(**properties)}}

    old, new = {"a": {"type": "string"}}, {"a": {"type": "string"}, "b": {"type": "string"}}
    assert list(contracts.outgrows(state(1, **old), state(1, **new))) == [
        "Order.b is new: raise facts.VERSION, as an older worker would lose it"
    ]
    assert not list(contracts.outgrows(state(1, **old), state(2, **new)))
