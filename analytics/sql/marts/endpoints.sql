-- endpoints: a seller's own endpoint, and the messages on their way there; nobody but this seller sees them

create or replace macro visible_endpoints(role, viewer) as table
select
    endpoints.* exclude (part, kafka_offset, written_at),
    coalesce(failing_since, 0) as failing_since,
    coalesce(paused_at, 0) as paused_at,
    coalesce(why, '') as why,
from raw.endpoints as endpoints
left join raw.standings as standings using (seller_key, seller_id)
where role = 'seller' and seller_key = key_of(viewer) and seller_id = viewer;

create or replace macro visible_sendings(role, viewer) as table
select * from raw.sendings
where role = 'seller' and seller_key = key_of(viewer) and seller_id = viewer;
