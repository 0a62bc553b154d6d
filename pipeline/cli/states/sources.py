"""Where webhooks and events are read from once more: Kafka, or the archive and what Kafka has after it."""

from collections.abc import Iterator

from analytics.archive import ARCHIVED, store
from analytics.archive.replaying import replay
from pipeline.broker import reader
from pipeline.broker.reader import Stored
from pipeline.settings import Settings


class Source:
    """Reads whole topics. `reach`: what was written before that may be gone from one of them; 0 if nothing is."""

    def __init__(self, settings: Settings, *, archived: bool) -> None:
        self._settings, self._archived = settings, archived
        self.reach = 0

    def records(self, topic: str) -> Iterator[Stored]:
        """Gives every record of a topic that there is, each partition in order."""
        begun: set[int] = set()
        for record in self._records(topic):
            if record.partition not in begun:
                begun.add(record.partition)
                self.reach = max(self.reach, record.timestamp if record.offset else 0)
            yield record

    def _records(self, topic: str) -> Iterator[Stored]:
        if self._archived and topic in ARCHIVED:
            return replay(self._settings.kafka, store.folder(self._settings), topic).records()
        return reader.records(self._settings.kafka, topic)
