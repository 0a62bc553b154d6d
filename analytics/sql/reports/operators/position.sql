-- position: one row with a number that grows with every record that is loaded

select coalesce(sum(next_offset), 0)::bigint as position from raw.offsets
