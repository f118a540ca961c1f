//! A WebSocket for those who are signed in: checked when it opens, and closed when the token's time is over.
//!
//! The session token of the handshake lives for a minute. Before that, the client sends a fresh one as a text message,
//! and the socket stays open. A `LocalClerk` in this process mints the tokens that it prints; with `CLERK_SECRET_KEY` it
//! takes those of that instance. `PORT` sets the port, `TOKEN_SECONDS` how long the first token lives.

use std::{env, error::Error, time::Duration};

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
use tokio::{net::TcpListener, time};

#[derive(Clone, FromRef)]
struct App {
    clerk: Clerk,
    /// The origin of our pages.
    origin: String,
}

/// The upgrade is a request like any other: what the layer decided about it counts. Browsers send cookies with it from
/// any page, and no preflight comes first, so the page's origin is for us to check.
#[debug_handler(state = App)]
async fn chat(
    session: Session,
    State(app): State<App>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> axum::response::Response {
    let origin = headers.get(header::ORIGIN).map(|origin| origin.as_bytes());
    // A program sends none.
    if origin.is_some_and(|origin| origin != app.origin.as_bytes()) {
        return (StatusCode::FORBIDDEN, "this page may not open it\n").into_response();
    }
    upgrade.max_message_size(64 * 1024).on_upgrade(move |socket| talk(socket, app.clerk, session))
}

/// Says back what it hears, as long as the session's last token lives.
async fn talk(mut socket: WebSocket, clerk: Clerk, session: Session) {
    let mut end = session.expires_at();
    while let Ok(message) = time::timeout(until(&clerk, end), socket.recv()).await {
        let answer = match message {
            None | Some(Err(_) | Ok(Message::Close(_))) => return,
            Some(Ok(Message::Text(text))) => match text.strip_prefix("token ") {
                Some(token) => match renewed(&clerk, &session, token).await {
                    Some(later) => {
                        end = later;
                        Message::text("renewed")
                    }
                    None => Message::text("refused"),
                },
                None => Message::Text(text),
            },
            Some(Ok(_)) => continue,
        };
        if socket.send(answer).await.is_err() {
            return;
        }
    }
    let over = CloseFrame { code: close_code::POLICY, reason: "the session token has expired".into() };
    // Whoever is gone already does not hear it.
    let _ = socket.send(Message::Close(Some(over))).await;
}

fn until(clerk: &Clerk, end: Timestamp) -> Duration {
    let millis = end.as_millis().saturating_sub(clerk.now().as_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

/// How long a fresh token of the same session lives. It is judged like that of any request.
async fn renewed(clerk: &Clerk, session: &SessionClaims, token: &str) -> Option<Timestamp> {
    let auth = clerk.authenticate_token(token).await;
    let fresh = auth.session()?.claims();
    let is_same = fresh.session_id() == session.session_id() && fresh.user_id() == session.user_id();
    is_same.then(|| fresh.expires_at())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = env::var("PORT").ok().map_or(Ok(3000), |text| text.parse())?;
    let seconds: u64 = env::var("TOKEN_SECONDS").ok().map_or(Ok(60), |text| text.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let (address, origin) = (listener.local_addr()?, format!("http://{}", listener.local_addr()?));

    let clerk = if env::var_os("CLERK_SECRET_KEY").is_some_and(|key| !key.is_empty()) {
        clerk_axum::ClerkBuilder::from_env()?
    } else {
        let local = LocalClerk::seeded();
        let ada = local.sign_in("user_ada").authorized_party(&*origin);
        println!("token {}", ada.clone().lifetime(Duration::from_secs(seconds)).token());
        println!("a fresh one {}", ada.lifetime(Duration::from_secs(3600)).token());
        Clerk::builder().secret_key(local.secret_key().expose()).transport(local)
    };
    // A token that another site obtained does not open it.
    let clerk = clerk.authorized_parties([&*origin]).build()?;

    let app = Router::new()
        .route("/chat", get(chat))
        .layer(ClerkLayer::new(&clerk))
        .with_state(App { clerk, origin });
    println!("Listening on ws://{address}/chat");
    axum::serve(listener, app).await?;
    Ok(())
}
