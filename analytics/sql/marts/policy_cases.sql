-- policy_cases: one row per rate and order that counts in it: when it counts, and whether it is a hit
--
-- Of a late rate a hit is bad, of the on-time rate it is good. Which cases are in a period is the report's to say.

create or replace macro policy_cases(role, viewer, of_source := null, of_channel := null) as table
with seen as materialized (
    select
        order_key, ship_by, deliver_by, delivered_at, cancelled_at, cancelled_by, placed_at, stars,
        cod or paid_at is not null as was_to_be_sent,
        -- until the rule changed, the tracking number was the dispatch
        if(arranged_at < (select min(valid_from) from metrics where dispatch = 'carrier scan'), arranged_at, dispatched_at)
            as sent_at,
    from visible_orders(role, viewer, of_source := of_source, of_channel := of_channel)
)
select 'LDR' as code, order_key, sent_at as counted_at, sent_at > ship_by as hit
from seen where sent_at is not null and ship_by is not null
union all
select 'OTDR', order_key, deliver_by, coalesce(delivered_at <= deliver_by, false)
from seen where deliver_by is not null and cancelled_at is null
union all
select
    'SFCR', order_key, placed_at,
    cancelled_at is not null
        and (cancelled_by = 'seller' or (cancelled_by = 'system' and coalesce(cancelled_at > ship_by, false))),
from seen where placed_at is not null and was_to_be_sent
union all
select 'NRR', order_key, delivered_at, coalesce(stars <= 2, false)
from seen where delivered_at is not null;

-- the rule of each rate that holds at an instant
create or replace macro rules_at(instant) as table
select * from metrics where valid_from <= instant
qualify row_number() over (partition by code order by valid_from desc) = 1;
