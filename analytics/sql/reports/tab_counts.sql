-- tab_counts: how many orders stand in each tab, as the seller and as the buyer name them; in none ('') those that are only heard of

with counted as (
    select status, count(*) as orders
    from visible_orders($role, $viewer, of_source := $source, of_channel := $channel)
    group by status
),
told as (
    select 'seller' as side, seller_tab as tab, orders from counted join statuses on statuses.name = counted.status
    union all
    select 'buyer', buyer_tab, orders from counted join statuses on statuses.name = counted.status
)
select side, tab, sum(orders)::bigint as orders
from told
group by side, tab
order by side, tab
