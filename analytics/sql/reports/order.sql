-- order: one order with its facts, and where in Kafka that snapshot lies

select
    columns('^[^_]'),
    _part as snapshot_partition,
    _kafka_offset as snapshot_offset,
    _written_at as snapshot_written_at,
from whole_order($role, $viewer, $order_id)
