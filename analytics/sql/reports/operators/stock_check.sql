-- stock_check: articles whose pieces are not those of all their orders together: the stock job or loading is at fault

with done as (  -- of an article only what its level has counted, once all of that is loaded
    select levels.* from raw.levels as levels
    join raw.offsets as offsets on offsets.topic = 'stock.movements' and offsets.part = levels.part
    where levels.movements_until < offsets.next_offset
),
sums as (
    select
        article_key,
        sum(if(is_state = 'reserved', is_quantity, 0) - if(was_state = 'reserved', was_quantity, 0)) as reserved,
        sum(if(is_state = 'released', is_quantity, 0) - if(was_state = 'released', was_quantity, 0)) as released,
        sum(if(is_state in ('shipped', 'returned'), is_quantity, 0)
            - if(was_state in ('shipped', 'returned'), was_quantity, 0)) as shipped,
        sum(if(is_state = 'returned', is_quantity, 0) - if(was_state = 'returned', was_quantity, 0)) as returned,
    from raw.movements as movements join done using (article_key)
    -- what lies in another partition was told before the article moved to this one
    where movements.part <> done.part or movements.kafka_offset <= done.movements_until
    group by article_key
)
select
    seller_id, sku, done.reserved, done.released, done.shipped, done.returned,
    coalesce(sums.reserved, 0)::bigint as orders_reserved,
    coalesce(sums.released, 0)::bigint as orders_released,
    coalesce(sums.shipped, 0)::bigint as orders_shipped,
    coalesce(sums.returned, 0)::bigint as orders_returned,
from done left join sums using (article_key)
where (done.reserved, done.released, done.shipped, done.returned)
    is distinct from (orders_reserved, orders_released, orders_shipped, orders_returned)
order by seller_id, sku
limit $limit
