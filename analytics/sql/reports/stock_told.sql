-- stock_told: what was counted and received of one article, the latest first, with where the bytes lie that told it

select
    event_id, type, quantity, low_at as threshold, occurred_at, received_at, source,
    evidence_topic, evidence_partition, evidence_offset,
from visible_stock_told($role, $viewer, $sku)
where $seller is null or seller_id = $seller
order by occurred_at desc, event_id
limit $limit
