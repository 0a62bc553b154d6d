-- basics: what all other statements are written with

-- the number of an id, by which rows are found, sorted and skipped; the same in every version of DuckDB
create or replace macro key_of(id) as md5_number_lower(id);

-- a seller's article as topics name it: schemas.ids.article_key
create or replace macro article_of(seller_id, sku) as replace(url_encode(seller_id), '%3A', ':') || '/' || sku;

-- milliseconds; the numbers of a query are 32 bits wide unless told otherwise
create or replace macro days(n) as n::bigint * 86400000;
create or replace macro minutes(n) as n::bigint * 60000;
