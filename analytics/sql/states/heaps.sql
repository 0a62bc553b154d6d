-- heaps: order after order, its last state (which has no kind), then its events, the first to count first

with last as (
    select order_id, written_at, value from states
    semi join (select max(seq) as seq from states group by order_id) as newest using (seq)
    where value is not null
)
select order_id, kind, value, written_at from (
    select order_id, null as taken_at, null as webhook, null as place, null as kind, value, written_at from last
    union all
    select order_id, taken_at, webhook, place, kind, value, null from counted where order_id <> ''
    union all
    select owners.order_id, taken_at, webhook, place, kind, value, null from counted join owners using (webhook, place)
)
order by order_id, taken_at nulls first, webhook, place
