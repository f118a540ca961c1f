//! Traces of requests, as the program prints them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use clerk_axum::local::{Fault, LocalClerk};
use clerk_observability::{app, lines, subscriber};
use opentelemetry::trace::SpanId;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tower::ServiceExt as _;

const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Sends requests one after the other, and returns their status codes and traces.
async fn traces(local: &LocalClerk, requests: Vec<Request<Body>>) -> Vec<(u16, Vec<SpanData>)> {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    // For this thread, on which all tasks of the test run.
    let _guard = tracing::subscriber::set_default(subscriber(&provider));
    let app = app(local.client());
    let mut traces = Vec::new();
    for request in requests {
        let response = app.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        // The span of a request ends with its body.
        drop(response);
        traces.push((status, exporter.get_finished_spans().unwrap()));
        exporter.reset();
    }
    traces
}

fn request(token: &str) -> Request<Body> {
    let request = Request::get("/me").header("traceparent", CALLER);
    request.header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap()
}

/// Returns the trace as text, one line for each span and event. Random times are left out.
fn text(trace: &[SpanData]) -> String {
    let mut text = String::new();
    for line in lines(trace) {
        let words = line.text.split(' ').map(|word| word.split_once("pause=").map_or(word, |_| "pause=…"));
        let mark = if line.duration.is_some() { "" } else { "- " };
        let words: Vec<&str> = words.collect();
        text.push_str(&format!("{}{mark}{}\n", "  ".repeat(line.depth), words.join(" ")));
    }
    text
}

#[tokio::test]
async fn a_trace_shows_the_decision_the_cache_the_call_and_its_retry() {
    let local = LocalClerk::seeded();
    local.inject(Fault::status(StatusCode::BAD_GATEWAY).on("GET", "/users/{user_id}").times(1));
    let token = local.sign_in("user_ada").token();
    let traces = traces(&local, vec![request(&token), request(&token), request("nonsense")]).await;
    assert_eq!(traces.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [200, 200, 401]);
    let expected = [
        "\
GET /me http.response.status_code=200
  - fetched the instance's keys
  - decided about a request status=signed-in undecided=false
  GET /users/{user_id} clerk.operation=GetUser http.response.status_code=200 http.request.resend_count=1
    - sending the call again operation=GetUser cause=502 pause=…
    - call succeeded operation=GetUser
  - cache lookup operation=GetUser outcome=miss
",
        "\
GET /me http.response.status_code=200
  - decided about a request status=signed-in undecided=false
  - cache lookup operation=GetUser outcome=hit
",
        "\
GET /me http.response.status_code=401
  - decided about a request status=signed-out reason=token-invalid undecided=false
",
    ];
    for ((_, trace), expected) in traces.iter().zip(expected) {
        assert_eq!(text(trace), expected);
    }
}

#[tokio::test]
async fn a_request_belongs_to_the_trace_of_its_caller_and_contains_no_secret() {
    let local = LocalClerk::seeded();
    let token = local.sign_in("user_ada").token();
    let traces = traces(&local, vec![request(&token)]).await;
    let spans = &traces[0].1;
    for span in spans {
        assert_eq!(span.span_context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_ne!(span.parent_span_id, SpanId::INVALID);
        let recorded = format!("{span:?}");
        assert!(!recorded.contains(&token) && !recorded.contains("user_ada"), "{recorded}");
    }
}
