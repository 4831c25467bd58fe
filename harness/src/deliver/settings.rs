//! What a delivery is told: where to, how, and its bounds.
//!
//! Owns parsing and defaults. Refuses secrets in addresses: they would be printed with them.

use super::Header;
use crate::failure::Failure;
use http::uri::{Scheme, Uri};
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The two protocols of OTLP that carry protobuf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// OTLP/gRPC.
    #[default]
    Grpc,
    /// OTLP/HTTP with protobuf.
    Http,
}

impl Protocol {
    /// The port that the specification names.
    pub(crate) const fn default_port(self) -> u16 {
        match self {
            Self::Grpc => 4317,
            Self::Http => 4318,
        }
    }
}

/// How bodies are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, level 1.
    Gzip,
    /// zstd, level 1.
    Zstd,
}

impl Compression {
    /// Its name in headers.
    pub(crate) const fn encoding(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }
}

/// Files and names of TLS; of use only for `https://`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tls {
    /// PEM file of the authorities that are trusted; none: those of the system.
    pub(crate) ca: Option<PathBuf>,
    /// PEM files of our own certificate chain and its key, for endpoints that ask for one.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
    /// The name that the endpoint's certificate must have, if not the host's.
    pub(crate) server_name: Option<String>,
}

/// Where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    is_tls: bool,
    host: String,
    port: u16,
    path: String,
}

impl Endpoint {
    /// Reads `http://host:port` or `https://host:port`; without a port it is the protocol's. OTLP/HTTP may have a path, before which
    /// `/v1/traces` and the others are put.
    ///
    /// Errors: anything else, told with its remedy.
    pub(crate) fn parse(text: &str, protocol: Protocol) -> Result<Self, Failure> {
        let example = match protocol {
            Protocol::Grpc => "write it as `http://localhost:4317` or `https://collector.example:4317`",
            Protocol::Http => "write it as `http://localhost:4318` or `https://collector.example:4318`",
        };
        let wrong = |message: String, help: &str| Failure::Argument { message, help: help.to_owned() };
        let uri: Uri =
            text.parse().map_err(|error| wrong(format!("the endpoint `{text}` is no URL: {error}"), example))?;
        let is_tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) => {
                let message =
                    format!("the endpoint `{text}` has the scheme `{scheme}`, which is neither http nor https");
                return Err(wrong(message, example));
            }
            None => return Err(wrong(format!("the endpoint `{text}` does not say http:// or https://"), example)),
        };
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            let help = "take it out of the URL and give it as a header: `--header 'authorization=Basic ${env:NAME}'`";
            return Err(wrong("the endpoint has a user or a password in it, which would be printed".to_owned(), help));
        }
        if uri.query().is_some() {
            return Err(wrong(format!("the endpoint `{text}` has a query, which OTLP does not know"), example));
        }
        let path = uri.path().trim_end_matches('/').to_owned();
        if protocol == Protocol::Grpc && !path.is_empty() {
            let help = "leave the path away, or choose OTLP over HTTP";
            return Err(wrong(format!("the endpoint `{text}` has a path, which OTLP over gRPC does not know"), help));
        }
        let path = match path.strip_suffix("/v1/traces") {
            Some(prefix) => prefix.to_owned(),
            None => path,
        };
        let host = uri.host().unwrap_or_default();
        if host.is_empty() {
            return Err(wrong(format!("the endpoint `{text}` names no host"), example));
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { is_tls, host, port: uri.port_u16().unwrap_or(protocol.default_port()), path })
    }

    /// Whether it is spoken to over TLS.
    pub(crate) const fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Its host, without brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// What stands before `/v1/traces`, without a slash at the end.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is this machine by its name: `localhost` or a loopback address.
    pub(crate) fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost") || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// `host:port`, as a URL has it.
    pub(crate) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// `http` or `https`.
    pub(crate) const fn scheme(&self) -> &'static str {
        if self.is_tls { "https" } else { "http" }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme(), self.authority(), self.path)
    }
}

/// All that a delivery is told.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Where to; at least one.
    pub(crate) endpoints: Vec<Endpoint>,
    /// How.
    pub(crate) protocol: Protocol,
    /// Compression of bodies.
    pub(crate) compression: Compression,
    /// TLS.
    pub(crate) tls: Tls,
    /// Headers of every request.
    pub(crate) headers: Vec<Header>,
    /// The longest wait for an answer, and for a connection.
    pub(crate) timeout: Duration,
    /// No further try begins later than this after a body was due. 0: none at all.
    pub(crate) retry_window: Duration,
    /// A body that is sent later than this after it was due counts as late.
    pub(crate) late_after: Duration,
    /// Lines: threads that send, one for each that simulates.
    pub(crate) lines: usize,
    /// Bodies that may wait in a line.
    pub(crate) buffer_bodies: usize,
    /// Connections to each endpoint, in each line.
    pub(crate) connections: usize,
    /// Bodies in flight on a connection; HTTP/1.1 has one.
    pub(crate) in_flight: usize,
    /// Seed of the jitter of retries.
    pub(crate) seed: u64,
}

impl Settings {
    /// The defaults for these endpoints: 10 s of timeout and no compression as OTLP's exporters have them; the rest is chosen.
    pub(crate) fn new(protocol: Protocol, endpoints: Vec<Endpoint>) -> Self {
        Self {
            endpoints,
            protocol,
            compression: Compression::None,
            tls: Tls::default(),
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            retry_window: Duration::from_secs(30),
            late_after: Duration::from_millis(10),
            lines: 1,
            buffer_bodies: 64,
            connections: match protocol {
                Protocol::Grpc => 1,
                Protocol::Http => 4,
            },
            in_flight: 16,
            seed: 0,
        }
    }

    /// Errors: bounds of zero, no endpoint, TLS files without TLS.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let wrong =
            |message: &str, help: &str| Err(Failure::Argument { message: message.to_owned(), help: help.to_owned() });
        if self.endpoints.is_empty() {
            return wrong("there is no endpoint to send to", "name one: `--to http://localhost:4317`");
        }
        if self.lines == 0 || self.buffer_bodies == 0 || self.connections == 0 || self.in_flight == 0 {
            return wrong("lines, buffer, connections and bodies in flight must not be 0", "give at least 1 of each");
        }
        if self.timeout.is_zero() {
            return wrong("the timeout of requests is 0, so that every one would fail", "give it a time such as `10s`");
        }
        let has_tls = self.tls.ca.is_some() || self.tls.identity.is_some() || self.tls.server_name.is_some();
        if has_tls && !self.endpoints.iter().any(Endpoint::is_tls) {
            return wrong(
                "there are settings for TLS, but no endpoint is spoken to over TLS",
                "write the endpoint with https://, or leave the settings for TLS away",
            );
        }
        Ok(())
    }
}
