"""Ports of this machine: which are free, and whether a broker answers on one."""

import random
import socket
import struct

from pipeline.broker import BrokerError

HOST = "127.0.0.1"
PORTS = range(20_000, 32_000)
"""Below the ports that systems lend to clients: none of those may sit on ours while Kafka restarts."""

ASK = struct.pack(">ihhihi", 14, 3, 1, 1, -1, 0)  # length, Metadata, version 1, id 1, no client name, of no topic
HEAD = struct.Struct(">iii")  # of the answer: length, id, number of brokers


def free_port(not_this: int = 0) -> int:
    """Finds a port that nobody uses."""
    for _ in range(100):
        port = random.choice(PORTS)
        if port != not_this and can_listen(port):
            return port
    raise BrokerError(f"none of the ports {PORTS.start} to {PORTS.stop} is free on {HOST}")


def can_listen(port: int) -> bool:
    """Tells whether a port is free."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def answers(port: int, host: str = HOST) -> bool:
    """Tells whether a broker is there and has registered: it lists itself when asked for the metadata of no topic."""
    try:
        with socket.create_connection((host, port), 1) as connection, connection.makefile("rb") as stream:
            connection.sendall(ASK)
            head = stream.read(HEAD.size)
    except OSError:
        return False
    return len(head) == HEAD.size and HEAD.unpack(head)[2] > 0
