-- compact: moves what changed into the big table, sorted by month and seller so that a seller's report reads little

delete from raw.orders where order_key in (select order_key from raw.delta union all select order_key from raw.gone);

insert into raw.orders
select * from raw.delta
order by coalesce(placed_at, since) // days(30), seller_key, coalesce(placed_at, since);

-- older words may lie in another partition, where their offsets say nothing about the newest
delete from raw.facts using raw.delta
where facts.order_key = delta.order_key
    and (facts.kafka_offset <> delta.kafka_offset or facts.part <> delta.part);

delete from raw.facts where order_key in (select order_key from raw.gone);

truncate raw.delta;

truncate raw.gone;
