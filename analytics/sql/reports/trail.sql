-- trail: everything that was told of one order, oldest first (of a scan whose code was mapped, as it counts); `late` came more than ten minutes after it happened

select
    event_id, type, occurred_at, received_at, source,
    carrier, tracking_number, milestone, code, words, location, status, word, amount, currency, stars, told_by, reason,
    evidence_topic, evidence_partition, evidence_offset,
    received_at - occurred_at > minutes(10) as late,
    count(*) over (partition by event_id) as times_told,
from visible_events($role, $viewer, $order_id)
qualify row_number() over (partition by event_id order by rank desc, written_at, part, kafka_offset) = 1
order by occurred_at, rank, event_id
