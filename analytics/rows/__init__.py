"""TABLES: which table of the warehouse each topic fills, and how its records become rows."""

from analytics.rows.endpoints import ENDPOINTS, SENDINGS, STANDINGS
from analytics.rows.events import EVENTS
from analytics.rows.orders import ORDERS
from analytics.rows.others import ANOMALIES, DELIVERIES, LETTERS, NOTICES, PARKED, SELLERS, TRANSITIONS
from analytics.rows.stock import LEVELS, MOVEMENTS, STOCK_TOLD
from analytics.rows.table import Table

TABLES: dict[str, Table] = {
    "order.snapshots": ORDERS,
    "order.transitions": TRANSITIONS,
    "orders": EVENTS,
    "payments": EVENTS,
    "shipments": EVENTS,
    "anomalies": ANOMALIES,
    "notices": NOTICES,
    "sellers": SELLERS,
    "endpoints": ENDPOINTS,
    "endpoint.standings": STANDINGS,
    "endpoint.sendings": SENDINGS,
    "stock": STOCK_TOLD,
    "stock.movements": MOVEMENTS,
    "stock.levels": LEVELS,
    "webhooks.received": DELIVERIES,
    "matching.numbers": PARKED,
    "dead-letters": LETTERS,
}
"""Of several nodes each keeps the rows of its sellers and buyers (`owners`), and all of the others.

Those are a fifth of a file. Events and anomalies name no seller as often as not, and a trail must be whole wherever
its order turns out to belong; a seller's settings are read by every buyer; webhooks, parked scans and dead letters are
nobody's.
"""
