//! OTLP on the wire, for both ends: which signal goes where, and how bytes are framed.
//!
//! Owns the names of OTLP's services and paths and gRPC's framing (`opentelemetry-proto` 1.10, "OTLP/gRPC", "OTLP/HTTP"). Refuses
//! connections: the client is in `deliver`, the server in `sink`.

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Spans.
    Traces,
    /// Points of metrics.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// What its items are called.
    pub(crate) const fn items(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Metrics => "points",
            Self::Logs => "log records",
        }
    }

    /// The path of OTLP/HTTP.
    pub(crate) const fn http_path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Metrics => "/v1/metrics",
            Self::Logs => "/v1/logs",
        }
    }

    /// The path of OTLP/gRPC.
    pub(crate) const fn grpc_path(self) -> &'static str {
        match self {
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        }
    }
}

/// Bytes before a gRPC message: whether it is compressed, and its length.
pub(crate) const GRPC_PREFIX_BYTES: usize = 5;

/// The prefix of a gRPC message of `length` bytes.
pub(crate) const fn grpc_prefix(length: u32, is_compressed: bool) -> [u8; GRPC_PREFIX_BYTES] {
    let [a, b, c, d] = length.to_be_bytes();
    [is_compressed as u8, a, b, c, d]
}
