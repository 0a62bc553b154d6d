-- todo: one row of counts: what waits for the seller now

with late as (
    select
        count(*) filter (left_ms > 0 and left_ms <= days(1)) as ship_soon,
        count(*) filter (left_ms <= 0) as overdue,
    from awaiting_dispatch($role, $viewer, $now)
)
select
    ship_soon,
    overdue,
    count(*) filter (cancel_asked_at is not null and seller_tab in ('new', 'ready')) as cancellation_asked,
    count(*) filter (silent_from < $now) as silent,
    count(*) filter (status = 'return_requested') as return_to_answer,
from late left join visible_orders($role, $viewer) on true
group by all
