"""Topics as they stand in Kafka beside what TOPICS says."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from analytics import exports
from analytics.api import services
from analytics.api.formats import FILES, Asked, wanted
from analytics.api.problems import told
from analytics.api.session import viewer_for
from analytics.api.shapes import Shape, Text
from pipeline.broker import admin

router = APIRouter(prefix="/v1/ops/topics", tags=["operators"], dependencies=[Depends(viewer_for("operator"))])

COLUMNS: exports.Columns = {
    "name": "text",
    "key": "text",
    "holds": "text",
    "kept": "text",
    "partitions": "number",
    "replication": "number",
    "records": "number",
    "size": "number",
    "problem": "text",
}


class Topic(Shape):
    """One topic."""

    name: str = Field(examples=["order.snapshots"])
    key: Text
    holds: Text
    kept: Text
    partitions: int
    replication: int
    records: int = Field(description="offsets, Kafka's own marks among them")
    size: int = Field(description="bytes of one copy")
    problem: Text = Field(description="what is wrong with it, and how to mend it")


class TopicList(Shape):
    """Our topics, made or not, and then all others."""

    topics: list[Topic]


@router.get("", response_model=TopicList, responses={200: {"content": FILES}, **told("not-acceptable", "unavailable")})
def list_topics(request: Request, asked: Annotated[Asked, Query()]) -> Any:  # noqa: ANN401  # FastAPI shapes it
    """Lists the topics; asks Kafka, so 503 when it does not answer."""
    ours, out = services.of(request), wanted(request, asked)
    with ours.asking_kafka(), admin.connect(ours.settings.kafka) as kafka:
        topics = kafka.list_topics()
    if out.file:
        return out.export("topics", COLUMNS, [{name: getattr(topic, name) for name in COLUMNS} for topic in topics])
    return {"topics": topics}
