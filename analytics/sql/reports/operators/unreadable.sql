-- unreadable: records that the last step could not read, newest first; their bytes are in Kafka, at their position

select topic, part, kafka_offset, reason, loaded_at from raw.unreadable order by loaded_at desc, topic, part limit $limit
