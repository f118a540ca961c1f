//! A service whose requests are traced with OpenTelemetry, from the request through the layer, the cache and the call to Clerk
//! to its retry.
//!
//! [`app`] opens a span for each request, and [`subscriber`] gives what clerk-tower records to OpenTelemetry. Nothing else is
//! needed: the spans and events of clerk-tower belong to the span of the request that caused them.

mod tree;

use std::time::Duration;

use axum::{
    Json, Router,
    extract::MatchedPath,
    http::{Request, Response},
    routing::get,
};
use clerk_axum::{Clerk, ClerkLayer, ClerkUser};
use opentelemetry::{propagation::TextMapPropagator as _, trace::TracerProvider as _};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::{propagation::TraceContextPropagator, trace::SdkTracerProvider};
use serde_json::{Value, json};
use tower_http::trace::TraceLayer;
use tracing::{Level, Span, Subscriber, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer as _, filter::Targets, layer::SubscriberExt as _, registry::Registry};

pub use self::tree::{Line, Trees, lines};

/// Returns the application: one route, for somebody who is signed in.
pub fn app(clerk: Clerk) -> Router {
    // Outside of the layer, so that its decision belongs to the span.
    let traces = TraceLayer::new_for_http()
        .make_span_with(request_span)
        .on_request(())
        .on_response(record_status)
        .on_failure(());
    Router::new().route("/me", get(me)).layer(ClerkLayer::new(&clerk)).layer(traces).with_state(clerk)
}

async fn me(user: ClerkUser) -> Json<Value> {
    Json(json!({ "id": user.id, "name": user.full_name() }))
}

/// Opens the span of a request, with OpenTelemetry's names for HTTP servers. It belongs to the trace of the caller that a
/// `traceparent` header names.
fn request_span<B>(request: &Request<B>) -> Span {
    // The template: paths and queries may contain ids and tokens.
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let span = tracing::info_span!(
        "request",
        otel.kind = "server",
        otel.name = %format_args!("{} {route}", request.method()),
        otel.status_code = Empty,
        http.request.method = request.method().as_str(),
        http.route = route,
        http.response.status_code = Empty,
    );
    let caller = TraceContextPropagator::new().extract(&HeaderExtractor(request.headers()));
    // Fails if the span is filtered out. Then there is nothing to link.
    let _ = span.set_parent(caller);
    span
}

fn record_status<B>(response: &Response<B>, _: Duration, span: &Span) {
    span.record("http.response.status_code", response.status().as_u16());
    if response.status().is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// Returns what makes traces of the spans of this program and of clerk-tower.
pub fn subscriber(provider: &SdkTracerProvider) -> impl Subscriber + Send + Sync + use<> {
    // The spans and events of clerk-tower have the level "debug". Below "info", other crates say a lot.
    let wanted = Targets::new().with_target("clerk", Level::DEBUG).with_target(module_path!(), Level::INFO);
    let traces = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(env!("CARGO_PKG_NAME")))
        .with_location(false)
        .with_threads(false);
    Registry::default().with(traces.with_filter(wanted))
}
