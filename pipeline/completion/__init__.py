"""Completion: asks senders for what their thin webhooks leave out, and keeps the answers as deliveries of their own.

It reads webhooks.received beside intake, so that the stream never waits for a sender's API, and writes each answer into
the same topic: intake translates it, evidence leads to its bytes, and a rebuild needs no network.
"""
