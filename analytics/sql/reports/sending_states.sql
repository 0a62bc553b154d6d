-- sending_states: how many messages to the viewer's own endpoint stand how

select state, count(*) as messages
from visible_sendings($role, $viewer)
group by state
order by state
