-- notices: the viewer's inbox, newest first; those after a `seq` oldest first, as a stream goes on

select seq, notice_id, audience, kind, order_id, occurred_at, event_id, told, written_at
from visible_notices($role, $viewer)
where $after is null or seq > $after
order by if($after is null, -seq, seq)
limit $limit
