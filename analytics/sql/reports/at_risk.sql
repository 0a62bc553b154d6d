-- at_risk: orders with a promise that is due within a day and past half of its time, or broken, the most urgent first
--
-- Each with the most urgent of its promises of the kind that is asked for; else of those that the seller, or the carrier
-- for the seller, has to keep.

with told as (
    select
        *,
        list_min(list_filter(urgent(_waiting, _actionable, $now), lambda each:
            if($promise is null, each.of_seller, each.promise = $promise)
        )) as _urgent,
    from listed_orders($role, $viewer, of_source := $source, of_channel := $channel)
)
select
    columns('^[^_]'),
    _urgent.promise as promise, _urgent.subject as subject, _urgent.due as due_by, _urgent.due - $now as left_ms,
from told
where _urgent is not null
order by left_ms, order_id
limit $limit
