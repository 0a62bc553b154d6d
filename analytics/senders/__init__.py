"""How each sender's account does: what came of its webhooks, whether it is silent, and how old its secrets are."""

from analytics.senders.asking import Senders
from analytics.senders.rules import CONCERNS, Refusals, Secrets, Sender, concerns

__all__ = ["CONCERNS", "Refusals", "Secrets", "Sender", "Senders", "concerns"]
