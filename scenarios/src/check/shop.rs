//! Services and stores: ranges, pools, tables, statements.

use super::draws::{LONGEST, draw};
use super::{Check, messages, programs};
use crate::load::Spot;
use crate::types::{Costs, Discipline, Endpoint, Service, Statement, Store, StoreKind};
use crate::units::{Amount, Rate};
use std::collections::BTreeSet;

/// Indexes of a table: as many as MySQL's InnoDB allows beside the primary key ("Limits", MySQL 8.4 manual).
const MOST_INDEXES: usize = 64;
/// Connections of one pool.
pub(super) const MOST_CONNECTIONS: u64 = 100_000;
/// Pods of a service in a cell.
pub(super) const MOST_PODS: u64 = 10_000;
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

pub(super) fn services(check: &mut Check<'_>, spot: Spot<'_>) {
    if check.scenario.services.values().all(|service| service.endpoints.is_empty()) {
        check.report(spot.at, "there is no endpoint", "a scenario has at least one service with one endpoint");
    }
    for (name, one) in &check.scenario.services {
        check.name(spot.key(name).name_at, name);
        service(check, spot.key(name), one);
    }
}

fn service(check: &mut Check<'_>, spot: Spot<'_>, service: &Service) {
    check.amount(spot, "pods", service.pods, 1, MOST_PODS);
    check.amount(spot, "cores", service.cores, 1, 1_024);
    if let Some(workers) = service.workers {
        check.amount(spot, "workers", workers, 1, 1_000_000);
    } else if service.accept_queue != Service::default().accept_queue {
        // The default is let through: a resolved scenario writes it out.
        let help = "without `workers` there is no limit, and nothing waits";
        check.report(spot.key("accept_queue").at, "`accept_queue` without `workers`", help);
    }
    check.amount(spot, "accept_queue", service.accept_queue, 0, 1_000_000);
    let pools = spot.key("pools");
    for (store, pool) in &service.pools {
        if !check.scenario.stores.contains_key(store) {
            let known = check.scenario.stores.keys().map(String::as_str);
            check.unknown(pools.key(store).name_at, format!("unknown store `{store}`"), store, "stores", known);
        }
        check.amount(pools.key(store), "size", pool.size, 1, MOST_CONNECTIONS);
        check.over_zero(pools.key(store), "acquire_timeout", pool.acquire_timeout);
        if pool.acquire_again && pool.acquire_timeout.is_none() {
            let help = "without `acquire_timeout` no wait is in vain";
            check.report(pools.key(store).key("acquire_again").at, "`acquire_again` without `acquire_timeout`", help);
        }
    }
    costs(check, spot.key("costs"), &service.costs);
    if let Some(limit) = &service.rate_limit {
        rate_limit(check, spot.key("rate_limit"), limit.rate, limit.burst);
    }
    consumers(check, spot.key("consumers"), service);
    let endpoints = spot.key("endpoints");
    let mut routes = BTreeSet::new();
    for (name, one) in &service.endpoints {
        check.name(endpoints.key(name).name_at, name);
        endpoint(check, endpoints.key(name), one, service);
        if let Some(route) = &one.route {
            let route = (one.method.as_deref().unwrap_or("GET"), route.as_str());
            if !routes.insert(route) {
                let message = format!("another endpoint answers {} {} already", route.0, route.1);
                check.report(endpoints.key(name).key("route").at, message, "");
            }
        }
    }
}

/// Names of consumers, and what they consume.
fn consumers(check: &mut Check<'_>, spot: Spot<'_>, service: &Service) {
    for (name, one) in &service.consumers {
        let spot = spot.key(name);
        check.name(spot.name_at, name);
        if service.endpoints.contains_key(name) {
            check.report(
                spot.name_at,
                format!("there is an endpoint `{name}` as well"),
                "give the consumer another name",
            );
        }
        messages::topic(check, spot, &one.store, &one.topic);
        programs::program(check, spot.key("do"), &one.program, service);
    }
}

fn costs(check: &mut Check<'_>, spot: Spot<'_>, costs: &Costs) {
    let all = [
        ("admission", &costs.admission),
        ("rejection", &costs.rejection),
        ("failed_acquire", &costs.failed_acquire),
        ("timeout", &costs.timeout),
        ("retry", &costs.retry),
        ("answer", &costs.answer),
    ];
    for (name, cost) in all {
        if let Some(cost) = cost {
            draw(check, spot.key(name), cost);
        }
    }
}

/// Checks a limit on the rate of requests; `spot` is where `rate` and `burst` are written.
pub(super) fn rate_limit(check: &mut Check<'_>, spot: Spot<'_>, rate: Rate, burst: Amount) {
    if rate.per_s <= 0.0 {
        check.report(spot.key("rate").at, "`rate` must be over 0/s", "");
    }
    check.amount(spot, "burst", burst, 1, 1_000_000);
}

fn endpoint(check: &mut Check<'_>, spot: Spot<'_>, endpoint: &Endpoint, service: &Service) {
    if let Some(route) = &endpoint.route
        && !route.starts_with('/')
    {
        check.report(spot.key("route").at, format!("a route begins with `/`, not like `{route}`"), "");
    }
    if let Some(method) = &endpoint.method {
        if !METHODS.contains(&method.as_str()) {
            let message = format!("unknown method `{method}`");
            check.unknown(spot.key("method").at, message, method, "methods", METHODS);
        }
        if endpoint.route.is_none() {
            let help = "an endpoint without `route` is a gRPC method";
            check.report(spot.key("method").at, "`method` without `route`", help);
        }
    }
    programs::program(check, spot.key("do"), &endpoint.program, service);
}

pub(super) fn stores(check: &mut Check<'_>, spot: Spot<'_>) {
    for (name, one) in &check.scenario.stores {
        check.name(spot.key(name).name_at, name);
        store(check, spot.key(name), one);
    }
}

fn store(check: &mut Check<'_>, spot: Spot<'_>, store: &Store) {
    check.amount(spot, "shards", store.shards, 1, 1_000);
    check.amount(spot, "cores", store.cores, 1, 1_024);
    let is_fifo = matches!(store.kind, StoreKind::Redis | StoreKind::Kafka);
    let by_kind = if is_fifo { Discipline::Fifo } else { Discipline::Ps };
    messages::topics(check, spot, store);
    if store.cancel == Some(true) && store.discipline.unwrap_or(by_kind) == Discipline::Fifo {
        let help = "a statement that is served first come, first served runs to completion; leave `cancel` out";
        check.report(spot.key("cancel").at, "`cancel: true` needs `discipline: ps`", help);
    }
    let tables = spot.key("tables");
    for (name, table) in &store.tables {
        let spot = tables.key(name);
        check.name(spot.name_at, name);
        for (key, rate) in [("scan_rate", table.scan_rate), ("build_rate", table.build_rate)] {
            if rate.per_s <= 0.0 {
                check.report(spot.key(key).at, format!("`{key}` must be over 0/s"), "");
            }
        }
        let scan_s = table.rows.count as f64 / table.scan_rate.per_s;
        if scan_s.is_finite() && scan_s > LONGEST.s() {
            let message = format!("a scan of {} rows takes {scan_s:.0}s, over {LONGEST}", table.rows);
            check.report(spot.key("rows").at, message, "fewer rows, or a higher `scan_rate`");
        }
        let mut columns = BTreeSet::new();
        for (index, column) in table.indexes.iter().enumerate() {
            if !columns.insert(column) {
                check.report(spot.key("indexes").item(index).at, format!("index `{column}` stands twice"), "");
            }
        }
        if table.indexes.len() > MOST_INDEXES {
            let message = format!("table `{name}` has more than {MOST_INDEXES} indexes");
            check.report(spot.key("indexes").at, message, "");
        }
    }
    let statements = spot.key("statements");
    for (name, one) in &store.statements {
        check.name(statements.key(name).name_at, name);
        statement(check, statements.key(name), one, store);
    }
}

fn statement(check: &mut Check<'_>, spot: Spot<'_>, statement: &Statement, store: &Store) {
    draw(check, spot.key("cost"), &statement.cost);
    let Some(table_name) = &statement.table else {
        if statement.index.is_some() {
            check.report(spot.key("index").at, "`index` without `table`", "say which table the index is of");
        }
        return;
    };
    let Some(table) = store.tables.get(table_name) else {
        let known = store.tables.keys().map(String::as_str);
        check.unknown(spot.key("table").at, format!("unknown table `{table_name}`"), table_name, "tables", known);
        return;
    };
    if let Some(index) = &statement.index
        && !table.indexes.iter().take(MOST_INDEXES).any(|known| known == index)
    {
        let known = table.indexes.iter().map(String::as_str);
        let message = format!("table `{table_name}` has no index `{index}`");
        check.unknown(spot.key("index").at, message, index, "its indexes", known);
    }
}
