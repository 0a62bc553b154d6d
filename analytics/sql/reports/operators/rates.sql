-- rates: one row per second of the last two and a half minutes: events that intake wrote, and events that were loaded

with seconds as (
    select unnest(range($now // 1000 - 150, $now // 1000)) as second
),
came as (
    select written_at // 1000 as second, count(*) as events from raw.events
    where written_at >= $now - 151000 group by all
),
loaded as (
    select loaded_at // 1000 as second, count(*) as events from raw.events
    where loaded_at >= $now - 151000 group by all
)
select second * 1000 as at, coalesce(came.events, 0) as incoming, coalesce(loaded.events, 0) as applied
from seconds left join came using (second) left join loaded using (second)
order by second
