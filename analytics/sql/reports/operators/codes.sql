-- codes: one row per code of scans or word for a status that our tables do not know, with what it said and what somebody said that it means

with strange as (
    select *, if(type = 'status_reported', 'status', 'scan') as kind, if(type = 'status_reported', word, code) as told
    from raw.events
    where (milestone = 'unknown' and type = 'package_scanned') or (status = 'unknown' and type = 'status_reported')
),
meant as (
    -- told once more, since somebody said what its code means
    select event_key, max_by(if(type = 'status_reported', status, milestone), rank) as means
    from raw.events semi join strange using (event_key)
    where if(type = 'status_reported', status, milestone) not in ('', 'unknown')
    group by event_key
)
select
    kind,
    source,
    carrier,
    told as code,
    max_by(words, received_at) as words,
    count(distinct event_key) as scans,
    count(distinct event_key) filter (where means is null) as unmapped,
    count(distinct order_id) as orders,
    coalesce(max_by(means, received_at) filter (where means is not null), '') as means,
    min(received_at) as first_at,
    max(received_at) as last_at,
    max_by(event_id, received_at) as last_event_id,
from strange left join meant using (event_key)
group by kind, source, carrier, told
order by unmapped > 0 desc, scans desc, source, carrier, told
limit $limit
