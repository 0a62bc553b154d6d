-- notices: the viewer's inbox, newest first, of one order when it is named; those after a `seq` oldest first

select seq, notice_id, audience, kind, order_id, occurred_at, event_id, told, written_at
from visible_notices($role, $viewer)
where ($after is null or seq > $after) and ($order_id is null or order_id = $order_id)
    and ($source is null or split_part(order_id, ':', 1) = $source)
order by if($after is null, -seq, seq)
limit $limit
