//! Resources: who made a span.
//!
//! Owns the attributes of every pod of a cell under semantic conventions 1.44. Identities are pure functions of
//! seed, cell and pod, so that a run says the same names every time and every pod of the fleet another.

use crate::shapes::{Attribute, Value};
use doorbuster_model::key::{Key, name_hash};
use doorbuster_model::plan::{Plan, Service};

/// Pods of a cell on one node: chosen, 25 nodes for a cell of 500 pods.
const PODS_OF_NODE: u16 = 20;
/// The SDK that the live services use (as in `Cargo.lock`), so that both clocks say the same.
pub(crate) const SDK_VERSION: &str = "0.33.1";
/// Letters of generated Kubernetes names: no vowels, so no words.
const NAME_LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// The resource attributes of every pod of a cell, by pod.
#[must_use]
pub fn resources(plan: &Plan, cell: u16) -> Vec<Vec<Attribute>> {
    let pods = plan.services.iter().map(|service| service.pods).sum::<u16>();
    let nodes = pods.div_ceil(PODS_OF_NODE);
    let mut resources = Vec::with_capacity(usize::from(pods));
    for service in &plan.services {
        for pod in service.first_pod..service.first_pod + service.pods {
            let key = Key::of_seed(plan.seed)
                .child(name_hash("cell"), u64::from(cell))
                .child(name_hash("pod"), u64::from(pod));
            let version = service.version_of(pod - service.first_pod);
            resources.push(resource(plan, service, version, key, &format!("node-{cell}-{}", pod % nodes)));
        }
    }
    resources
}

fn resource(plan: &Plan, service: &Service, version_name: &str, key: Key, node: &str) -> Vec<Attribute> {
    let version = Key::of_seed(plan.seed).child(service.place, name_hash(version_name));
    let pod = format!("{}-{}-{}", service.name, letters(version.bits(0), 10), letters(key.bits(0), 5));
    let text = |key, value: &str| (key, Value::Text(value.to_owned()));
    vec![
        text("service.name", &service.name),
        text("service.namespace", "shop"),
        text("service.version", version_name),
        text("service.instance.id", &uuid(key)),
        text("deployment.environment.name", "production"),
        text("k8s.namespace.name", "shop"),
        text("k8s.pod.name", &pod),
        text("k8s.node.name", node),
        // In a container the host's name is the pod's.
        text("host.name", &pod),
        text("telemetry.sdk.name", "opentelemetry"),
        text("telemetry.sdk.language", "rust"),
        text("telemetry.sdk.version", SDK_VERSION),
        text("team", &service.team),
        text("cost_center", &service.cost_center),
    ]
}

fn letters(mut bits: u64, count: usize) -> String {
    let mut name = String::with_capacity(count);
    for _ in 0..count {
        name.push(char::from(NAME_LETTERS[(bits % NAME_LETTERS.len() as u64) as usize]));
        bits /= NAME_LETTERS.len() as u64;
    }
    name
}

/// A UUID of version 4 by its form; its bits follow from the key.
fn uuid(key: Key) -> String {
    let (high, low) = (key.bits(1), key.bits(2));
    let (version, variant) = (0x4000 | (high & 0x0fff), 0x8000 | (low >> 48 & 0x3fff));
    format!(
        "{:08x}-{:04x}-{version:04x}-{variant:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        low & 0xffff_ffff_ffff
    )
}
