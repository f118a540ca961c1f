//! What a call is made for, so that calls which strangers cause cannot hold up the program's own.
//!
//! Anyone can make a service call Clerk, with made-up tokens and nonces. Such calls have limits of their own, so they cannot
//! use up those of the program's calls:
//!
//! | made for | in flight | retry budget | [rate limit gates](crate::client::rate_limit) | [connections](crate::client::transport) |
//! |---|---|---|---|---|
//! | [`Purpose::Program`] | [`max_concurrent_calls`], off by default | [`retry_budget`] | of their own | shared with keys |
//! | [`Purpose::MachineToken`] | [`max_decision_calls`] | of their own | of their own | shared with browsers |
//! | [`Purpose::Browser`] | [`max_decision_calls`] | of their own | of their own | shared with machine tokens |
//! | [`Purpose::Keys`] | one | none: not retried by the stack | of their own | shared with the program |
//!
//! A purpose is an extension of the request; a request without one is the program's own. A layer or a stack of yours that
//! limits calls can read it:
//!
//! ```
//! use bytes::Bytes;
//! use clerk_tower::client::purpose::Purpose;
//! use http::Request;
//!
//! fn may_wait(request: &Request<Bytes>) -> bool {
//!     Purpose::of(request.extensions()) == Purpose::Program
//! }
//! # assert!(may_wait(&Request::new(Bytes::new())));
//! ```
//!
//! [`max_concurrent_calls`]: crate::ClerkBuilder::max_concurrent_calls
//! [`max_decision_calls`]: crate::ClerkBuilder::max_decision_calls
//! [`retry_budget`]: crate::ClerkBuilder::retry_budget

use http::Extensions;

/// What a call is made for. See the [module docs](self).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// The program itself: its handlers, jobs, and the cache.
    #[default]
    Program,
    /// A decision that waits for the verification of an opaque machine token.
    MachineToken,
    /// A decision that waits for a handshake's payload or a refreshed session.
    Browser,
    /// The keys that tokens are verified with, and an authorization server's metadata.
    Keys,
}

impl Purpose {
    /// Returns the purpose of a request with these extensions.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or_default()
    }

    /// Whether a decision waits for the call, so that a stranger may have caused it.
    #[cfg(any(feature = "hyper", feature = "reqwest"))]
    pub(crate) const fn is_decision(self) -> bool {
        matches!(self, Self::MachineToken | Self::Browser)
    }
}
