-- key_of: the number of an id, by which rows are found, sorted and skipped; the same in every version of DuckDB

create or replace macro key_of(id) as md5_number_lower(id);
