"""Marketplaces: thin webhooks that name an order and the word for where it stands."""
