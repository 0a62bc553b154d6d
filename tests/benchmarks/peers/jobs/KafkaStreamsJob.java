import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** The simple job (see simple.py) on Kafka Streams, exactly once. */
public class KafkaStreamsJob {
    @JsonIgnoreProperties(ignoreUnknown = true)
    public static class Event {
        public String order_id, type;
    }

    public static class State {
        public int n;
        public String status = "";
    }

    public static class Told {
        public String order_id, was, status;
        public int n;
    }

    static class Fold implements Processor<String, Event, String, Told> {
        ProcessorContext<String, Told> context;
        KeyValueStore<String, State> orders;

        @Override
        public void init(ProcessorContext<String, Told> given) {
            context = given;
            orders = given.getStateStore("orders");
        }

        @Override
        public void process(Record<String, Event> record) {
            State state = orders.get(record.key());
            if (state == null) {
                state = new State();
            }
            Told told = new Told();
            told.order_id = record.value().order_id;
            told.was = state.status;
            told.status = state.status = record.value().type;
            told.n = state.n += 1;
            orders.put(record.key(), state);
            context.forward(record.withValue(told));
        }
    }

    static <T> Serde<T> json(Class<T> type) {
        ObjectReader reader = new ObjectMapper().readerFor(type);
        ObjectWriter writer = new ObjectMapper().writerFor(type);
        return Serdes.serdeFrom(
                (topic, value) -> {
                    try {
                        return value == null ? null : writer.writeValueAsBytes(value);
                    } catch (IOException error) {
                        throw new UncheckedIOException(error);
                    }
                },
                (topic, raw) -> {
                    try {
                        return raw == null ? null : reader.readValue(raw);
                    } catch (IOException error) {
                        throw new UncheckedIOException(error);
                    }
                });
    }

    static Properties settings(Map<String, String> given) {
        Properties settings = new Properties();
        settings.put("application.id", given.get("PEER_RUN"));
        settings.put("bootstrap.servers", given.get("PEER_KAFKA"));
        settings.put("state.dir", given.get("PEER_HOME"));
        settings.put("num.stream.threads", given.get("PEER_THREADS"));
        settings.put("commit.interval.ms", given.get("PEER_COMMIT_MS"));
        settings.put("processing.guarantee", "exactly_once_v2");
        settings.put("replication.factor", "1");
        settings.put("statestore.cache.max.bytes", "0"); // one changelog record for each event, as all others
        settings.put("buffered.records.per.partition", "5000");
        settings.put("consumer.auto.offset.reset", "earliest");
        settings.put("consumer.max.poll.records", "5000");
        settings.put("producer.batch.size", "262144");
        settings.put("producer.buffer.memory", "67108864");
        return settings;
    }

    public static void main(String[] arguments) {
        Map<String, String> given = System.getenv();
        boolean memory = given.get("PEER_STORE").equals("memory");
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(Stores.keyValueStoreBuilder(
                memory ? Stores.inMemoryKeyValueStore("orders") : Stores.persistentKeyValueStore("orders"),
                Serdes.String(), json(State.class)));
        builder.stream(given.get("PEER_INPUT"), Consumed.with(Serdes.String(), json(Event.class)))
                .process(Fold::new, "orders")
                .to(given.get("PEER_OUTPUT"), Produced.with(Serdes.String(), json(Told.class)));
        KafkaStreams streams = new KafkaStreams(builder.build(), settings(given));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(10))));
        streams.start();
    }
}
