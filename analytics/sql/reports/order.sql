-- order: one order with its facts, and where in Kafka that snapshot lies

select
    listed.* exclude (order_key, sort_at),
    seen.facts,
    seen.part as snapshot_partition,
    seen.kafka_offset as snapshot_offset,
    seen.written_at as snapshot_written_at,
from listed_orders($role, $viewer) as listed
join visible_orders($role, $viewer) as seen using (order_key)
where listed.order_key = key_of($order_id) and listed.order_id = $order_id
