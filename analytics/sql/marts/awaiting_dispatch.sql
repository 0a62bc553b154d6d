-- awaiting_dispatch: orders that the seller still has to hand to a carrier, each with the time that is left

create or replace macro awaiting_dispatch(role, viewer, now) as table
select order_key, ship_by - now as left_ms
from visible_orders(role, viewer)
where actionable and seller_tab in ('new', 'ready', 'shipping') and dispatched_at is null and ship_by is not null;
