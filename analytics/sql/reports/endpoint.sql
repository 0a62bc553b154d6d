-- endpoint: the viewer's own endpoint and how it does; no row while none was ever set

select
    seller_id, url, secret, former, former_until, messages, since, changed_at,
    failing_since, paused_at, why,
from visible_endpoints($role, $viewer)
