//! A WebSocket for signed-in users: authenticated when it opens, and closed when the session token expires.
//!
//! A session token is valid for a minute. To keep the socket open, the client sends a new token as a text message before
//! the old one expires. With `CLERK_SECRET_KEY` it accepts tokens of that instance; without it, it prints tokens of a
//! `LocalClerk` in this process. `PORT` sets the port and defaults to 3000. `TOKEN_SECONDS` sets how long the first
//! token is valid, and defaults to 60.

use std::{env, error::Error, process::ExitCode, time::Duration};

use axum::{
    Router, debug_handler,
    extract::{
        FromRef, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code},
    },
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use clerk_axum::{Clerk, ClerkLayer, Session, Timestamp, local::LocalClerk, token::SessionClaims};
use tokio::time;

#[derive(Clone, FromRef)]
struct App {
    clerk: Clerk,
    /// The origin of the application's pages.
    origin: String,
}

/// The upgrade is a request like any other, so the layer has authenticated it. But browsers send it with cookies from
/// any page, without a preflight request, so this handler must check the page's origin.
#[debug_handler(state = App)]
async fn chat(
    session: Session,
    State(app): State<App>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> axum::response::Response {
    let origin = headers.get(header::ORIGIN).map(|origin| origin.as_bytes());
    // Clients other than browsers send no `Origin`.
    if origin.is_some_and(|origin| origin != app.origin.as_bytes()) {
        return (StatusCode::FORBIDDEN, "this origin may not open the socket\n").into_response();
    }
    upgrade.max_message_size(64 * 1024).on_upgrade(move |socket| echo(socket, app.clerk, session))
}

/// Echoes messages until the session's latest token expires.
async fn echo(mut socket: WebSocket, clerk: Clerk, session: Session) {
    let mut end = session.expires_at();
    // A timeout alone does not end it: it returns a message that is ready, even after the deadline.
    while !until(&clerk, end).is_zero()
        && let Ok(message) = time::timeout(until(&clerk, end), socket.recv()).await
    {
        let reply = match message {
            None | Some(Err(_) | Ok(Message::Close(_))) => return,
            Some(Ok(Message::Text(text))) => match text.strip_prefix("token ") {
                Some(token) => match renew(&clerk, &session, token).await {
                    Some(later) => {
                        end = later;
                        Message::text("renewed")
                    }
                    None => Message::text("rejected"),
                },
                None => Message::Text(text),
            },
            Some(Ok(_)) => continue,
        };
        // A client that does not read must not keep the socket open either.
        if !matches!(time::timeout(until(&clerk, end), socket.send(reply)).await, Ok(Ok(()))) {
            return;
        }
    }
    let close = CloseFrame { code: close_code::POLICY, reason: "the session token has expired".into() };
    // Fails if the client has already disconnected, and does not wait for one that does not read.
    let _ = time::timeout(Duration::from_secs(5), socket.send(Message::Close(Some(close)))).await;
}

fn until(clerk: &Clerk, end: Timestamp) -> Duration {
    let millis = end.as_millis().saturating_sub(clerk.now().as_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

/// Returns when a new token of the same session expires; `None` if it is rejected. It is verified like the token of any
/// request.
async fn renew(clerk: &Clerk, session: &SessionClaims, token: &str) -> Option<Timestamp> {
    let auth = clerk.authenticate_token(token).await;
    let fresh = auth.session()?.claims();
    let is_same = fresh.session_id() == session.session_id() && fresh.user_id() == session.user_id();
    is_same.then(|| fresh.expires_at())
}

#[tokio::main]
async fn main() -> ExitCode {
    clerk_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let seconds: u64 = env::var("TOKEN_SECONDS")
        .map_or(Ok(60), |seconds| seconds.parse())
        .map_err(|error| format!("TOKEN_SECONDS is not a number of seconds: {error}"))?;
    let listener = clerk_examples::listen().await?;
    let (address, origin) = (listener.local_addr()?, format!("http://{}", listener.local_addr()?));
    println!("Listening on ws://{address}/chat");

    let clerk = if env::var_os("CLERK_SECRET_KEY").is_some_and(|key| !key.is_empty()) {
        clerk_axum::ClerkBuilder::from_env()
    } else {
        let local = LocalClerk::seeded();
        let ada = local.sign_in("user_ada").authorized_party(&*origin);
        let token = ada.clone().lifetime(Duration::from_secs(seconds)).token();
        println!("Open it with a token that expires in {seconds} seconds, and type something:");
        println!("npx wscat -c ws://{address}/chat -H 'Authorization: Bearer {token}'");
        println!("To keep it open, type this line before the token expires:");
        println!("token {}", ada.lifetime(Duration::from_secs(3600)).token());
        Clerk::builder().secret_key(local.secret_key()).transport(local)
    };
    // Rejects tokens that were issued to other sites.
    let clerk = clerk.authorized_parties([&*origin]).build()?;

    let app = Router::new()
        .route("/chat", get(chat))
        .layer(ClerkLayer::new(&clerk))
        .with_state(App { clerk, origin });
    axum::serve(listener, app).await?;
    Ok(())
}
