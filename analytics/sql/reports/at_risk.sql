-- at_risk: orders that are to be shipped within a day or should have been, the most urgent first

select columns('^[^_]'), _dispatch_by - $now as left_ms
from listed_orders($role, $viewer)
where _dispatch_by <= $now + days(1)
order by left_ms, order_id
limit $limit
