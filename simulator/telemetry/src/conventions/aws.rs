//! Object storage by the AWS API: <https://opentelemetry.io/docs/specs/semconv/object-stores/s3/> and
//! <https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/>, in development.
//!
//! The pages demand `rpc.system`, which the same version deprecates; its successor is demanded in its place.

use super::Seen;

/// Operations of S3 that are about one object, which their keys name.
const OF_OBJECTS: [&str; 6] = ["GetObject", "HeadObject", "PutObject", "DeleteObject", "CopyObject", "UploadPart"];

pub(super) fn client(seen: &mut Seen<'_>) {
    seen.require_text(&["rpc.method", "server.address"]);
    seen.require_int(&["server.port"]);
    let method = seen.text("rpc.method").unwrap_or_default().to_owned();
    let Some((service, operation)) = method.split_once('/') else {
        return seen.report("`rpc.method` is not `Service/Operation`".to_owned());
    };
    seen.require_name(&format!("{service}.{operation}"));
    let is_s3 = service == "S3";
    seen.demand(is_s3, &format!("the AWS service `{service}` is not the shop's object storage"));
    let pascal =
        operation.starts_with(|c: char| c.is_ascii_uppercase()) && operation.chars().all(char::is_alphanumeric);
    seen.demand(pascal, &format!("`{operation}` is no operation of S3"));
    if operation != "ListBuckets" {
        seen.require_text(&["aws.s3.bucket"]);
    }
    let keyed = !seen.has("aws.s3.key") || OF_OBJECTS.contains(&operation);
    seen.demand(keyed, &format!("`aws.s3.key` is there, though {operation} is not about one object"));
}
