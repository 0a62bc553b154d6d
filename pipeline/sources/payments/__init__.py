"""Payment providers: money that comes in and goes back, by the merchant's own order ids."""
