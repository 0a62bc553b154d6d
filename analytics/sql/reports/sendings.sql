-- sendings: messages to the viewer's own endpoint, those of which something was told last first

select
    sending_id, state, attempts, due, attempted_at, answer,
    notice_id, audience, kind, order_id, occurred_at, event_id, told, written_at,
from visible_sendings($role, $viewer)
where ($sending_id is null or sending_id = $sending_id)
    and ($state is null or state = $state or ($state = 'undelivered' and state in ('failed', 'missed')))
order by written_at desc, kafka_offset desc
limit $limit
