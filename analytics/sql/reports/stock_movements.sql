-- stock_movements: what orders did with one article, the latest first; with `standing` only what each does now

with last_word as (
    select *, row_number() over (partition by seller_id, order_id order by kafka_offset desc) = 1 as stands
    from visible_movements($role, $viewer, $sku)
    where $seller is null or seller_id = $seller
)
select
    movement_id, order_id, was_state, was_quantity, is_state as state, is_quantity as quantity,
    if(is_state = '', was_at, is_at) as at,
    snapshot_partition, snapshot_offset, written_at,
    kafka_offset::varchar as cursor,
from last_word
where (stands or not coalesce($standing, false))
    and ($state is null or is_state = $state)
    and ($cursor is null or kafka_offset < try_cast($cursor as bigint))
order by kafka_offset desc
limit $limit
