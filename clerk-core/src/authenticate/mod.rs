//! Request authentication without I/O, as a state machine.
//!
//! [`Authenticator::start`] takes the head of a request, the keys that are loaded, and the time. It either returns the
//! outcome ([`Step::Done`]) or a [`Need`]: a key, or the result of a call to Clerk ([`Step::Need`]). Resume the need with
//! the result, or with the reason why there is no result, for the next step. How to fetch, wait and retry is up to the
//! caller.
//!
//! A JWT whose key is in the given [`KeySet`] is decided without a need, unless its signature does not match: then the key
//! may have been replaced under the same id.
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
//! // A request without a token is decided at once.
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
//! // Clerk did not respond: the request is signed out, but its token may be valid.
//! let Step::Done(outcome) = key.resume(Err(KeyFailure::Unreachable), now) else { unreachable!() };
//! assert_eq!(outcome.status(), Status::SignedOut);
//! assert!(outcome.is_undecided());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Needs
//!
//! A decision may need a key, or the result of one of five operations of Clerk's API: the payload of a handshake, a
//! refreshed session token, or the verification of an opaque API key, M2M token or OAuth token. A [`PendingCall`] contains
//! the operation to send.
//!
//! # Outcomes
//!
//! An [`Outcome`] is one of four: signed in, signed out with a [`Reason`], a redirect (usually a handshake, which renews a
//! browser's cookies at Clerk), or a rejection with 400. Add its [headers](Outcome::headers) to the response in every
//! case. If it has a [location](Outcome::location), respond with that redirect.
//!
//! The rules are those of Clerk's JavaScript SDK, with exceptions that are [stricter](#where-this-crate-is-stricter).
//!
//! # Modules
//!
//! `config` contains the checked options, `request` parses requests, `decide` makes the decision, `need` contains what a
//! suspended decision waits for, and `outcome` what it results in. `authenticator` drives them.
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
        ApiKeyAuth, BadRequest, Diagnosis, HandshakeRefusal, Identity, M2mAuth, MachineAuth, MachineFacts,
        Malformed, NoSignInPage, OAuthActor, OAuthAuth, Outcome, Redirect, SignedIn, SignedOut,
        SignedOutCause, Status,
    },
    request::{HostError, RedactedUri, RedirectCount, RequestHead, cookie},
};
#[cfg(doc)]
use crate::{Reason, token::KeySet};
