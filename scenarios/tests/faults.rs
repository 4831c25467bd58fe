//! Messages, caches and faults: what does not fit together is told with its line, its cause and a cure.

mod workbench;

use workbench::Folder;

/// A small shop with a topic, a consumer, a cache and a partition of the network; nothing is wrong with it.
const GOOD: &str = "\
services:
  gate:
    endpoints:
      ask:
        route: /api/ask
        do:
          - call: {endpoint: shop.buy, timeout: 1s}
  shop:
    pods: 4
    pools:
      events: {size: 4, acquire_timeout: 100ms}
    endpoints:
      buy:
        do:
          - cached: {store: cache, get: get, put: put, timeout: 100ms, keys: 1k, miss: 5%, on_miss: [{query: {store: db, statement: read, timeout: 1s}}]}
          - publish: {store: events, topic: order.created, timeout: 1s}
    consumers:
      ship:
        store: events
        topic: order.created
        do:
          - query: {store: db, statement: read, timeout: 1s}
stores:
  cache: {kind: redis, statements: {get: {text: GET, cost: 50us}, put: {text: SET, cost: 50us}}}
  db: {kind: mysql, shards: 4, statements: {read: {text: SELECT 1, cost: 1ms}}}
  events: {kind: kafka, shards: 3, topics: {order.created: {partitions: 6, cost: 500us}}}
journeys:
  buy:
    weight: 1
    steps:
      - request: gate.ask
traffic: {poisson: 100/s}
faults:
  broken:
    change: {partition: {from: shop, to: db}}
    at: 2min
";

/// What is replaced, by what, the message, and the line at which it is told.
const WRONG: &[(&str, &str, &str, &str)] = &[
    (
        "topic: order.created\n        do",
        "topic: order.creatd\n        do",
        "store `events` has no topic `order.creatd`",
        ":20:",
    ),
    ("        store: events\n        topic", "        store: db\n        topic", "store `db` has no topics", ":19:"),
    ("      ship:\n", "      buy:\n", "there is an endpoint `buy` as well", ":18:"),
    ("publish: {store: events", "publish: {store: cache", "store `cache` has no topics", ":16:"),
    (
        "query: {store: db, statement: read, timeout: 1s}\nstores",
        "publish: {store: events, topic: order.created}\nstores",
        "what `shop.ship` does may publish a message that is consumed in turn",
        ":18:",
    ),
    (
        "kind: kafka, shards: 3, topics",
        "kind: redis, shards: 3, topics",
        "only a store of kind `kafka` has topics",
        ":26:",
    ),
    ("kind: kafka,", "kind: kafka, discipline: ps,", "`discipline: ps` with `kind: kafka`", ":26:"),
    ("partitions: 6", "partitions: 0", "`partitions` must be 1 to 1k, not 0", ":26:"),
    ("keys: 1k", "keys: 0", "`keys` must be 1 to 10M, not 0", ":15:"),
    ("on_miss: [{query: {store: db, statement: read, timeout: 1s}}]", "on_miss: []", "`on_miss` is empty", ":15:"),
    ("get: get, put", "get: order.created, put", "store `cache` has no statement `order.created`", ":15:"),
    ("request: gate.ask", "request: gate.aks", "service `gate` has no endpoint `aks`", ":31:"),
    ("{partition: {from: shop, to: db}}", "{partition: {from: gate, to: db}}", "`gate` asks nothing of `db`", ":35:"),
    (
        "{partition: {from: shop, to: db}}",
        "{partition: {from: shop, to: dbs}}",
        "there is no service or store `dbs`",
        ":35:",
    ),
    ("read, timeout: 1s}}]", "read}}]", "`shop` asks `db.read` without a `timeout`", ":35:"),
    ("{partition: {from: shop, to: db}}", "{cache_flush: {store: db}}", "no `cached` step looks up in `db`", ":35:"),
    (
        "{partition: {from: shop, to: db}}",
        "{stuck_consumer: {service: gate, consumer: ship}}",
        "service `gate` has no consumer `ship`",
        ":35:",
    ),
    ("{partition: {from: shop, to: db}}", "{pod_crash: {service: db}}", "unknown service `db`", ":35:"),
    ("{partition: {from: shop, to: db}}", "{store_down: {store: shop}}", "unknown store `shop`", ":35:"),
    (
        "{partition: {from: shop, to: db}}",
        "{slow_store: {store: db, factor: 0.5}}",
        "`factor` must be 1 to 10000, not 0.5",
        ":35:",
    ),
    (
        "{partition: {from: shop, to: db}}",
        "{lock: {store: db, hold: 2s, every: 2s}}",
        "`every` of 2s must be longer than `hold` of 2s",
        ":35:",
    ),
    (
        "{partition: {from: shop, to: db}}",
        "{network: {from: shop, to: db}}",
        "the fault has neither `delay` nor `loss`",
        ":35:",
    ),
    (
        "{partition: {from: shop, to: db}}",
        "{bad_release: {service: shop, version: 1.0.0, pods: 50%, errors: 5%}}",
        "`1.0.0` is the version that `shop` has already",
        ":35:",
    ),
    (
        "{partition: {from: shop, to: db}}",
        "{clock_skew: {service: shop}}",
        "a wrong clock is either `ahead` or `behind`",
        ":35:",
    ),
    ("{partition: {from: shop, to: db}}", "{surge: {journey: by, factor: 2}}", "unknown journey `by`", ":35:"),
    (
        "{partition: {from: shop, to: db}}",
        "{surge: {journey: buy, factor: 1}}",
        "`factor` must be over 1 and at most 1000, not 1",
        ":35:",
    ),
    (
        "{partition: {from: shop, to: db}}",
        "{retry_storm: {attempts: 1, after: 1s}}",
        "`attempts` must be 2 to 100, not 1",
        ":35:",
    ),
];

/// *Scenario*: a good shop with one thing wrong, over and over.
///
/// *Guarantees*: each is refused at its line with its cause.
#[test]
fn what_does_not_fit_is_told_at_its_line() {
    let folder = Folder::new("faults");
    folder.write("good.yaml", GOOD);
    folder.load("good.yaml", &[]).expect("a good scenario");
    let mut differ = String::new();
    for (old, new, message, line) in WRONG {
        assert!(GOOD.contains(old), "`{old}` is not in the good scenario");
        folder.write("my.yaml", GOOD.replacen(old, new, 1));
        match folder.load("my.yaml", &[]) {
            Ok(_) => differ.push_str(&format!("== `{new}` is accepted\n")),
            Err(told) if told.contains(message) && told.contains(&format!("my.yaml{line}")) => {}
            Err(told) => differ.push_str(&format!("== `{new}`\n-- expected {message} at {line}\n-- told\n{told}\n")),
        }
    }
    assert!(differ.is_empty(), "{differ}");
}

/// *Scenario*: ever more ways to a message: tries at two levels.
///
/// *Guarantees*: at most 255 are accepted, and whoever has too many is named.
#[test]
fn the_ways_to_a_message_are_bounded() {
    let folder = Folder::new("ways");
    let tries = |call: u32, publish: u32| {
        GOOD.replacen("shop.buy, timeout: 1s", &format!("shop.buy, timeout: 1s, retry: {{attempts: {call}}}"), 1)
            .replacen(
                "order.created, timeout: 1s}",
                &format!("order.created, timeout: 1s, retry: {{attempts: {publish}}}}}"),
                1,
            )
    };
    folder.write("my.yaml", tries(10, 10));
    folder.load("my.yaml", &[]).expect("a hundred ways");
    let twice = "- request: gate.ask\n      - request: gate.ask\n";
    folder.write("my.yaml", tries(10, 10).replacen("- request: gate.ask\n", twice, 1));
    folder.load("my.yaml", &[]).expect("the same hundred ways");
    let second = tries(10, 10).replacen("          - publish", "          - publish: {store: events, topic: order.created, timeout: 1s, retry: {attempts: 10}}\n          - publish: {store: events, topic: order.created, timeout: 1s, retry: {attempts: 10}}\n          - publish", 1);
    folder.write("my.yaml", second);
    let told = folder.load("my.yaml", &[]).expect_err("three hundred");
    assert!(told.contains("there are 300 ways to a message for a consumer, over 255; `gate.ask` has 300"), "{told}");
}
