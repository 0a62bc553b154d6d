-- anomalies: one row per contradiction that still stands, newest first; of one order when it is named

with last_word as (
    select * from visible_anomalies($role, $viewer)
    where $order_id is null or (order_key = key_of($order_id) and order_id = $order_id)
    qualify row_number() over (partition by anomaly_id order by kafka_offset desc) = 1
)
select anomaly_id, order_id, seller_id, kind, occurred_at, event_id, against_event_id, detail
from last_word
where not withdrawn
order by occurred_at desc, anomaly_id
limit $limit
