//! The parts of a request that a decision uses.

mod authorization;
mod cookie_set;
mod cookies;
mod head;
mod origin;
mod query;
mod redacted_uri;
mod redirect_count;
mod referrer;
mod session_token;

pub(super) use self::{
    authorization::{Authorization, AuthorizationHeader, token as authorization},
    cookie_set::{CookieSet, DecodedSession},
    cookies::{CookieValue, Cookies, client_uat},
    query::Query,
    referrer::is_clerk_page,
    session_token::SessionToken,
};
pub use self::{
    cookies::cookie, head::RequestHead, origin::HostError, redacted_uri::RedactedUri,
    redirect_count::RedirectCount,
};
