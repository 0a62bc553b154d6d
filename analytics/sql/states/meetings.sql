-- meetings: each scan with each order that its number was ever bound to

with bound as (
    select distinct number, order_id, occurred_at, seller_id, is_own
    from counted where kind = 'shipping_arranged' and number <> ''
)
select
    scan.webhook, scan.place, bound.order_id,
    scan.occurred_at, scan.seller_id, scan.is_own,
    bound.occurred_at, bound.seller_id, bound.is_own
from counted as scan join bound using (number)
where scan.kind = 'package_scanned'
