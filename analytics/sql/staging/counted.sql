-- counted: one row per topic: its rows, its records that nobody could read, and keys that have more rows than one

with told as (
    select topic, count(*) as rows, true as each_is_a_row, 0 as doubled from raw.events group by topic
    union all select 'order.transitions', count(*), true, 0 from raw.transitions
    union all select 'anomalies', count(*), true, 0 from raw.anomalies
    union all select 'webhooks.received', count(*), true, 0 from raw.deliveries
    union all select 'stock', count(*), true, 0 from raw.stock_told
    union all select 'stock.movements', count(*), true, 0 from raw.movements
    union all select 'stock.levels', count(*), false, count(*) - count(distinct article_key) from raw.levels
    union all select 'dead-letters', count(*), true, 0 from raw.letters
    union all select 'notices', count(*), false, count(*) - count(distinct notice_key) from raw.notices
    union all select 'matching.numbers', count(*), false, count(*) - count(distinct number_key) from raw.parked
    union all select 'order.snapshots', count(*), false, count(*) - count(distinct order_key) from (
        select order_key from raw.orders union all select order_key from raw.delta
    )
)
select told.*, coalesce(unreadable, 0) as unreadable
from told left join (select topic, count(*) as unreadable from raw.unreadable group by topic) using (topic)
