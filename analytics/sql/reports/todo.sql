-- todo: one row of counts: what waits for the seller and is not in `due`

select
    count(*) filter (cancel_asked_at is not null and seller_tab in ('new', 'ready')) as cancellation_asked,
    count(*) filter (silent_from < $now) as silent,
    count(*) filter (is_to_answer(status, waiting, actionable, $now)) as return_to_answer,
from visible_orders($role, $viewer, of_source := $source, of_channel := $channel)
