-- listed: an order as lists show it; columns that begin with _ are there to choose by, and are not shown

create or replace macro listed_orders(role, viewer, of_source := null, of_channel := null) as table
select
    order_id, seller_id, buyer_id, buyer_name, city, item, quantity, total, currency, cod,
    status, since, seller_tab, buyer_tab, placed_at, paid_at,
    carrier, tracking_number, scan_milestone, scan_words, scan_location, scan_at, ship_by, source, channel,
    order_key as _order_key,
    sort_at as _sort_at,
    silent_from as _silent_from,
    waiting as _waiting,
    actionable as _actionable,
    cancel_asked_at as _cancel_asked_at,
    part as _part,
    kafka_offset as _kafka_offset,
    written_at as _written_at,
from visible_orders(role, viewer, of_source := of_source, of_channel := of_channel);

-- one order with its newest snapshot, in that snapshot's own words
create or replace macro whole_order(role, viewer, id) as table
select listed.*, told.facts
from listed_orders(role, viewer) as listed
join raw.facts as told
    on told.order_key = listed._order_key and told.kafka_offset = listed._kafka_offset and told.part = listed._part
where listed._order_key = key_of(id) and told.order_key = key_of(id) and listed.order_id = id;
