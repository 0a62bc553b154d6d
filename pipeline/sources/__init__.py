"""Senders: how each signs, numbers, retries, and what its words mean. One module a sender; SOURCES lists them."""
