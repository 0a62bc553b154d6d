-- stock: one row per article: oversold ones first, then low ones; `cursor` of the last row asks for those that follow

select
    seller_id, sku, name, state, received, on_hand, available, reserved, released, shipped, returned, threshold,
    counted, counted_at, stocked_at, changed_at,
    urgency || '/' || seller_id || '/' || sku as cursor,
from visible_stock($role, $viewer)
where ($sku is null or sku = $sku)
    and ($seller is null or seller_id = $seller)
    and ($state is null or state = $state)
    and ($q is null or contains(lower(concat_ws(' ', sku, name)), lower($q)))
    and ($cursor is null or urgency || '/' || seller_id || '/' || sku > $cursor)
order by cursor
limit $limit
