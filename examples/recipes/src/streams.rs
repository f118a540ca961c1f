//! A WebSocket and an event stream for pages on another origin. There, neither can send the `Authorization` header, and
//! cookies do not arrive. So the token is in the sub-protocol of the WebSocket, and in the query of the event stream.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    extract::{
        FromRef, Query, Request, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code},
    },
    http::{HeaderMap, HeaderValue, header},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::get,
};
use clerk_axum::{Clerk, RedactedUri, Rejection, Timestamp, id::UserId, token::SessionClaims};
use futures_util::{Stream, StreamExt as _, stream};
use serde::Deserialize;
use tokio::time::{self, Instant};
use tower_http::{cors::CorsLayer, trace::TraceLayer};

/// The sub-protocol that the server speaks. A page offers it together with the token.
const PROTOCOL: &str = "clerk";

/// A token that did not arrive in the `Authorization` header. It is verified as if it had.
async fn verified(clerk: &Clerk, token: &str) -> Result<SessionClaims, Rejection> {
    let auth = clerk.authenticate_token(token).await;
    Ok(auth.require_session()?.claims().clone())
}

/// How long until the token expires. What it has opened must not stay open for longer.
fn remaining(clerk: &Clerk, end: Timestamp) -> Duration {
    let millis = end.as_millis().saturating_sub(clerk.now().as_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

#[derive(Deserialize)]
struct Credentials {
    token: String,
}

/// `new EventSource("https://api.example.com/events?token=…")`
async fn events(
    State(clerk): State<Clerk>,
    Query(Credentials { token }): Query<Credentials>,
) -> Result<Response, Rejection> {
    let session = verified(&clerk, &token).await?;
    let end = Instant::now() + remaining(&clerk, session.expires_at());
    let stream = news(session.user_id()).map(Ok::<_, Infallible>).take_until(time::sleep_until(end));
    // The page opens the next stream with a new token. The browser itself would come back with the old one. Without data,
    // browsers ignore an event.
    let renew = stream::once(async { Ok(Event::default().event("renew").data("now")) });
    let mut response = Sse::new(stream.chain(renew)).keep_alive(KeepAlive::default()).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The application's events for this user.
fn news(user: &UserId) -> impl Stream<Item = Event> + use<> {
    let hello = Event::default().data(format!("hello {user}"));
    stream::iter([hello]).chain(stream::pending())
}

/// The token in `Sec-WebSocket-Protocol: clerk, eyJ…`.
fn offered(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).into_iter();
    let mut words =
        values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim);
    words.by_ref().find(|word| *word == PROTOCOL)?;
    words.next()
}

/// `new WebSocket("wss://api.example.com/socket", ["clerk", token])`
async fn socket(
    State(clerk): State<Clerk>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Rejection> {
    let session = verified(&clerk, offered(&headers).unwrap_or_default()).await?;
    // Selects `clerk`, and does not repeat the token.
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(64 * 1024);
    Ok(upgrade.on_upgrade(move |socket| echo(socket, clerk, session)))
}

/// Echoes messages until the token expires. The example `websocket` shows how to renew it.
async fn echo(mut socket: WebSocket, clerk: Clerk, session: SessionClaims) {
    let end = Instant::now() + remaining(&clerk, session.expires_at());
    // A timeout alone does not end it: it returns a message that is ready, even after the deadline.
    while Instant::now() < end
        && let Ok(Some(Ok(message))) = time::timeout_at(end, socket.recv()).await
    {
        // A client that does not read must not keep the socket open either.
        if matches!(message, Message::Text(_))
            && !matches!(time::timeout_at(end, socket.send(message)).await, Ok(Ok(())))
        {
            return;
        }
    }
    let close = CloseFrame { code: close_code::POLICY, reason: "the session token has expired".into() };
    // Fails if the client has already disconnected, and does not wait for one that does not read.
    let _ = time::timeout(Duration::from_secs(5), socket.send(Message::Close(Some(close)))).await;
}

#[derive(Clone, FromRef)]
struct App {
    clerk: Clerk,
}

/// The application, for pages at `origin`. These routes need no `ClerkLayer`: it would not look for a token there.
pub fn app(clerk: Clerk, origin: HeaderValue) -> Router {
    // The default of `TraceLayer` logs the whole URI, and with it the token.
    let trace = TraceLayer::new_for_http().make_span_with(|request: &Request| {
        tracing::info_span!("request", method = %request.method(), uri = %RedactedUri(request.uri()))
    });
    Router::new()
        .route("/events", get(events))
        .route("/socket", get(socket))
        .layer(CorsLayer::new().allow_origin(origin))
        .layer(trace)
        .with_state(App { clerk })
}
