-- codes: one row per code of scans that our tables do not know, with what it said and what somebody said that it means

with strange as (
    select * from raw.events where milestone = 'unknown' and type = 'package_scanned'
),
meant as (
    -- told once more, since somebody said what its code means
    select event_key, max_by(milestone, rank) as means
    from raw.events semi join strange using (event_key)
    where milestone not in ('', 'unknown')
    group by event_key
)
select
    source,
    carrier,
    code,
    max_by(words, received_at) as words,
    count(distinct event_key) as scans,
    count(distinct event_key) filter (where means is null) as unmapped,
    count(distinct order_id) as orders,
    coalesce(max_by(means, received_at) filter (where means is not null), '') as means,
    min(received_at) as first_at,
    max(received_at) as last_at,
    max_by(event_id, received_at) as last_event_id,
from strange left join meant using (event_key)
group by source, carrier, code
order by unmapped > 0 desc, scans desc, source, carrier, code
limit $limit
