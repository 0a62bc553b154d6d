-- policy: one row per rate the seller is judged by, as it stands now, with the rates of nine days

with cases as materialized (
    select * from policy_cases($role, $viewer, of_source := $source, of_channel := $channel)
    where counted_at <= $now and counted_at > $now - days(70)
),
days_back as (
    select unnest(range(9)) as days_ago
),
points as (
    select rules.code, days_ago, count(counted_at) as cases, count(counted_at) filter (hit) as hits
    from rules_at($now) as rules
    cross join days_back
    left join cases
        on cases.code = rules.code
        and counted_at <= $now - days(days_ago)
        and counted_at > $now - days(days_ago + rules.days)
    group by rules.code, days_ago
),
rates as (
    select
        code,
        max(hits) filter (days_ago = 0) as numerator,
        max(cases) filter (days_ago = 0) as denominator,
        list(hits / nullif(cases, 0) order by days_ago desc) as trend,
    from points
    group by code
)
select
    rules.code, rules.name, rules.side, rules.target, rules.penalty, rules.days, rules.definition,
    numerator, denominator, trend,
from rules_at($now) as rules join rates on rates.code = rules.code
order by list_position(['LDR', 'OTDR', 'SFCR', 'NRR'], rules.code)
