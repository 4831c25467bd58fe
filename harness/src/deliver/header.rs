//! Headers of requests, whose values may be secrets.
//!
//! Owns `${env:NAME}` and that no value is ever printed. Refuses names that the protocols need themselves.

use crate::failure::Failure;
use http::{HeaderName, HeaderValue};
use std::fmt;

/// Names that the client sets, or that would break the framing.
const OWN: [&str; 10] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "grpc-encoding",
    "grpc-timeout",
    "host",
    "te",
    "transfer-encoding",
    "user-agent",
];

/// A header of every request. Its value is never printed.
#[derive(Clone)]
pub(crate) struct Header {
    name: HeaderName,
    value: HeaderValue,
}

impl Header {
    /// Reads `name=value`; `${env:NAME}` in the value is what `env` says of that name.
    ///
    /// Errors: no `=`, a name or value that no header can have, a variable that isn't set. None repeats the value.
    pub(crate) fn parse(text: &str, env: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let wrong = |message: String, help: &str| Failure::Argument { message, help: help.to_owned() };
        let Some((name, value)) = text.split_once('=') else {
            return Err(wrong(
                "a header has no `=` between its name and its value".to_owned(),
                "write it as `name=value`, or `authorization=Bearer ${env:TOKEN}` to keep the value out of the command",
            ));
        };
        let parsed: HeaderName = name.trim().parse().map_err(|_| {
            wrong(
                format!("`{name}` is no name of a header"),
                "letters, digits and dashes make a name, such as `x-tenant`",
            )
        })?;
        if OWN.contains(&parsed.as_str()) {
            return Err(wrong(
                format!("the header `{parsed}` is set by doorbuster itself"),
                "leave it away; compression and protocol have options of their own",
            ));
        }
        if parsed.as_str().ends_with("-bin") {
            return Err(wrong(
                format!("the header `{parsed}` would be binary in gRPC"),
                "give a header whose name does not end with `-bin`",
            ));
        }
        let value = resolve(value.trim(), &parsed, env)?;
        let mut value = HeaderValue::from_str(&value).map_err(|_| {
            wrong(
                format!("the value of the header `{parsed}` has characters that no header can have"),
                "leave line breaks, control characters and letters outside ASCII away; a variable read from a file often ends with a line break",
            )
        })?;
        value.set_sensitive(true);
        Ok(Self { name: parsed, value })
    }

    /// Its name, in lower case.
    pub(crate) const fn name(&self) -> &HeaderName {
        &self.name
    }

    /// Its value, marked as sensitive.
    pub(super) const fn value(&self) -> &HeaderValue {
        &self.value
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=<redacted>", self.name)
    }
}

fn resolve(text: &str, header: &HeaderName, env: impl Fn(&str) -> Option<String>) -> Result<String, Failure> {
    let mut resolved = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${env:") {
        let Some((name, after)) = after.split_once('}') else {
            return Err(Failure::Argument {
                message: format!("the value of the header `{header}` has `${{env:` without a `}}`"),
                help: "write it as `${env:NAME}`".to_owned(),
            });
        };
        let Some(value) = env(name) else {
            return Err(Failure::Argument {
                message: format!("the header `{header}` needs the environment variable `{name}`, which is not set"),
                help: format!("set it before the command, as in `{name}=... doorbuster send ...`, or export it"),
            });
        };
        resolved.push_str(before);
        resolved.push_str(&value);
        rest = after;
    }
    resolved.push_str(rest);
    Ok(resolved)
}
