-- terms: how long a buyer may cancel an order alone, as its shop has set it; no row while it has set nothing

select buyer_cancels from visible_terms($role, $viewer, $order_id)
