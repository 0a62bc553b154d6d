-- told: one row per event that is asked for and known: whose it is, and where the bytes lie that told it

with asked as (
    select unnest($event_ids::varchar[]) as event_id
),
found as (
    select event_id, order_id, order_key, evidence_topic, evidence_partition, evidence_offset from raw.events
    where event_key in (select key_of(event_id) from asked) and event_id in (select event_id from asked)
),
of_stock as (
    select event_id, seller_id, evidence_topic, evidence_partition, evidence_offset from raw.stock_told
    where event_key in (select key_of(event_id) from asked) and event_id in (select event_id from asked)
),
owners as (
    select order_key, seller_id from visible_orders($role, $viewer)
    where order_key in (select order_key from found)
)
select distinct
    event_id, order_id, coalesce(seller_id, '') as seller_id, evidence_topic, evidence_partition, evidence_offset,
from found left join owners using (order_key)
union
select event_id, '', seller_id, evidence_topic, evidence_partition, evidence_offset from of_stock
order by evidence_partition, evidence_offset
