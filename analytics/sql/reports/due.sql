-- due: one row per kind of promise that the seller has to keep: how many orders `at_risk` lists of it, late or soon late
--
-- An order counts once for a kind, with the first due.

with told as (
    select order_id, unnest(urgent(waiting, actionable, $now)) as each
    from visible_orders($role, $viewer, of_source := $source, of_channel := $channel)
),
first_due as (
    select each.promise, min(each.due) as due from told where each.of_seller group by order_id, each.promise
)
select
    promise,
    count(*) filter (due < $now) as late,
    count(*) filter (due >= $now) as soon,
from first_due
group by promise
order by promise
