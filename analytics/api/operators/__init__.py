"""What operators ask: lag, topics, senders, what is parked and what is dead."""
