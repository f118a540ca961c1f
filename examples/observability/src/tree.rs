//! Traces as text, for those who have no collector at hand.

use std::{
    fmt::{self, Display, Formatter, Write as _},
    mem,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use opentelemetry::{KeyValue, trace::SpanId};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};

/// Spans that wait for the end of the first span of their trace. A program that never ends it must not keep them forever.
const MAX_SPANS: usize = 1000;

/// Prints each trace when its first span in this program has ended.
#[derive(Debug, Default)]
pub struct Trees(Mutex<Vec<SpanData>>);

impl SpanExporter for Trees {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        for span in batch {
            let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let trace = span.span_context.trace_id();
            let is_first = is_first(&span);
            if spans.len() == MAX_SPANS {
                spans.clear();
            }
            spans.push(span);
            if !is_first {
                continue;
            }
            let (ended, rest) =
                mem::take(&mut *spans).into_iter().partition(|span| span.span_context.trace_id() == trace);
            *spans = rest;
            print(trace, &ended);
        }
        Ok(())
    }
}

fn print(trace: impl Display, spans: &[SpanData]) {
    println!("trace {trace}");
    for line in lines(spans) {
        println!("{line}");
    }
    println!();
}

/// Whether no other span of this program is above it.
fn is_first(span: &SpanData) -> bool {
    span.parent_span_id == SpanId::INVALID || span.parent_span_is_remote
}

/// A span or an event of a trace.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Line {
    /// How many spans are above it.
    pub depth: usize,
    /// Its name, and what it has recorded.
    pub text: String,
    /// How long it took; `None` for an event.
    pub duration: Option<Duration>,
}

impl Display for Line {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let indent = "  ".repeat(self.depth);
        match self.duration {
            Some(duration) => write!(f, "{:>9.1} ms  {indent}{}", duration.as_secs_f64() * 1000.0, self.text),
            None => write!(f, "{:12}  {indent}- {}", "", self.text),
        }
    }
}

/// Returns the spans and events of one trace in the order in which they began.
#[must_use]
pub fn lines(spans: &[SpanData]) -> Vec<Line> {
    let mut lines = Vec::new();
    spans.iter().filter(|span| is_first(span)).for_each(|span| push(span, 0, spans, &mut lines));
    lines
}

fn push(span: &SpanData, depth: usize, spans: &[SpanData], lines: &mut Vec<Line>) {
    let duration = span.end_time.duration_since(span.start_time).unwrap_or_default();
    let text = text(&span.name, &span.attributes);
    lines.push(Line { depth, text, duration: Some(duration) });

    let mut inside: Vec<(SystemTime, Inside<'_>)> = Vec::new();
    inside.extend(span.events.iter().map(|event| (event.timestamp, Inside::Event(text_of(event)))));
    let children = spans.iter().filter(|other| other.parent_span_id == span.span_context.span_id());
    inside.extend(children.map(|child| (child.start_time, Inside::Span(child))));
    inside.sort_by_key(|(began, _)| *began);
    for (_, inside) in inside {
        match inside {
            Inside::Event(text) => lines.push(Line { depth: depth + 1, text, duration: None }),
            Inside::Span(child) => push(child, depth + 1, spans, lines),
        }
    }
}

/// What a span contains.
enum Inside<'a> {
    Event(String),
    Span(&'a SpanData),
}

fn text_of(event: &opentelemetry::trace::Event) -> String {
    text(&event.name, &event.attributes)
}

/// Returns a name and what was recorded with it, without what the name says already.
fn text(name: &str, attributes: &[KeyValue]) -> String {
    let mut text = name.to_owned();
    for KeyValue { key, value, .. } in attributes {
        let is_told = matches!(
            key.as_str(),
            "level" | "target" | "http.request.method" | "http.route" | "url.template"
        );
        let is_internal = key.as_str().starts_with("code.") || matches!(key.as_str(), "busy_ns" | "idle_ns");
        if !is_told && !is_internal {
            // Writing to a string does not fail.
            let _ = write!(text, " {key}={value}");
        }
    }
    text
}
