-- freshness: one row per hop of the changes loaded in the last five minutes: how long it took, in milliseconds
--
-- `slow_share` is the hop's part in the slowest twentieth of whole ways: p95s of hops do not add up, these do.
-- `series` holds the p95 of each ten seconds, oldest first; null where nothing came.

with recent as (
    select
        loaded_at,
        greatest(raw_written_at - received_at, 0) as stored,
        greatest(event_written_at - raw_written_at, 0) as translated,
        greatest(written_at - event_written_at, 0) as folded,
        greatest(loaded_at - written_at, 0) as loaded,
        greatest(loaded_at - received_at, 0) as total,
    from raw.transitions
    where loaded_at > $now - minutes(5) and loaded_at <= $now
),
slowest as (
    select * from recent where total >= (select quantile_cont(total, 0.95) from recent)
),
hops as (
    unpivot recent on stored, translated, folded, loaded, total into name hop value took
),
shares as (
    select hop, sum(took) / nullif((select sum(stored + translated + folded + loaded) from slowest), 0) as slow_share
    from (unpivot slowest on stored, translated, folded, loaded into name hop value took)
    group by hop
),
slots as (
    select unnest(range(30)) as slot
),
slotted as (
    select hop, 29 - ($now - loaded_at) // 10000 as slot, quantile_cont(took, 0.95)::bigint as p95 from hops group by all
),
series as (
    select all_hops.hop, list(p95 order by slots.slot) as series
    from (select unnest(['stored', 'translated', 'folded', 'loaded', 'total']) as hop) as all_hops
    cross join slots
    left join slotted on slotted.hop = all_hops.hop and slotted.slot = slots.slot
    group by all_hops.hop
),
whole as (
    select hop, quantile_cont(took, 0.5)::bigint as p50, quantile_cont(took, 0.95)::bigint as p95, count(*) as changes
    from hops group by hop
)
select series.hop, p50, p95, slow_share, coalesce(changes, 0) as changes, series
from series left join whole on whole.hop = series.hop left join shares on shares.hop = series.hop
order by list_position(['stored', 'translated', 'folded', 'loaded', 'total'], series.hop)
