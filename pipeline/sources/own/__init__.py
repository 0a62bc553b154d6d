"""A seller's own system, in our words."""
