//! HTTP spans: <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>, stable.

use super::Seen;

/// Methods that instrumentations know; others are `_OTHER`.
const METHODS: [&str; 10] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"];

pub(super) fn server(seen: &mut Seen<'_>) {
    seen.require_text(&["http.request.method", "url.path", "url.scheme"]);
    seen.demand(
        !seen.has("server.address") || seen.int("server.port").is_some(),
        "`server.address` without `server.port`",
    );
    seen.demand(!seen.has("http.request.resend_count"), "a server doesn't resend");
    // House rule: the shop's servers know their routes.
    seen.require_text(&["http.route"]);
    name(seen, "http.route");
    seen.require_int(&["http.response.status_code"]);
    if let Some(code) = status_code(seen) {
        seen.require_failed(code >= 500);
    }
}

pub(super) fn client(seen: &mut Seen<'_>) {
    seen.require_text(&["http.request.method", "server.address", "url.full"]);
    seen.require_int(&["server.port"]);
    name(seen, "url.template");
    let absolute = seen.text("url.full").is_none_or(|url| url.starts_with("http://") || url.starts_with("https://"));
    seen.demand(absolute, "`url.full` is not absolute");
    let template = seen.text("url.full").is_none_or(|url| !url.contains('{'));
    seen.demand(template, "`url.full` is a template");
    if seen.has("http.request.resend_count") {
        seen.demand(
            seen.int("http.request.resend_count").is_some_and(|count| count > 0),
            "`http.request.resend_count` is not above zero",
        );
    }
    // Without a code either no answer came, which is an error, or the caller gave up, which is none.
    if let Some(code) = status_code(seen) {
        seen.require_failed(code >= 400);
    }
}

/// `{method} {target}`, or the method alone; `HTTP` for methods that are not known.
fn name(seen: &mut Seen<'_>, target: &str) {
    let method = seen.text("http.request.method").unwrap_or_default().to_owned();
    seen.demand(METHODS.contains(&method.as_str()) || method == "_OTHER", &format!("method `{method}` is not known"));
    let method = if method == "_OTHER" { "HTTP".to_owned() } else { method };
    let name = seen.text(target).map(|target| format!("{method} {target}"));
    seen.require_name(&name.unwrap_or(method));
}

fn status_code(seen: &mut Seen<'_>) -> Option<i64> {
    let code = seen.int("http.response.status_code")?;
    seen.demand((100..600).contains(&code), &format!("{code} is no status code"));
    Some(code)
}
