-- endpoints: one row per seller's own endpoint, how it does and how many messages stand how; the longest failing first

select
    seller_id,
    regexp_extract(url, '^[a-z]+://([^/?#]+)', 1) as host,
    case when coalesce(paused_at, 0) > 0 then 'paused' when coalesce(failing_since, 0) > 0 then 'failing' else 'working' end
        as state,
    nullif(failing_since, 0) as failing_since,
    nullif(paused_at, 0) as paused_at,
    coalesce(why, '') as why,
    coalesce(waiting, 0) as waiting,
    coalesce(failed, 0) as failed,
    coalesce(missed, 0) as missed,
from raw.endpoints
left join raw.standings using (seller_key, seller_id)
left join (
    select
        seller_key, seller_id,
        count(*) filter (state = 'waiting') as waiting,
        count(*) filter (state = 'failed') as failed,
        count(*) filter (state = 'missed') as missed,
    from raw.sendings
    group by all
) using (seller_key, seller_id)
where url <> ''
order by failing_since nulls last, seller_id
limit $limit
