"""Kafka: the embedded one, how clients reach any other, and the operators' side of both."""


class BrokerError(Exception):
    """Kafka cannot be had or cannot do what was asked; the message says why and what helps."""


class RecordGoneError(BrokerError):
    """A record is no longer kept, or never was one; the message says which."""
