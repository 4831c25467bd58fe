//! Export requests read without building messages: a forward scan over their bytes.
//!
//! Owns which fields of OTLP's requests are visited, and what makes one corrupt. Refuses to change anything: what it finds is a list that
//! the counter applies when the whole request has been read. Attributes of spans are stepped over by their length, not read.

mod wire;

#[cfg(test)]
mod tests;

use crate::otlp::Signal;
use std::ops::Range;
use wire::Fields;

pub(super) use wire::Corrupt;

/// What a request holds. The lists are kept from one request to the next, so that a warm scan allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// All spans, in the order of the request.
    pub(super) spans: Vec<FoundSpan>,
    /// Whose they are.
    pub(super) groups: Vec<Group>,
    /// Points of metrics.
    pub(super) points: u64,
    /// Log records.
    pub(super) log_records: u64,
}

/// A span, as far as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FoundSpan {
    /// Its trace.
    pub(super) trace_id: u128,
    /// Its own id.
    pub(super) id: u64,
    /// Its start in nanoseconds since 1970.
    pub(super) start_unix_ns: u64,
    /// Its end in nanoseconds since 1970.
    pub(super) end_unix_ns: u64,
}

/// The spans of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// Where its `service.name` stands in the request; nothing if it has none.
    pub(super) service: Option<Range<usize>>,
    /// Its spans in [`Found::spans`].
    pub(super) spans: Range<usize>,
}

impl Found {
    fn clear(&mut self) {
        self.spans.clear();
        self.groups.clear();
        (self.points, self.log_records) = (0, 0);
    }
}

/// Scans an export request of a signal.
///
/// # Errors
/// When the bytes are no such request; `found` is to be thrown away then.
pub(super) fn scan(signal: Signal, body: &[u8], found: &mut Found) -> Result<(), Corrupt> {
    found.clear();
    let mut fields = Fields::new(body, 0);
    while let Some((field, value)) = fields.next()? {
        if field != 1 {
            continue;
        }
        let resource = value.message("a resource's items")?;
        match signal {
            Signal::Traces => resource_spans(resource, found)?,
            Signal::Metrics => found.points += items(resource, &mut points)?,
            Signal::Logs => found.log_records += items(resource, &mut |_| Ok(1))?,
        }
    }
    Ok(())
}

/// A `ResourceSpans`: resource 1, scope_spans 2.
fn resource_spans(mut fields: Fields<'_>, found: &mut Found) -> Result<(), Corrupt> {
    let first = found.spans.len();
    let mut service = None;
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => service = service_name(value.message("a resource")?)?.or(service),
            2 => scope_spans(value.message("a scope")?, &mut found.spans)?,
            _ => {}
        }
    }
    if found.spans.len() > first {
        found.groups.push(Group { service, spans: first..found.spans.len() });
    }
    Ok(())
}

/// A `ScopeSpans`: spans 2.
fn scope_spans(mut fields: Fields<'_>, spans: &mut Vec<FoundSpan>) -> Result<(), Corrupt> {
    while let Some((field, value)) = fields.next()? {
        if field == 2 {
            spans.push(span(value.message("a span")?)?);
        }
    }
    Ok(())
}

/// A `Span`: trace_id 1, span_id 2, start 7, end 8. Of a field that is there twice the last holds.
fn span(mut fields: Fields<'_>) -> Result<FoundSpan, Corrupt> {
    let (mut trace_id, mut id) = (None, None);
    let (mut start_unix_ns, mut end_unix_ns) = (0, 0);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => trace_id = Some(value.bytes("a trace id")?),
            2 => id = Some(value.bytes("a span id")?),
            7 => start_unix_ns = value.fixed64("a start")?,
            8 => end_unix_ns = value.fixed64("an end")?,
            _ => {}
        }
    }
    // The specification calls ids of another length invalid.
    let trace_id = trace_id.and_then(|bytes| bytes.try_into().ok()).map(u128::from_be_bytes);
    let id = id.and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
    let (Some(trace_id), Some(id)) = (trace_id, id) else {
        return Err(fields.corrupt("a span's ids are not of 16 and 8 bytes"));
    };
    Ok(FoundSpan { trace_id, id, start_unix_ns, end_unix_ns })
}

/// A `Resource`: attributes 1, each a key 1 and a value 2; the value's string is 1.
fn service_name(mut fields: Fields<'_>) -> Result<Option<Range<usize>>, Corrupt> {
    let mut name = None;
    while let Some((field, value)) = fields.next()? {
        if field != 1 {
            continue;
        }
        let mut attribute = value.message("an attribute")?;
        let (mut is_name, mut text) = (false, None);
        while let Some((field, value)) = attribute.next()? {
            match field {
                1 => is_name = value.bytes("a key")? == b"service.name",
                2 => text = string(value.message("a value")?)?.or(text),
                _ => {}
            }
        }
        if is_name {
            name = text.or(name);
        }
    }
    Ok(name)
}

/// Where the string of an `AnyValue` stands.
fn string(mut fields: Fields<'_>) -> Result<Option<Range<usize>>, Corrupt> {
    let mut text = None;
    while let Some((field, value)) = fields.next()? {
        if field == 1 {
            text = Some(value.message("a string")?.range());
        }
    }
    Ok(text)
}

/// A `ResourceMetrics` or `ResourceLogs`: scopes 2, each with items 2; what `count` makes of all items.
fn items(mut fields: Fields<'_>, count: &mut dyn FnMut(Fields<'_>) -> Result<u64, Corrupt>) -> Result<u64, Corrupt> {
    let mut sum = 0;
    while let Some((field, value)) = fields.next()? {
        if field != 2 {
            continue;
        }
        let mut scope = value.message("a scope")?;
        while let Some((field, value)) = scope.next()? {
            if field == 2 {
                sum += count(value.message("an item")?)?;
            }
        }
    }
    Ok(sum)
}

/// A `Metric`: one of gauge 5, sum 7, histogram 9, exponential histogram 10, summary 11; the points of each are 1.
fn points(mut fields: Fields<'_>) -> Result<u64, Corrupt> {
    let (mut kind, mut sum) = (0, 0);
    while let Some((field, value)) = fields.next()? {
        if !matches!(field, 5 | 7 | 9 | 10 | 11) {
            continue;
        }
        // Only one kind holds: the last. Two pieces of one kind are one.
        if kind != field {
            (kind, sum) = (field, 0);
        }
        let mut data = value.message("points")?;
        while let Some((field, value)) = data.next()? {
            if field == 1 {
                value.message("a point")?;
                sum += 1;
            }
        }
    }
    Ok(sum)
}
