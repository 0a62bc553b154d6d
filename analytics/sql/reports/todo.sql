-- todo: one row of counts: what waits for the seller now

select
    count(*) filter (dispatch_by > $now and dispatch_by <= $now + days(1)) as ship_soon,
    count(*) filter (dispatch_by <= $now) as overdue,
    count(*) filter (cancel_asked_at is not null and seller_tab in ('new', 'ready')) as cancellation_asked,
    count(*) filter (silent_from < $now) as silent,
    count(*) filter (status = 'return_requested') as return_to_answer,
from visible_orders($role, $viewer)
