-- stock_states: how many articles stand in each state

select state, count(*) as articles
from visible_stock($role, $viewer)
group by state
order by state
