"""From Kafka to batches: where each partition stands, fetching in its own thread, nothing skipped."""
