-- at_risk: orders that are to be shipped within a day or should have been, the most urgent first

select listed.* exclude (order_key, sort_at), left_ms
from awaiting_dispatch($role, $viewer, $now)
join listed_orders($role, $viewer) as listed using (order_key)
where left_ms <= days(1)
order by left_ms, order_id
