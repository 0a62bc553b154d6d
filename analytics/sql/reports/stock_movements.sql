-- stock_movements: what orders did with one article, the latest first; with `standing` only what each does now

with told as (
    select
        *,
        (written_at, part, kafka_offset) as place,
        max(written_at) over (partition by seller_id, order_id, part) as last_at,
    from visible_movements($role, $viewer, $sku)
    where $seller is null or seller_id = $seller
),
last_word as (
    -- an article's partition changes when there are more: the last one that tells of it knows best
    select
        *,
        row_number() over (partition by seller_id, order_id order by last_at desc, part, kafka_offset desc) = 1 as stands,
    from told
)
select
    movement_id, order_id, was_state, was_quantity, is_state as state, is_quantity as quantity,
    if(is_state = '', was_at, is_at) as at,
    snapshot_partition, snapshot_offset, written_at,
    concat_ws('.', written_at, part, kafka_offset) as cursor,
from last_word
where (stands or not coalesce($standing, false))
    and ($state is null or is_state = $state)
    and (
        $cursor is null
        or place < (
            try_cast(split_part($cursor, '.', 1) as bigint),
            try_cast(split_part($cursor, '.', 2) as integer),
            try_cast(split_part($cursor, '.', 3) as bigint)
        )
    )
order by place desc
limit $limit
