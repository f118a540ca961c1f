//! Request authentication: the whole decision, without I/O.
//!
//! [`Authenticator::start`] takes the head of a request and a time. It either decides at once, [`Step::Done`], or names
//! the one thing that is missing, [`Step::Need`]. A need takes its own answer back and makes the next step. The caller
//! fetches, waits and retries as it likes, and a need that cannot be met leads to an outcome too.
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
//! // Clerk did not respond: nobody is signed in, but the token may still be valid.
//! let Step::Done(outcome) = key.resume(Err(KeyFailure::Unreachable), now) else { unreachable!() };
//! assert_eq!(outcome.status(), Status::SignedOut);
//! assert!(outcome.is_undecided());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What can be missing
//!
//! A key, and the responses to five of Clerk's operations: the payload of a handshake, a refreshed session, and the
//! verification of an opaque API key, M2M token or OAuth token. A [`PendingCall`] holds the operation to send, and takes
//! its result back.
//!
//! # The outcome
//!
//! An [`Outcome`] is signed in, signed out with a [`Reason`], a redirect (mostly a handshake, which renews a browser's
//! cookies at Clerk), or a response with 400. Its [headers](Outcome::headers) belong to the response in every state. If
//! it has a [location](Outcome::location), respond with that redirect.
//!
//! The rules are those of Clerk's JavaScript SDK, and stricter in some places: classes of token are told apart before
//! use on every route, forwarded headers count only if they are trusted, and an outage of Clerk never looks like a
//! signed-out user.
//!
//! # Rooms
//!
//! In the order in which data flows: `request` is everything that is read of a request, `decide` makes the decision, and
//! `outcome` is what comes of it. `config` holds the checked options, and `need` what a suspended decision waits for.
//! `authenticator` drives them. Each of them uses only those before it.
//!
#![doc = include_str!("rules.md")]

mod address;
mod authenticator;
mod config;
mod decide;
mod need;
mod outcome;
mod request;

pub use self::{
    authenticator::{Authenticator, Step},
    config::{
        AcceptedKinds, AuthenticateOptions, Forwarded, OptionsError, OrganizationSync, PatternError,
        ProxySettings, PublicOrigin, PublicOriginError, Satellite,
    },
    need::{CallFailure, KeyFailure, KeyNeeded, Need, PendingCall, PendingOperation, Verification},
    outcome::{
        ApiKeyAuth, BadRequest, Diagnosis, Identity, M2mAuth, MachineAuth, MachineFacts, Malformed,
        NoSignInPage, OAuthAuth, Outcome, Redirect, SignedIn, SignedOut, SignedOutCause, Status,
    },
    request::{RedirectCount, RequestHead, cookie},
};
#[cfg(doc)]
use crate::{Reason, token::KeySet};
