-- waiting: the orders behind one count of `todo`, newest first

select columns('^[^_]')
from listed_orders($role, $viewer, of_source := $source, of_channel := $channel)
where case $kind
    when 'cancellation_asked' then _cancel_asked_at is not null and seller_tab in ('new', 'ready')
    when 'silent' then _silent_from < $now
    when 'return_to_answer' then is_to_answer(status, _waiting, _actionable, $now)
    else false
end
order by _sort_at desc, order_id desc
limit $limit
