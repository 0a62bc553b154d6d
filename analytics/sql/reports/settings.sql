-- settings: what a seller has set; no row while that is nothing

select seller_id, confirms, completes, cancels, buyer_cancels, asks_review, changed_at
from visible_sellers($role, $viewer)
where $seller is null or seller_id = $seller
order by seller_id
