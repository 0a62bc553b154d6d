-- sellers: what each seller has set; one who has set nothing has no row

create or replace macro visible_sellers(role, viewer) as table
select seller_id, confirms, completes, cancels, buyer_cancels, asks_review, changed_at
from raw.sellers
where role = 'operator' or (role = 'seller' and seller_key = key_of(viewer) and seller_id = viewer);

-- the terms of the shop that an order is from, for whoever may see that order
create or replace macro visible_terms(role, viewer, id) as table
select sellers.buyer_cancels
from raw.sellers join visible_orders(role, viewer) as orders using (seller_id)
where orders.order_key = key_of(id) and orders.order_id = id;
