-- stock: a seller's articles, what was told of them and what orders do with them; buyers see none of it

create or replace macro may_see_stock(role, viewer, seller_key, seller_id) as
    role = 'operator' or (role = 'seller' and seller_key = key_of(viewer) and seller_id = viewer);

-- where each article stands; received = on_hand + shipped - returned = available + reserved + shipped - returned
create or replace macro visible_stock(role, viewer) as table
select
    seller_id, sku, name, on_hand + shipped - returned as received,
    on_hand, available, reserved, released, shipped, returned,
    low_at as threshold, counted, counted_at, stocked_at, written_at as changed_at,
    case
        when stocked_at is null then 'uncounted'  -- nobody said how many there are
        when available < 0 then 'oversold'
        when available <= coalesce(low_at, 0) then 'low'
        else 'ok'
    end as state,
    list_position(['oversold', 'low', 'ok', 'uncounted'], state) as urgency,
from raw.levels
where may_see_stock(role, viewer, seller_key, seller_id);

-- what was counted and received of one article, each as it was first told
create or replace macro visible_stock_told(role, viewer, article) as table
select * from raw.stock_told
where sku = article and may_see_stock(role, viewer, seller_key, seller_id)
qualify row_number() over (partition by event_id order by written_at, part, kafka_offset) = 1;

-- what orders did with one article
create or replace macro visible_movements(role, viewer, article) as table
select * from raw.movements
where sku = article and may_see_stock(role, viewer, seller_key, seller_id);
