-- unmapped: one row per code or word of a sender that our tables do not know, with what it said

with strange as (
    select * from raw.events where milestone = 'unknown' or status = 'unknown'
),
mapped as (
    -- told once more, since somebody said what its code means
    select distinct event_key from raw.events semi join strange using (event_key)
    where milestone not in ('', 'unknown') or status not in ('', 'unknown')
)
select
    source,
    if(type = 'status_reported', 'status', 'scan') as kind,
    if(type = 'status_reported', word, code) as code,
    any_value(words) as words,
    count(*) as events,
    count(distinct order_id) as orders,
    min(received_at) as first_at,
    max(received_at) as last_at,
    max_by(event_id, received_at) as last_event_id,
from strange anti join mapped using (event_key)
group by source, kind, if(type = 'status_reported', word, code)
order by events desc, source, code
