-- order: one order with its facts, and where in Kafka that snapshot lies

select
    listed.* exclude (order_key, sort_at),
    facts.facts,
    facts.part as snapshot_partition,
    facts.kafka_offset as snapshot_offset,
    facts.written_at as snapshot_written_at,
from listed_orders($role, $viewer) as listed
join visible_facts($role, $viewer, $order_id) as facts using (order_key)
where listed.order_key = key_of($order_id)
