"""The simulator: plausible lives of orders, told by signed webhooks in the senders' own formats."""
