-- sales: money by the buyer's payment, bucket by bucket in the seller's time zone, also those with none
--
-- gross: what paid orders cost before discounts, also of those cancelled or returned later (GMV).
-- refunds: what was paid back in the bucket, whenever the order was paid. net = gross - discounts - refunds.
-- cancelled: what these very orders gave back or will; kept = gross - discounts - cancelled, so that all four add up.

with edges as (
    select
        date_trunc($by, timezone($zone, make_timestamptz($since * 1000))) as first_bucket,
        timezone($zone, make_timestamptz($until * 1000)) as last_moment,
),
local_buckets as (
    select unnest(generate_series(first_bucket, last_moment, ('1 ' || $by)::interval)) as starts from edges
),
buckets as (
    select
        strftime(starts, case $by when 'hour' then '%Y-%m-%dT%H' when 'month' then '%Y-%m' else '%Y-%m-%d' end) as bucket,
        epoch_ms(timezone($zone, starts)) as starts_at,
    from local_buckets
    where epoch_ms(timezone($zone, starts)) < $until
),
seen as materialized (
    select paid_at, currency, gross, discount, given_back, quantity, refunds
    from visible_orders($role, $viewer, of_source := $source, of_channel := $channel)
    where paid_at >= $since and paid_at < $until or len(refunds) > 0
),
paid as (
    select paid_at as at, currency, gross, discount, given_back, quantity, 0 as refunded, 1 as orders
    from seen
    where paid_at >= $since and paid_at < $until
),
refunds as (
    select currency, unnest(refunds, recursive := true) from seen
),
refunded as (
    select settled_at as at, currency, 0, 0, 0, 0, amount, 0 from refunds
    where settled_at >= $since and settled_at < $until
),
moved as (
    select * from paid union all select * from refunded
),
placed as (
    select buckets.bucket, moved.* from moved asof join buckets on moved.at >= buckets.starts_at
),
currencies as (
    select distinct currency from moved union select 'IDR' where not exists (select 1 from moved)
)
select
    buckets.bucket,
    buckets.starts_at,
    currencies.currency,
    coalesce(sum(orders), 0)::bigint as orders,
    coalesce(sum(quantity), 0)::bigint as units,
    coalesce(sum(gross), 0)::bigint as gross,
    coalesce(sum(discount), 0)::bigint as discounts,
    coalesce(sum(refunded), 0)::bigint as refunds,
    coalesce(sum(gross - discount - refunded), 0)::bigint as net,
    coalesce(sum(given_back), 0)::bigint as cancelled,
    coalesce(sum(gross - discount - given_back), 0)::bigint as kept,
from buckets
cross join currencies
left join placed on placed.bucket = buckets.bucket and placed.currency = currencies.currency
group by all
order by currencies.currency, buckets.starts_at
