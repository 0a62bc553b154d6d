-- intake: one row per sender's account: its webhooks of the last day, repeats apart, and what our tables did not know

with told as (
    select source, account, delivery_key, dedupe_id, received_at, part, kafka_offset from raw.deliveries
    where received_at > $now - days(1) and received_at <= $now
),
firsts as (
    -- repeats of a webhook have its key, so they lie in one partition, unless there were fewer when it came first
    select delivery_key, arg_min((part, kafka_offset), (written_at, kafka_offset)) as first
    from raw.deliveries semi join told using (delivery_key)
    group by delivery_key
),
strange as (
    select evidence_partition as part, evidence_offset as kafka_offset, count(*) as events from raw.events
    where received_at > $now - days(1) and (milestone = 'unknown' or status = 'unknown')
    group by all
)
select
    source,
    account,
    count(*) filter ((part, kafka_offset) = first) as accepted,
    count(*) filter ((part, kafka_offset) <> first) as duplicates,
    coalesce(sum(strange.events), 0)::bigint as unmapped,
    -- what we asked for ourselves is no sign of life
    max(received_at) filter (not starts_with(dedupe_id, 'asked.')) as last_at,
from told join firsts using (delivery_key) left join strange using (part, kafka_offset)
group by source, account
order by accepted desc, source, account
