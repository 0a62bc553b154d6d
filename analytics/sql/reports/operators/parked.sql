-- parked: one row per tracking number whose scans wait for the order they belong to, the longest first

select
    split_part(tracking_key, '/', 1) as carrier,
    tracking_key[instr(tracking_key, '/') + 1:] as tracking_number,
    scans, first_at, last_at,
    $now - first_at as waiting_ms,
from raw.parked
order by first_at, tracking_key
limit $limit
