-- letters: one row per reason for which records were set aside, with where the newest lies

select
    step, cause,
    count(*) as letters,
    count(distinct record_key) as keys,
    min(buried_at) as first_at,
    max(buried_at) as last_at,
    max_by(detail, buried_at) as detail,
    max_by(topic, buried_at) as topic,
    max_by(part, buried_at) as last_partition,
    max_by(kafka_offset, buried_at) as last_offset,
from raw.letters
group by step, cause
order by letters desc, step, cause
