-- waiting: the orders behind one count of `todo`, newest first

select listed.* exclude (order_key, sort_at)
from visible_orders($role, $viewer) as seen
join listed_orders($role, $viewer) as listed using (order_key)
where case $kind
    when 'cancellation_asked' then seen.cancel_asked_at is not null and seen.seller_tab in ('new', 'ready')
    when 'silent' then seen.silent_from < $now
    when 'return_to_answer' then seen.status = 'return_requested'
    else false
end
order by listed.sort_at desc, listed.order_id desc
limit $limit
