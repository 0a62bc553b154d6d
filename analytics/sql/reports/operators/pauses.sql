-- pauses: one row per sender's account and day of the last two weeks on which one ended: its longest time without a webhook

with minutes as (
    -- what we asked for ourselves is no sign of life
    select source, account, received_at // 60000 as minute, min(received_at) as first_at, max(received_at) as last_at
    from raw.deliveries
    where received_at > $now - days(14) and received_at <= $now and not starts_with(dedupe_id, 'asked.')
    group by all
),
pauses as (
    select
        source, account, first_at // days(1) as day, last_at,
        first_at - lag(last_at) over (partition by source, account order by minute) as pause,
    from minutes
)
select source, account, day, max(pause) as longest_ms, max(last_at) as last_at
from pauses
group by source, account, day
order by source, account, day
