-- anomalies: one row per contradiction that still stands, newest first; of one order when it is named

with told as (
    select *, max(written_at) over (partition by anomaly_id, part) as last_at
    from visible_anomalies($role, $viewer)
    where $order_id is null or (order_key = key_of($order_id) and order_id = $order_id)
),
last_word as (
    -- an order's partition changes when there are more: the last one that tells of it knows best
    select * from told
    qualify row_number() over (partition by anomaly_id order by last_at desc, part, kafka_offset desc) = 1
)
select anomaly_id, order_id, seller_id, kind, occurred_at, event_id, against_event_id, detail
from last_word
where not withdrawn
order by occurred_at desc, anomaly_id
limit $limit
