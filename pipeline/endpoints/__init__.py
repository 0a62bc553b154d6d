"""Endpoints: sends what sellers' inboxes are told to their own systems too, as signed Standard Webhooks.

A process of its own that reads `notices` like anybody else, so that no endpoint, however dead, slows the stream. Each
message is in topic `endpoint.sendings` before it is tried and after each attempt: whoever is killed goes on from there.
"""
