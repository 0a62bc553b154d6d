-- waiting_numbers: one row per sender's account: tracking numbers that it was the first to name and that wait for their order

select source, account, count(*) as parked
from raw.parked join raw.deliveries on told_partition = deliveries.part and told_offset = deliveries.kafka_offset
group by source, account
order by source, account
