//! Speed probe.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, dead_code)]
mod drill { pub mod fleet; pub mod sink; }
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let loaded = match doorbuster_scenarios::load(&doorbuster_scenarios::Source::from_arg(&args[1]), &args[4..]) { Ok(l) => l, Err(e) => { println!("{e}"); std::process::exit(78) } };
    let plan = doorbuster_model::compile::compile(&loaded.name, &loaded.scenario, 1);
    let mut fleet = drill::fleet::Fleet::new(&plan, args[3].parse().unwrap(), 2);
    let n: u32 = args[2].parse().unwrap();
    let mut into = doorbuster_virtual::slice::Slice::new(&plan);
    for s in 0..n {
        let t = std::time::Instant::now();
        let before = fleet.ledger();
        fleet.play_epoch(s).unwrap();
        if s % 10 == 9 { fleet.close_slice(&mut into);
        let el = t.elapsed().as_secs_f64();
        let l = fleet.ledger();
        let req = l.arrivals - before.arrivals;
        println!("{s} {req} req {:.0} ns/req/core {:.1} ev/req in flight {} ended {:?}", el * 1e9 * 2.0 / req as f64, (l.events-before.events) as f64/req as f64, l.in_flight(), l.ended);
        }
    }
    for (st, tot) in doorbuster_virtual::slice::stations(&plan).iter().zip(&into.stations) {
        println!("{st:?} util {:.3} waiting {:.2} max {}", tot.busy_ticks as f64 / (tot.capacity as f64 * 9765625.0), tot.waiting_ticks as f64/ 9765625.0, tot.max_waiting);
    }
    for (i, e) in into.endpoints.iter().enumerate() {
        println!("{} {} {:?} p50 {:.3} p99 {:.3} ms", plan.services[plan.endpoints[i].service as usize].name, plan.endpoints[i].name, e.outcomes, e.latencies.value_at_quantile(0.5) as f64 * 1.024e-3, e.latencies.value_at_quantile(0.99) as f64*1.024e-3);
    }
    fleet.drain().unwrap();
    for c in &fleet.cells { println!("{:?} {:?}", c.leftovers(), c.span_counts()); }
    println!("{}", fleet.fingerprint());
}
