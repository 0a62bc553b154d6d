"""How events get in and move: gateway, senders, topics, the stream layer, the broker, the command line."""
