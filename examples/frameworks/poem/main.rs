//! A poem service protected by Clerk. `clerk.rs` connects the two.
//!
//! With `CLERK_SECRET_KEY` it uses that instance. Without it, it starts a `LocalClerk` in this process. `PORT` sets the
//! port; it defaults to 3000.

mod clerk;

use std::sync::Arc;

use clerk_core::token::Check;
use poem::{
    Endpoint, EndpointExt as _, Error, Request, Response, Result, Route, Server, get, handler,
    http::{StatusCode, header::SET_COOKIE},
    listener::TcpAcceptor,
    post,
};

use crate::clerk::{Authenticate, CurrentUser, Session, Visitor, convert, head, rejected};

/// A public page, which greets visitors who are signed in.
#[handler]
async fn index(Visitor(auth): Visitor) -> Result<String> {
    Ok(match auth.optional_session().map_err(rejected)? {
        Some(session) => format!("Hello {}", session.claims().user_id()),
        None => "Nobody is signed in".to_owned(),
    })
}

/// Only for visitors who are signed in, without a call to Clerk.
#[handler]
async fn user_id(Session(session): Session) -> String {
    session.claims().user_id().to_string()
}

/// Only for visitors who are signed in, with their data.
#[handler]
async fn me(CurrentUser(user): CurrentUser) -> String {
    user.full_name().unwrap_or_default()
}

/// Only for members with a permission in the active organization.
#[handler]
async fn report(Visitor(auth): Visitor) -> Result<&'static str> {
    auth.require_has(&Check::new().permission("org:reports:read")).map_err(rejected)?;
    Ok("the report")
}

/// Fails with an error that has nothing to do with Clerk.
#[handler]
async fn tea() -> Result<()> {
    Err(Error::from_string("no tea", StatusCode::IM_A_TEAPOT))
}

/// Fails before the handler is called.
async fn no_coffee(_: Arc<impl Endpoint>, _: Request) -> Result<Response> {
    Err(Error::from_string("no coffee", StatusCode::IM_A_TEAPOT))
}

/// Sets cookies of the application.
#[handler]
async fn theme() -> Response {
    let response = Response::builder().status(StatusCode::NO_CONTENT);
    response.header(SET_COOKIE, "theme=dark").header(SET_COOKIE, "contrast=high").finish()
}

/// Ends the session at Clerk.
#[handler]
async fn sign_out(Visitor(auth): Visitor, request: &Request) -> Result<Response> {
    auth.sign_out(&head(request), "/").await.map(convert).map_err(rejected)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (clerk, _local) = clerk_framework_examples::client().await?;
    let app = Route::new()
        .at("/", get(index))
        .at("/session", get(user_id))
        .at("/me", get(me))
        .at("/report", get(report))
        .at("/tea", get(tea))
        .at("/coffee", get(tea).around(no_coffee))
        .at("/theme", get(theme))
        .at("/sign-out", post(sign_out))
        .with(Authenticate(clerk));
    Server::new_with_acceptor(TcpAcceptor::from_std(clerk_framework_examples::listen()?)?).run(app).await?;
    Ok(())
}
