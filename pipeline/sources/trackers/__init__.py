"""Those who watch parcels of many carriers, and book none."""
