-- places: one row per marketplace and channel that orders came from: how many, and what those paid in the time brought
--
-- `channel` is empty where no sender tells one. kept = gross - discounts - cancelled, as in `sales`.

select
    source, channel, currency,
    count(*) as orders,
    count(*) filter (is_paid) as paid,
    coalesce(sum(gross) filter (is_paid), 0)::bigint as gross,
    coalesce(sum(discount) filter (is_paid), 0)::bigint as discounts,
    coalesce(sum(given_back) filter (is_paid), 0)::bigint as cancelled,
    coalesce(sum(gross - discount - given_back) filter (is_paid), 0)::bigint as kept,
from (
    select *, coalesce(paid_at >= $since and paid_at < $until, false) as is_paid
    from visible_orders($role, $viewer, of_source := $source, of_channel := $channel)
)
group by source, channel, currency
order by kept desc, orders desc, source, channel
