//! What was sent or arrived, by service and by second: enough to say whose spans are missing, from when, and which one.
//!
//! Owns sums that two ends keep apart and compare. Refuses order and traces: a heap of spans is a count and the exclusive or of their
//! ids, so two heaps differ by exactly one span only if their difference names it.

use std::collections::BTreeMap;

/// Spans of one service that began in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heap {
    /// How many.
    pub spans: u64,
    /// Exclusive or of their trace ids.
    pub traces: u128,
    /// Exclusive or of their span ids.
    pub ids: u64,
}

impl Heap {
    /// Adds a span.
    #[inline]
    pub fn add(&mut self, trace_id: u128, span_id: u64) {
        self.spans += 1;
        self.traces ^= trace_id;
        self.ids ^= span_id;
    }

    /// Adds another heap.
    pub fn merge(&mut self, other: &Self) {
        self.spans += other.spans;
        self.traces ^= other.traces;
        self.ids ^= other.ids;
    }
}

/// All heaps of one end, by service and second since 1970 of the spans' start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    services: Vec<Service>,
}

/// The heaps of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Service {
    name: String,
    seconds: BTreeMap<u64, Heap>,
    /// The second that spans fall into at present, kept out of the map.
    second: u64,
    heap: Heap,
}

/// What a service's second lacks at one end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// `service.name`.
    pub service: String,
    /// Second since 1970 in which the spans began.
    pub second: u64,
    /// Spans that were sent and did not arrive; negative for ones that arrived and were not sent.
    pub spans: i64,
    /// The span, if it is exactly one.
    pub span: Option<(u128, u64)>,
}

impl Tally {
    /// Number of a service, for [`Tally::add`]; a new one if the name is new.
    pub fn service(&mut self, name: &str) -> usize {
        if let Some(place) = self.services.iter().position(|service| service.name == name) {
            return place;
        }
        let service = Service { name: name.to_owned(), seconds: BTreeMap::new(), second: 0, heap: Heap::default() };
        self.services.push(service);
        self.services.len() - 1
    }

    /// The same for whoever remembers a number, of this tally or another: it is tried first.
    pub fn service_near(&mut self, name: &str, remembered: usize) -> usize {
        let is_it = self.services.get(remembered).is_some_and(|service| service.name == name);
        if is_it { remembered } else { self.service(name) }
    }

    /// Adds a span of a service that began at a time in nanoseconds since 1970.
    #[inline]
    pub fn add(&mut self, service: usize, start_unix_ns: u64, trace_id: u128, span_id: u64) {
        let second = start_unix_ns / 1_000_000_000;
        let service = &mut self.services[service];
        if service.second != second {
            service.turn_to(second);
        }
        service.heap.add(trace_id, span_id);
    }

    /// All heaps that hold something: service, second, heap.
    pub fn heaps(&self) -> impl Iterator<Item = (&str, u64, Heap)> {
        self.services.iter().flat_map(|service| {
            let open =
                (service.heap.spans > 0 && !service.seconds.contains_key(&service.second)).then_some(service.second);
            let seconds = service.seconds.keys().copied().chain(open);
            seconds.map(|second| (service.name.as_str(), second, service.at(second)))
        })
    }

    /// Adds a heap of a service's second.
    pub fn put(&mut self, service: &str, second: u64, heap: &Heap) {
        let place = self.service(service);
        self.services[place].seconds.entry(second).or_default().merge(heap);
    }

    /// Adds another tally.
    pub fn merge(&mut self, other: &Self) {
        for (service, second, heap) in other.heaps() {
            self.put(service, second, &heap);
        }
    }

    /// Spans in all heaps.
    #[must_use]
    pub fn spans(&self) -> u64 {
        self.heaps().map(|(_, _, heap)| heap.spans).sum()
    }

    /// Where `arrived` lacks what is here, or has more, by service and second.
    #[must_use]
    pub fn gaps(&self, arrived: &Self) -> Vec<Gap> {
        let mut both: BTreeMap<(&str, u64), (Heap, Heap)> = BTreeMap::new();
        for (service, second, heap) in self.heaps() {
            both.entry((service, second)).or_default().0.merge(&heap);
        }
        for (service, second, heap) in arrived.heaps() {
            both.entry((service, second)).or_default().1.merge(&heap);
        }
        let differs = both.into_iter().filter(|(_, (here, there))| here != there);
        differs
            .map(|((service, second), (here, there))| {
                let spans = here.spans as i64 - there.spans as i64;
                let span = (spans.abs() == 1).then_some((here.traces ^ there.traces, here.ids ^ there.ids));
                Gap { service: service.to_owned(), second, spans, span }
            })
            .collect()
    }
}

impl Service {
    fn turn_to(&mut self, second: u64) {
        let heap = std::mem::take(&mut self.heap);
        if heap.spans > 0 {
            self.seconds.entry(self.second).or_default().merge(&heap);
        }
        self.second = second;
    }

    fn at(&self, second: u64) -> Heap {
        let mut heap = self.seconds.get(&second).copied().unwrap_or_default();
        if second == self.second {
            heap.merge(&self.heap);
        }
        heap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// *Scenario*: three services' spans over some seconds, out of order; one span does not arrive, one second arrives twice.
    /// *Guarantees*: equal ends have no gap; the lost span is named, and the doubled second counted.
    #[test]
    fn a_gap_says_whose_and_when() {
        let mut sent = Tally::default();
        let places = ["order", "payment", "user"].map(|name| sent.service(name));
        let mut arrived = sent.clone();
        let put = |tally: &mut Tally, n: u64| {
            let start_unix_ns = (n * 7_919 % 9) * 1_000_000_000 + n;
            tally.add(places[(n % 3) as usize], start_unix_ns, u128::from(n) * 77 + 1, n * 13 + 5);
        };
        for n in 0..10_000 {
            put(&mut sent, n);
            put(&mut arrived, n);
        }
        assert_eq!(sent.gaps(&arrived), []);
        put(&mut sent, 10_000);
        let gaps = sent.gaps(&arrived);
        let second = 10_000 * 7_919 % 9;
        let lost = Gap { service: "payment".to_owned(), second, spans: 1, span: Some((770_001, 130_005)) };
        assert_eq!(gaps, [lost]);
        put(&mut arrived, 10_000);
        for n in 0..9 {
            put(&mut arrived, n * 9);
        }
        let extra: i64 = sent.gaps(&arrived).iter().map(|gap| gap.spans).sum();
        assert_eq!(extra, -9);
        assert_eq!(sent.spans() + 9, arrived.spans());
    }
}
