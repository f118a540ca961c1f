//! The whole decision about an incoming request, without I/O.
//!
//! [`Authenticator::start`] looks at a request's head at a given time and either decides at once,
//! [`Step::Done`], or names the one thing it needs, [`Step::Need`]. What is needed is a value of its own that
//! takes exactly its own answer back and makes the next step. Whoever drives this fetches, waits and retries
//! as they like; a need that cannot be met ends with an outcome too.
//!
//! A request whose token names a key of the given [`KeySet`] is decided without any need.
//!
//! ```
//! use clerk_core::{
//!     Timestamp,
//!     authenticate::{AuthenticateOptions, Authenticator, KeyFailure, Need, RequestHead, Status, Step},
//!     token::KeySet,
//! };
//!
//! let authenticator = Authenticator::new(
//!     AuthenticateOptions::new().authorized_parties(["https://app.example.com"]),
//! )?;
//! let keys = KeySet::default(); // nothing loaded yet
//! let now = Timestamp::from_secs(1_700_000_000);
//!
//! // Nobody is signed in, and nothing is needed to say so.
//! let request = http::Request::get("/").body(())?;
//! let Step::Done(outcome) = authenticator.start(&RequestHead::from(&request), &keys, now) else {
//!     unreachable!()
//! };
//! assert_eq!(outcome.status(), Status::SignedOut);
//! assert_eq!(outcome.reason().unwrap().as_str(), "session-token-and-uat-missing");
//!
//! // This token names a key that is not loaded.
//! let token = "eyJhbGciOiJSUzI1NiIsImtpZCI6Imluc18xIn0.eyJzdWIiOiJ1c2VyXzEifQ.c2ln";
//! let request = http::Request::get("/").header("authorization", format!("Bearer {token}")).body(())?;
//! let Step::Need(Need::Key(key)) = authenticator.start(&RequestHead::from(&request), &keys, now) else {
//!     unreachable!()
//! };
//! assert_eq!(key.kid(), "ins_1");
//!
//! // Clerk did not answer: nobody is signed in, but neither is it certain that the token is bad.
//! let Step::Done(outcome) = key.resume(Err(KeyFailure::Unreachable), now) else { unreachable!() };
//! assert_eq!(outcome.status(), Status::SignedOut);
//! assert!(outcome.is_undecided());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What else there will be to need
//!
//! The other things that a decision can need have the same shape as [`KeyNeeded`], one type each with
//! borrowing accessors for what to ask and one `resume` for the answer, so [`Need`] grows by variants:
//! a handshake's payload for its nonce (answer: the `Set-Cookie` lines), a refreshed session for an expired
//! one (answer: the `Set-Cookie` lines), and a verified machine token (answer: the API key, M2M or OAuth
//! token's description). Each of these may end in a token whose key is needed next, which is why `resume`
//! returns a [`Step`].

mod authenticator;
mod authorization;
mod cookies;
mod options;
mod outcome;
mod reason;
mod request;
mod suffix;

pub use self::{
    authenticator::{Authenticator, KeyFailure, KeyNeeded, Need, Step},
    options::{AuthenticateOptions, OptionsError},
    outcome::{Outcome, SessionAuth, Status},
    reason::Reason,
    request::RequestHead,
};
#[cfg(doc)]
use crate::token::KeySet;
