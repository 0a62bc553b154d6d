-- delays: one row per sender's account: how long after what it tells of a webhook of the last day came, in milliseconds
--
-- Of a webhook that tells a whole history the newest event counts.

with told as (
    select evidence_partition as part, evidence_offset as kafka_offset, max(occurred_at) as occurred_at
    from raw.events
    where received_at > $now - days(1) and received_at <= $now
    group by all
)
select
    source,
    account,
    quantile_cont(greatest(received_at - occurred_at, 0), 0.5)::bigint as p50_ms,
    quantile_cont(greatest(received_at - occurred_at, 0), 0.95)::bigint as p95_ms,
from told join raw.deliveries using (part, kafka_offset)
where received_at > $now - days(1) and received_at <= $now and not starts_with(dedupe_id, 'asked.')
group by source, account
order by source, account
