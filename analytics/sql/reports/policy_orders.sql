-- policy_orders: the orders behind a rate, newest case first: its numerator, or all of its denominator

with cases as (
    select order_key as _order_key, counted_at, hit as _hit
    from policy_cases($role, $viewer, of_source := $source, of_channel := $channel) join rules_at($now) using (code)
    where code = $code
        and counted_at <= $now and counted_at > $now - days(days)
        and (hit or $part = 'denominator')
)
select columns('^[^_]'), _hit as counts
from listed_orders($role, $viewer, of_source := $source, of_channel := $channel) join cases using (_order_key)
order by counted_at desc, order_id
limit $limit
