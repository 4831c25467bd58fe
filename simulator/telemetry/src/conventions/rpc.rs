//! gRPC spans: <https://opentelemetry.io/docs/specs/semconv/rpc/grpc/>, release candidate.

use super::Seen;

/// Codes of gRPC.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// Codes that are the server's fault.
const SERVER_ERRORS: [&str; 6] =
    ["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"];

pub(super) fn server(seen: &mut Seen<'_>) {
    both(seen, |code| SERVER_ERRORS.contains(&code));
}

pub(super) fn client(seen: &mut Seen<'_>) {
    seen.require_text(&["server.address"]);
    both(seen, |code| code != "OK");
}

fn both(seen: &mut Seen<'_>, is_error: impl Fn(&str) -> bool) {
    seen.require_text(&["rpc.method", "rpc.response.status_code"]);
    seen.demand(seen.text("rpc.system.name") == Some("grpc"), "`rpc.system.name` is not `grpc`");
    seen.demand(
        !seen.has("server.address") || seen.int("server.port").is_some(),
        "`server.address` without `server.port`",
    );
    let method = seen.text("rpc.method").unwrap_or_default().to_owned();
    let qualified = method.split_once('/').is_some_and(|(service, method)| !service.is_empty() && !method.is_empty());
    seen.demand(qualified, "`rpc.method` is not `package.Service/Method`");
    seen.require_name(&method);
    let code = seen.text("rpc.response.status_code").unwrap_or_default().to_owned();
    seen.demand(CODES.contains(&code.as_str()), &format!("`{code}` is no code of gRPC"));
    seen.require_failed(is_error(&code));
    let told = seen.text("error.type").is_none_or(|error| error == code);
    seen.demand(told, "`error.type` is not the code that came back");
}
