//! Metrics as OTLP: what [`Export`] holds, under the names that a fleet would see.
//!
//! Owns the road from an export to the requests of the services (names of semantic conventions 1.44), of the receivers of a
//! collector that ask the stores (their `documentation.md`), and of the one that asks the cluster. Refuses to
//! estimate: what an export does not hold is left out, and `services` says what.
//!
//! *Resources.* An export adds up the pods of a service and the cells of a fleet, so a stream is one of a whole service, as behind an
//! aggregating gateway: its resource has no instance, pod or node. A request is one service's, one store's or the cluster's.
//!
//! *Temporality is cumulative*, as SDKs and receivers do by default and Prometheus demands: counters and histograms
//! count from virtual time zero, which is every point's start. Exports are taken one after the other; a missed one is missing
//! for good.
//!
//! Names that no convention has begin with `shop.`. To add a metric, add a line to the service's, store's or cluster's list.

mod services;
mod stores;
mod stream;

use crate::encode::{Place, key_value, scope};
use crate::observed::Export;
use crate::shapes::{Attribute, SCHEMA_URL, Value};
use doorbuster_model::plan::Plan;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use stream::Streams;

/// Encodes the exports of one run.
pub struct MetricsEncoder<'p> {
    plan: &'p Plan,
    epoch_unix_ns: u64,
    total: Option<Export>,
}

/// What happened up to the end of an interval, and in it.
struct Seen<'e> {
    plan: &'e Plan,
    /// Counts since time zero. Levels in it mean nothing.
    total: &'e Export,
    /// Counts of the interval, and levels at its end.
    now: &'e Export,
    /// Ticks of the interval.
    ticks: f64,
}

impl<'p> MetricsEncoder<'p> {
    /// An encoder of a plan's exports, the first one next.
    #[must_use]
    pub fn new(plan: &'p Plan, place: Place) -> Self {
        Self { plan, epoch_unix_ns: place.epoch_unix_ns, total: None }
    }

    /// The requests of an export that follows the one before: the services', then the stores', then the cluster's.
    ///
    /// # Panics
    /// If the export is of another plan, or not after the one before.
    pub fn requests(&mut self, export: &Export) -> Vec<ExportMetricsServiceRequest> {
        let before_s = self.add(export);
        let total = self.total.as_ref().expect("invariant: an export was added");
        let ticks = stream::ticks_of(f64::from(export.at_s - before_s));
        let seen = Seen { plan: self.plan, total, now: export, ticks };
        let streams = Streams::new(self.epoch_unix_ns, export.at_s);
        let mut requests = Vec::new();
        for (id, service) in self.plan.services.iter().enumerate() {
            let metrics = services::metrics(&seen, &streams, id as u16);
            requests.push(request(&services::resource(service), scope(), metrics));
        }
        for (id, store) in self.plan.stores.iter().enumerate() {
            let metrics = stores::metrics(&seen, &streams, id as u16);
            requests.push(request(&stores::resource(store), scope_of(stores::receiver(store.kind)), metrics));
        }
        let mut cluster = ExportMetricsServiceRequest::default();
        for (id, service) in self.plan.services.iter().enumerate() {
            let deployment = services::deployment(&seen, &streams, id);
            let of_one = request(&services::deployment_resource(service), scope_of("k8scluster"), deployment);
            cluster.resource_metrics.extend(of_one.resource_metrics);
        }
        requests.push(cluster);
        requests
    }

    /// Adds an export to the counts, and says when the one before it was.
    fn add(&mut self, export: &Export) -> u32 {
        let Some(total) = &mut self.total else {
            self.total = Some(export.clone());
            return 0;
        };
        let before_s = total.at_s;
        assert!(before_s < export.at_s, "exports come one after the other");
        total.at_s = export.at_s;
        total.merge(export);
        before_s
    }
}

fn request(attributes: &[Attribute], scope: InstrumentationScope, metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    let attributes = attributes.iter().map(key_value).collect();
    let scope_metrics = ScopeMetrics { scope: Some(scope), metrics, schema_url: SCHEMA_URL.to_owned() };
    let resource_metrics = ResourceMetrics {
        resource: Some(Resource { attributes, ..Resource::default() }),
        scope_metrics: vec![scope_metrics],
        schema_url: SCHEMA_URL.to_owned(),
    };
    ExportMetricsServiceRequest { resource_metrics: vec![resource_metrics] }
}

/// The scope of a receiver, as the collector names it.
fn scope_of(receiver: &str) -> InstrumentationScope {
    let name = format!("github.com/open-telemetry/opentelemetry-collector-contrib/receiver/{receiver}receiver");
    InstrumentationScope { name, ..InstrumentationScope::default() }
}

fn text(key: &'static str, value: &str) -> Attribute {
    (key, Value::Text(value.to_owned()))
}
