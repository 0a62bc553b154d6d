-- what is told of orders while their states are folded anew

create or replace table told (
    webhook bigint, key blob, taken_at bigint, place integer, order_id varchar, kind varchar, value blob,
    number varchar, occurred_at bigint, seller_id varchar, is_own boolean
);
create or replace table states (seq bigint, order_id varchar, written_at bigint, value blob);
create or replace table owners (webhook bigint, place integer, order_id varchar);

-- counted: what the first webhook of each key tells
create or replace view counted as
select told.* from told
semi join (select arg_min(webhook, (taken_at, webhook)) as webhook from told group by key) as firsts using (webhook);
