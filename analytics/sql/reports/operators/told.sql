-- told: of which orders of which sellers these events speak, and where the bytes lie that told them first

select
    events.event_id,
    events.order_id,
    orders.seller_id,
    events.source,
    events.evidence_topic,
    events.evidence_partition,
    events.evidence_offset,
from raw.events
left join visible_orders('operator', '') as orders using (order_key)
where events.event_id in (select unnest($event_ids::varchar[]))
order by events.written_at, events.part, events.kafka_offset
