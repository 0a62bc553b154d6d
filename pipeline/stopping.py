"""When a worker must stop: what is wrong lies with it, and no record is to blame."""


class MustStop(Exception):
    """This worker may not go on. Its text says why and what to do; what it had in hand waits in Kafka, untouched."""
