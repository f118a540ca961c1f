//! The layers of the default [stack](crate::client::stack), one file each.
//!
//! | layer | what it does to a call |
//! |---|---|
//! | [`DeadlineLayer`](deadline::DeadlineLayer) | ends a call, or one attempt of it, that takes too long |
//! | [`ConcurrencyLayer`](concurrency::ConcurrencyLayer) | limits how many calls are in flight |
//! | [`CredentialsLayer`](credentials::CredentialsLayer) | sets the `Authorization` header |
//! | [`CollectLayer`](collect::CollectLayer) | reads the response body, up to a limit |
//! | [`BaseUriLayer`](base_uri::BaseUriLayer) | makes the relative URI absolute |
//! | `PacingLayer` (feature `pacing`) | sends calls at a steady rate; not part of the default stack |
//!
//! The two layers with state of their own have modules of their own: [`retry`](crate::client::retry) and
//! [`rate_limit`](crate::client::rate_limit).

pub mod base_uri;
pub mod collect;
pub mod concurrency;
pub mod credentials;
pub mod deadline;
#[cfg(feature = "pacing")]
pub mod pacing;

/// Implements the three accessors that every service of this crate has: `get_ref`, `get_mut`, `into_inner`.
macro_rules! inner_service {
    ($service:ident) => {
        impl<S> $service<S> {
            /// Returns a reference to the inner service.
            pub const fn get_ref(&self) -> &S {
                &self.inner
            }

            /// Returns a mutable reference to the inner service.
            pub const fn get_mut(&mut self) -> &mut S {
                &mut self.inner
            }

            /// Consumes `self` and returns the inner service.
            pub fn into_inner(self) -> S {
                self.inner
            }
        }
    };
}
pub(crate) use inner_service;
