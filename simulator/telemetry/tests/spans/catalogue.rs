//! The catalogue: names by the plan's numbers.

use crate::shop::plan;
use doorbuster_telemetry::catalogue::{Catalogue, What};
use doorbuster_telemetry::shapes::Kind;

/// *Scenario*: the catalogue of a small shop.
/// *Guarantees*: as many names as the plan has numbers; a statement's shape leads to store, name and text, a server's to its endpoint and back.
#[test]
fn numbers_lead_to_names() {
    let plan = plan();
    let catalogue = Catalogue::new(&plan);
    assert_eq!(catalogue.services, ["gateway", "payment", "product"]);
    assert_eq!(catalogue.stores, ["payments", "provider", "cache", "catalogue"]);
    assert_eq!(catalogue.shapes.len(), plan.shapes.len());
    assert_eq!(catalogue.pools.len(), 1);
    assert_eq!((catalogue.pools[0].service.as_str(), catalogue.pools[0].store.as_str()), ("payment", "payments"));
    let shape = catalogue.shapes.iter().find(|shape| shape.span == "SELECT payments").expect("a shape");
    let What::Statement { statement } = shape.what else { panic!("{shape:?}") };
    let statement = &catalogue.statements[usize::from(statement)];
    assert_eq!(shape.service, "payment");
    assert_eq!((statement.store.as_str(), statement.name.as_str()), ("payments", "by_user"));
    assert_eq!(statement.text, "SELECT * FROM payments WHERE user_id = ?");
    for (number, endpoint) in catalogue.endpoints.iter().enumerate() {
        let shape = &catalogue.shapes[usize::from(endpoint.shape)];
        assert_eq!((shape.kind, shape.what), (Kind::Server, What::Answer { endpoint: number as u16 }));
        assert_eq!(shape.service, endpoint.service);
    }
}
