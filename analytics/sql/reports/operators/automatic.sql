-- automatic: orders that their sellers want to go on by themselves, the longest waiting first; `in_stock` are the articles
-- of a new order, all of which are set aside for it and are there for it and all others

with wanted as (
    select order_id, order_key, part, kafka_offset, status, since
    from visible_orders($role, $viewer) as orders join visible_sellers($role, $viewer) as sellers using (seller_id)
    where (status = 'new' and confirms)
        or (status = 'delivered' and completes and is_over(waiting, 'receive', $now))
        or (status = 'unpaid' and cancels and is_over(waiting, 'pay', $now))
        or (
            -- in the days after it is due: whoever switches it on does not ask of all that was ever sold
            status = 'completed' and asks_review > 0 and stars is null
            and $now - since between days(asks_review) and days(asks_review + 3)
            and order_key not in (
                select order_key from raw.events where type = 'review_asked' and occurred_at > $now - days(4)
            )
        )
),
there as (
    select movements.order_id, list(distinct movements.sku) as in_stock
    from raw.movements left join raw.levels using (seller_id, sku)
    where movements.order_id in (select order_id from wanted where status = 'new') and is_state = 'reserved'
    group by movements.order_id
    having bool_and(coalesce(
        (movements.part <> levels.part or movements.kafka_offset <= levels.movements_until)
            and stocked_at is not null and available >= 0,
        false
    ))
),
-- what is not due or not there takes no other order's place
soon as (
    select wanted.*, coalesce(in_stock, []) as in_stock
    from wanted left join there using (order_id)
    where status <> 'new' or there.order_id is not null
    order by since, order_id
    limit $limit
)
select soon.order_id, status, since, told.facts, in_stock
from soon
join raw.facts as told
    on told.order_key = soon.order_key and told.kafka_offset = soon.kafka_offset and told.part = soon.part
order by since, soon.order_id
