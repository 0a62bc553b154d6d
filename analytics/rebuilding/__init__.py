"""What a rebuild consists of: reading all of Kafka, comparing with the live file, taking its place."""
