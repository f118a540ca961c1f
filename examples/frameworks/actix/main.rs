//! An actix-web service protected by Clerk. `clerk.rs` connects the two.
//!
//! With `CLERK_SECRET_KEY` it uses that instance. Without it, it starts a `LocalClerk` in this process. `PORT` sets the
//! port; it defaults to 3000.

mod clerk;

use actix_web::{
    App, Error, HttpRequest, HttpResponse, HttpServer,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::ErrorImATeapot,
    http::header::SET_COOKIE,
    middleware::{Next, from_fn},
    web,
};
use clerk_core::token::Check;
use clerk_tower::server::rejection::Rejection;

use crate::clerk::{CurrentUser, Rejected, Session, Visitor};

/// A public page, which greets visitors who are signed in.
async fn index(Visitor(auth): Visitor) -> Result<String, Rejected> {
    Ok(match auth.optional_session()? {
        Some(session) => format!("Hello {}", session.claims().user_id()),
        None => "Nobody is signed in".to_owned(),
    })
}

/// Only for visitors who are signed in, without a call to Clerk.
async fn user_id(Session(session): Session) -> String {
    session.claims().user_id().to_string()
}

/// Only for visitors who are signed in, with their data.
async fn me(CurrentUser(user): CurrentUser) -> String {
    user.full_name().unwrap_or_default()
}

/// Only for members with a permission in the active organization.
async fn report(Visitor(auth): Visitor) -> Result<String, Rejected> {
    auth.require_has(&Check::new().permission("org:reports:read"))?;
    Ok("the report".to_owned())
}

/// Fails with an error that has nothing to do with Clerk.
async fn tea() -> Result<String, Error> {
    Err(ErrorImATeapot("no tea"))
}

/// Fails before the handler is called.
async fn no_coffee(_: ServiceRequest, _: Next<impl MessageBody>) -> Result<ServiceResponse, Error> {
    Err(ErrorImATeapot("no coffee"))
}

/// Sets cookies of the application.
async fn theme() -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response.append_header((SET_COOKIE, "theme=dark")).append_header((SET_COOKIE, "contrast=high")).finish()
}

/// Ends the session at Clerk.
async fn sign_out(Visitor(auth): Visitor, request: HttpRequest) -> Result<HttpResponse, Rejected> {
    let head = clerk::head(&request).map_err(|_| Rejection::internal())?;
    Ok(clerk::convert(auth.sign_out(&(&head).into(), "/").await?))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (clerk, _local) = clerk_framework_examples::client().await?;
    let app = move || {
        App::new()
            .route("/", web::get().to(index))
            .route("/session", web::get().to(user_id))
            .route("/me", web::get().to(me))
            .route("/report", web::get().to(report))
            .route("/tea", web::get().to(tea))
            .service(web::resource("/coffee").wrap(from_fn(no_coffee)).to(tea))
            .route("/theme", web::get().to(theme))
            .route("/sign-out", web::post().to(sign_out))
            .wrap(clerk::authenticate(clerk.clone()))
    };
    HttpServer::new(app).listen(clerk_framework_examples::listen()?)?.run().await?;
    Ok(())
}
