"""The OpenAPI document says what doors do: whatever is asked, the answer is one it tells of, and never our mistake."""

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from analytics.access import OPERATOR
from analytics.api.app import build
from tests.analytics.conftest import MELATI, SITI

CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
ENDLESS = "/v1/notices/stream"


def test_every_door_keeps_its_word(services):
    """For an operator, a seller and a buyer, with odd and with proper parameters."""
    contract = schemathesis.openapi.from_asgi("/openapi.json", build(services)).exclude(path=ENDLESS)
    tokens = [services.tokens.make(viewer) for viewer in (OPERATOR, MELATI, SITI)]
    for door in contract.get_all_operations():

        @given(case=door.ok().as_strategy())
        @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        def ask(case):
            for token in tokens:
                answer = case.call(headers={"Authorization": f"Bearer {token}"})
                silent = answer.status_code == 503  # Kafka is, here
                case.validate_response(answer, checks=CHECKS if silent else [not_a_server_error, *CHECKS])

        ask()


async def test_the_document_stands_by_itself(client):
    """Each door has a sentence and tells which problems it answers with; nothing points elsewhere."""
    async with client() as api:
        document = (await api.get("/openapi.json")).json()
    assert "ProblemDocument" in document["components"]["schemas"]
    for path, doors in document["paths"].items():
        for door in doors.values():
            assert door["description"].endswith("."), path
            if path.startswith("/v1/"):
                assert {"401", "403", "422"} <= door["responses"].keys(), path
                assert door["security"] == [{"HTTPBearer": []}], path
