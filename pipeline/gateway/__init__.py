"""The gateway: where senders' webhooks come in, are proved, kept in Kafka, and only then answered."""
