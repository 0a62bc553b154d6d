-- visible: the one gate; every report for sellers and buyers reads through these macros and through nothing else
--
-- `role` and `viewer` are bound parameters. A seller's rows are found by key in both tables, so that hardly any other
-- is read; the id is compared too, so that no two sellers can ever meet in one key.

create or replace macro may_see(role, viewer, seller_key, seller_id, buyer_key, buyer_id) as
    case role
        when 'operator' then kept_here(seller_key)  -- of several nodes the seller's alone counts an order
        when 'seller' then seller_key = key_of(viewer) and seller_id = viewer
        when 'buyer' then buyer_key = key_of(viewer) and buyer_id = viewer
        else false
    end;

-- the newest state of each order that the viewer may see; of one marketplace, of one channel, where one is asked for
create or replace macro visible_orders(role, viewer, of_source := null, of_channel := null) as table
with latest as (
    select * from raw.delta
    where may_see(role, viewer, seller_key, seller_id, buyer_key, buyer_id)
    union all
    select orders.* from raw.orders anti join raw.delta using (order_key) anti join raw.gone using (order_key)
    where may_see(role, viewer, seller_key, seller_id, buyer_key, buyer_id)
)
select
    latest.*,
    coalesce(placed_at, since) as sort_at,
    split_part(order_id, ':', 1) as source,
    statuses.seller_tab,
    statuses.buyer_tab,
    coalesce(statuses.actionable, false) as actionable,
    -- from when on a parcel under way is silent of which no promise is due: three days after its last scan
    if(status in ('in_transit', 'partially_shipped') and scan_by is null, coalesce(scan_at, since) + days(3), null)
        as silent_from,
from latest left join statuses on statuses.name = latest.status
where (of_source is null or split_part(order_id, ':', 1) = of_source) and (of_channel is null or channel = of_channel);

-- the trail of one order, if the viewer may see that order
create or replace macro visible_events(role, viewer, id) as table
select events.* from raw.events
where order_key = key_of(id) and order_id = id
    and exists (select 1 from visible_orders(role, viewer) as seen where seen.order_key = key_of(id) and seen.order_id = id);

create or replace macro visible_anomalies(role, viewer) as table
select * from raw.anomalies where role = 'operator'
union all
select anomalies.* from raw.anomalies
where role <> 'operator' and order_key in (select order_key from visible_orders(role, viewer));

create or replace macro visible_notices(role, viewer) as table
select * from raw.notices
where role = 'operator'
    or (audience_key = key_of(role || ':' || viewer) and audience = role || ':' || viewer);
