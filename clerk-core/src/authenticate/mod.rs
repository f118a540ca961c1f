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
//! # What can be missing
//!
//! A key, and the answers to five of Clerk's operations: a handshake's payload, a refreshed session, and what
//! Clerk says about an opaque API key, M2M or OAuth token. [`Call`] holds the operation to send and takes its answer
//! back.
//!
//! # What comes of it
//!
//! An [`Outcome`] is signed in, signed out with a [`Reason`], or a handshake: a redirect to Clerk that renews a
//! browser's cookies unseen. Its [headers](Outcome::headers) belong to the response whatever the status is. Where
//! it has a [location](Outcome::location), that is the answer.
//!
//! The rules are those of Clerk's JavaScript SDK, stricter in places: classes of token are told apart before use on
//! every route, forwarded headers count only where they are trusted, and Clerk not answering never looks like a
//! signed-out user.
//!
#![doc = include_str!("rules.md")]

mod accepts;
mod authenticator;
mod authorization;
mod browser;
mod candidate;
mod case;
mod config;
mod cookies;
mod diagnosis;
mod directives;
mod machine;
mod need;
mod options;
mod organization_sync;
mod outcome;
mod pattern;
mod public_url;
mod query;
mod reason;
mod referrer;
mod request;
mod sign_in;
mod suffix;
mod verification;

pub use self::{
    accepts::Accepts,
    authenticator::{Authenticator, Step},
    cookies::cookie,
    diagnosis::Diagnosis,
    machine::{ApiKeyAuth, M2mAuth, Machine, MachineAuth, OAuthAuth},
    need::{Answer, Call, CallFailure, KeyFailure, KeyNeeded, Need},
    options::{AuthenticateOptions, OptionsError, Satellite},
    organization_sync::OrganizationSync,
    outcome::{BadRequest, Outcome, SessionAuth, Status},
    pattern::PatternError,
    public_url::{Forwarded, PublicOrigin, PublicOriginError},
    reason::{Reason, RefusalCode},
    request::RequestHead,
    sign_in::NoSignInPage,
    verification::Verification,
};
#[cfg(doc)]
use crate::token::KeySet;
