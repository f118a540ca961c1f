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

use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::Error;

pin_project! {
    /// Response future of the layers that can refuse a request before it is sent:
    /// [`BaseUri`](base_uri::BaseUri) and [`Credentials`](credentials::Credentials).
    pub struct ResponseFuture<F, E> {
        #[pin]
        state: State<F>,
        error: PhantomData<fn() -> E>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Sent { #[pin] future: F },
        // Taken when the future resolves.
        Refused { error: Option<Error> },
    }
}

impl<F, E> ResponseFuture<F, E> {
    pub(super) const fn sent(future: F) -> Self {
        Self { state: State::Sent { future }, error: PhantomData }
    }

    pub(super) const fn refused(error: Error) -> Self {
        Self { state: State::Refused { error: Some(error) }, error: PhantomData }
    }
}

impl<F, T, S, E> Future for ResponseFuture<F, E>
where
    F: Future<Output = Result<T, S>>,
    S: Into<E>,
    Error: Into<E>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Sent { future } => future.poll(context).map_err(Into::into),
            // Only a future that is polled again after it resolved has no error left.
            StateProj::Refused { error } => {
                error.take().map_or(Poll::Pending, |error| Poll::Ready(Err(error.into())))
            }
        }
    }
}

impl<F, E> fmt::Debug for ResponseFuture<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// Implements the three accessors that every service of this crate has: `get_ref`, `get_mut`, `into_inner`.
macro_rules! inner_service {
    ($service:ident<S $(, $other:ident)*>) => {
        impl<S $(, $other)*> $service<S $(, $other)*> {
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
