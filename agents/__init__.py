"""What happens to events: the pure rules of an order's life and the thin agents around them."""
