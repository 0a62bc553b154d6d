-- raw: what the topics told, in typed columns; times are milliseconds since 1970 UTC, money is minor units
--
-- No table has a primary key or an index: they would cost more at loading than they give at reading.
-- `…_key` is `key_of(id)`: statistics of a text column see its first eight bytes only, and those are the same
-- for every id of one marketplace, so that a scan could skip nothing. Of a number's they see all.

create schema if not exists raw;

create table if not exists raw.offsets (
    topic varchar not null,
    part integer not null,
    next_offset bigint not null,
);

-- which share of the sellers and buyers this file keeps; one row
create table if not exists raw.shard (
    number integer not null,
    shards integer not null,
);

-- the newest snapshot of each order that changed since the last compaction
create table if not exists raw.delta (
    order_key ubigint not null,
    seller_key ubigint not null,
    buyer_key ubigint not null,
    order_id varchar not null,
    seller_id varchar not null,
    buyer_id varchar not null,
    buyer_name varchar not null,
    city varchar not null,
    item varchar not null,
    quantity bigint not null,
    gross bigint not null,
    discount bigint not null,
    total bigint not null,
    currency varchar not null,
    cod boolean not null,
    channel varchar not null,
    status varchar not null,
    since bigint not null,
    placed_at bigint,
    paid_at bigint,
    confirmed_at bigint,
    arranged_at bigint,
    dispatched_at bigint,
    delivered_at bigint,
    cancelled_at bigint,
    cancelled_by varchar not null,
    cancel_reason varchar not null,
    cancel_asked_at bigint,
    stars integer,
    given_back bigint not null,
    refunds struct(settled_at bigint, amount bigint)[] not null,
    ship_by bigint,
    deliver_by bigint,
    scan_by bigint,
    answer_by bigint,
    waiting struct(due bigint, promise varchar, subject varchar, since bigint, of_seller boolean)[] not null,
    carrier varchar not null,
    tracking_number varchar not null,
    packages integer not null,
    scan_milestone varchar not null,
    scan_words varchar not null,
    scan_location varchar not null,
    scan_at bigint,
    part integer not null,
    kafka_offset bigint not null,
    written_at bigint not null,
);

-- every other order, by month and seller
create table if not exists raw.orders as from raw.delta limit 0;

-- orders that are kept no more, since the last compaction
create table if not exists raw.gone (
    order_key ubigint not null,
);

-- the snapshots' own words, found by where they lie in Kafka; apart, so that no report and no compaction carries them
create table if not exists raw.facts (
    order_key ubigint not null,
    facts varchar not null using compression uncompressed,
    part integer not null,
    kafka_offset bigint not null,
);

create table if not exists raw.events (
    order_key ubigint not null,
    event_key ubigint not null,
    order_id varchar not null,
    event_id varchar not null,
    type varchar not null,
    occurred_at bigint not null,
    rank integer not null,
    received_at bigint not null,
    source varchar not null,
    carrier varchar not null,
    tracking_number varchar not null,
    milestone varchar not null,
    code varchar not null,
    words varchar not null,
    location varchar not null,
    status varchar not null,
    word varchar not null,
    amount bigint,
    currency varchar not null,
    stars integer,
    told_by varchar not null,
    reason varchar not null,
    evidence_topic varchar not null,
    evidence_partition integer not null,
    evidence_offset bigint not null,
    raw_written_at bigint not null,
    topic varchar not null,
    part integer not null,
    kafka_offset bigint not null,
    written_at bigint not null,
    loaded_at bigint not null,
);

create table if not exists raw.transitions (
    order_key ubigint not null,
    transition_id varchar not null,
    order_id varchar not null,
    seller_id varchar not null,
    before varchar not null,
    after varchar not null,
    occurred_at bigint not null,
    event_id varchar not null,
    event_type varchar not null,
    source varchar not null,
    received_at bigint not null,
    raw_written_at bigint not null,
    event_written_at bigint not null,
    part integer not null,
    kafka_offset bigint not null,
    written_at bigint not null,
    loaded_at bigint not null,
);

create table if not exists raw.anomalies (
    order_key ubigint not null,
    anomaly_id varchar not null,
    order_id varchar not null,
    seller_id varchar not null,
    kind varchar not null,
    occurred_at bigint not null,
    event_id varchar not null,
    against_event_id varchar not null,
    detail varchar not null,
    withdrawn boolean not null,
    part integer not null,
    kafka_offset bigint not null,
    written_at bigint not null,
);

-- `seq` counts them in the order they were loaded: where somebody's stream goes on
create table if not exists raw.notices (
    seq bigint not null,
    notice_key ubigint not null,
    audience_key ubigint not null,
    audience varchar not null,
    notice_id varchar not null,
    kind varchar not null,
    order_id varchar not null,
    occurred_at bigint not null,
    event_id varchar not null,
    told varchar not null,
    part integer not null,
    kafka_offset bigint not null,
    written_at bigint not null,
);

-- what sellers counted and received; evidence_… is where the bytes lie that told it
create table if not exists raw.stock_told (
    article_key ubigint not null,
    seller_key ubigint not null,
    event_key ubigint not null,
    event_id varchar not null,
    type varchar not null,
    seller_id varchar not null,
    sku varchar not null,
    quantity bigint not null,
    low_at bigint,
    occurred_at bigint not null,
    received_at bigint not null,
    source varchar not null,
    evidence_topic varchar not null,
    evidence_partition integer not null,
    evidence_offset bigint not null,
    part integer not null,
    kafka_offset bigint not null,
    written_at bigint not null,
);

-- an order does something else with an article: what it did before (was_) and does now (is_); empty = nothing
create table if not exists raw.movements (
    article_key ubigint not null,
    seller_key ubigint not null,
    order_key ubigint not null,
    movement_id varchar not null,
    order_id varchar not null,
    seller_id varchar not null,
    sku varchar not null,
    snapshot_partition integer not null,
    snapshot_offset bigint not null,
    was_state varchar not null,
    was_quantity bigint not null,
    was_at bigint not null,
    was_shipped_at bigint not null,
    is_state varchar not null,
    is_quantity bigint not null,
    is_at bigint not null,
    is_shipped_at bigint not null,
    part integer not null,
    kafka_offset bigint not null,
    written_at bigint not null,
);

-- where each article stands; movements_until is the last record of its partition of stock.movements that is in it
create table if not exists raw.levels (
    article_key ubigint not null,
    seller_key ubigint not null,
    seller_id varchar not null,
    sku varchar not null,
    name varchar not null,
    counted bigint,
    counted_at bigint,
    came_in bigint not null,
    low_at bigint,
    on_hand bigint not null,
    available bigint not null,
    reserved bigint not null,
    released bigint not null,
    shipped bigint not null,
    returned bigint not null,
    stocked_at bigint,
    movements_until bigint not null,
    part integer not null,
    kafka_offset bigint not null,
    written_at bigint not null,
);

-- what each seller has set
create table if not exists raw.sellers (
    seller_key ubigint not null,
    seller_id varchar not null,
    confirms boolean not null,
    completes boolean not null,
    cancels boolean not null,
    buyer_cancels varchar not null,
    changed_at bigint not null,
    part integer not null,
    kafka_offset bigint not null,
    written_at bigint not null,
);

-- came later; a file without it is as good: of what was set before it says what it always meant
alter table raw.sellers add column if not exists asks_review integer default 0;

-- each seller's own endpoint; no report tells its secrets to anybody but the door that changes it
create table if not exists raw.endpoints (
    seller_key ubigint not null,
    seller_id varchar not null,
    url varchar not null,
    secret varchar not null,
    former varchar not null,
    former_until bigint not null,
    messages varchar[] not null,
    since bigint not null,
    changed_at bigint not null,
    part integer not null,
    kafka_offset bigint not null,
    written_at bigint not null,
);

create table if not exists raw.standings (
    seller_key ubigint not null,
    seller_id varchar not null,
    failing_since bigint not null,
    paused_at bigint not null,
    why varchar not null,
    changed_at bigint not null,
    part integer not null,
    kafka_offset bigint not null,
    written_at bigint not null,
);

-- how each message to an endpoint stands
create table if not exists raw.sendings (
    sending_key ubigint not null,
    seller_key ubigint not null,
    sending_id varchar not null,
    seller_id varchar not null,
    state varchar not null,
    attempts integer not null,
    due bigint not null,
    attempted_at bigint not null,
    answer varchar not null,
    notice_id varchar not null,
    audience varchar not null,
    kind varchar not null,
    order_id varchar not null,
    occurred_at bigint not null,
    event_id varchar not null,
    told varchar not null,
    part integer not null,
    kafka_offset bigint not null,
    written_at bigint not null,
);

-- webhooks as they arrived, without their bodies: those stay in Kafka, at part and kafka_offset
create table if not exists raw.deliveries (
    delivery_key ubigint not null,
    source varchar not null,
    account varchar not null,
    dedupe_id varchar not null,
    received_at bigint not null,
    size integer not null,
    part integer not null,
    kafka_offset bigint not null,
    written_at bigint not null,
    loaded_at bigint not null,
);

-- tracking numbers whose scans wait for an order; the others are not kept here
create table if not exists raw.parked (
    number_key ubigint not null,
    tracking_key varchar not null,
    scans integer not null,
    first_at bigint not null,
    last_at bigint not null,
    part integer not null,
    kafka_offset bigint not null,
    written_at bigint not null,
    told_partition integer,
    told_offset bigint,
);

-- files that were made without them: what was parked before has none until it is written again
alter table raw.parked add column if not exists told_partition integer;
alter table raw.parked add column if not exists told_offset bigint;

create table if not exists raw.letters (
    step varchar not null,
    cause varchar not null,
    detail varchar not null,
    topic varchar not null,
    topic_part integer not null,
    topic_offset bigint not null,
    record_key varchar not null,
    size integer not null,
    buried_at bigint not null,
    part integer not null,
    kafka_offset bigint not null,
    written_at bigint not null,
);

-- records that this last step could not read; their bytes stay in Kafka
create table if not exists raw.unreadable (
    topic varchar not null,
    part integer not null,
    kafka_offset bigint not null,
    reason varchar not null,
    loaded_at bigint not null,
);
