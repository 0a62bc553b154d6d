-- orders: one row per order, newest first; `cursor` of the last row asks for those that follow

select
    columns('^[^_]'),
    _sort_at || '/' || order_id as cursor,
from listed_orders($role, $viewer, of_source := $source, of_channel := $channel)
where ($tab is null or $tab = if($role = 'buyer', buyer_tab, seller_tab))
    and ($status is null or status = $status)
    and ($since is null or _sort_at >= $since)
    and ($until is null or _sort_at < $until)
    and (
        $q is null
        or contains(order_id, $q)
        or contains(lower(concat_ws(' ', tracking_number, buyer_name, item)), lower($q))
    )
    and (
        $cursor is null
        or (_sort_at, order_id) < (try_cast(split_part($cursor, '/', 1) as bigint), $cursor[instr($cursor, '/') + 1:])
    )
order by _sort_at desc, order_id desc
limit $limit
