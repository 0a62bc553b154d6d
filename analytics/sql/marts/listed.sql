-- listed: an order as lists of orders show it

create or replace macro listed_orders(role, viewer) as table
select
    order_id, seller_id, buyer_id, buyer_name, city, item, quantity, total, currency, cod,
    status, since, seller_tab, buyer_tab, placed_at, paid_at,
    carrier, tracking_number, scan_milestone, scan_words, scan_location, scan_at, ship_by, source, sort_at,
    order_key,
from visible_orders(role, viewer);
