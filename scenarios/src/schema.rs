//! The JSON schema of a scenario file: the types' own, with the two keys that only the loader knows.

use serde_json::{Value, json};

/// The JSON schema of a scenario file, for editors and for the loader's own validation.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(crate::Scenario).to_value();
    let properties = schema
        .get_mut("properties")
        .and_then(Value::as_object_mut)
        .expect("invariant: the schema of a struct has properties");
    properties.insert(
        "use".to_owned(),
        json!({
            "description": "Another scenario, by the name of a built-in or by path: every top-level section that this file does not have is taken from it.",
            "type": "string",
            "examples": ["shop", "./my-shop.yaml"]
        }),
    );
    properties.insert(
        "set".to_owned(),
        json!({
            "description": "Single values put in place of others, after `use`: a path such as `services.payment.pods`, and its value.",
            "type": "object",
            "additionalProperties": true
        }),
    );
    schema
}
