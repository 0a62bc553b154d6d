-- policy_orders: the orders behind a rate, newest case first: its numerator, or all of its denominator

select listed.* exclude (order_key, sort_at), cases.counted_at, cases.hit as counts
from policy_cases($role, $viewer) as cases
join rules_at($now) as rules using (code)
join listed_orders($role, $viewer) as listed using (order_key)
where code = $code
    and counted_at <= $now and counted_at > $now - days(days)
    and (hit or $part = 'denominator')
order by counted_at desc, listed.order_id
limit $limit
