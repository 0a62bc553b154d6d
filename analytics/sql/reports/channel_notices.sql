-- channel_notices: the viewer's inbox as `notices` gives it, of orders from one channel alone; apart, as it reads orders

select seq, notice_id, audience, kind, order_id, occurred_at, event_id, told, written_at
from visible_notices($role, $viewer)
semi join visible_orders($role, $viewer, of_source := $source, of_channel := $channel) using (order_id)
where $after is null or seq > $after
order by if($after is null, -seq, seq)
limit $limit
