//! Whether a request can have reached Clerk, and giving up the connection of one that took too long.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
};

use http::Extensions;

use crate::client::attempt::Progress;

/// One attempt, which its request's progress has: what the transport and the layers above it tell each other. Clones
/// share it.
#[derive(Clone, Default)]
pub(crate) struct Delivery(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Where the request's body is: one of the constants of [`body`].
    body: AtomicU8,
    on_timeout: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

mod body {
    /// The connection has not asked for the body, which is not empty. So no complete request can have been sent.
    pub(super) const KEPT: u8 = 1;
    /// The connection has asked for it.
    #[cfg(any(feature = "hyper", feature = "reqwest"))]
    pub(super) const TAKEN: u8 = 2;
    /// The connection has not asked for it, and does not get it any more.
    pub(super) const WITHHELD: u8 = 3;
}

impl Delivery {
    /// Starts an attempt to send a request with these extensions.
    pub(crate) fn start(extensions: &mut Extensions) -> Self {
        Progress::of(extensions).deliver()
    }

    /// Ends the attempt because it took too long: the transport gives up its connection. Returns `true` if the request
    /// has certainly not been sent.
    pub(crate) fn timed_out(&self) -> bool {
        let give_up = self.0.on_timeout.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(give_up) = give_up {
            give_up();
        }
        self.is_unsent()
    }

    /// Returns `true` if the request has certainly not been sent, at least not completely. From then on it cannot be.
    fn is_unsent(&self) -> bool {
        let withheld = self.0.body.compare_exchange(body::KEPT, body::WITHHELD, SeqCst, SeqCst);
        withheld.is_ok() || withheld == Err(body::WITHHELD)
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}

#[cfg(feature = "reqwest")]
pub(super) use self::connected::sources;
#[cfg(any(feature = "hyper", feature = "reqwest"))]
pub(super) use self::connected::{TrackedBody, sort};

/// What the transports of this crate have in common.
#[cfg(any(feature = "hyper", feature = "reqwest"))]
mod connected {
    use std::{
        error::Error as StdError,
        pin::Pin,
        sync::{PoisonError, atomic::Ordering::SeqCst},
        task::{Context, Poll},
    };

    use http::{Extensions, Method};
    use http_body::{Body, Frame, SizeHint};
    use pin_project_lite::pin_project;

    use super::{Delivery, body};
    use crate::{
        BoxError,
        client::{
            attempt::Progress,
            transport::{ConnectError, NotProcessedError},
        },
    };

    impl Delivery {
        /// Returns the attempt that a request belongs to; a new one if no layer above has started one.
        pub(in crate::client::transport) fn of(extensions: &Extensions) -> Self {
            Progress::current(extensions).unwrap_or_default()
        }

        /// Sets how the transport gives up the connection.
        pub(in crate::client::transport) fn on_timeout(&self, give_up: impl FnOnce() + Send + 'static) {
            *self.0.on_timeout.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(give_up));
        }

        /// Returns `false` if the body is withheld.
        fn take_body(&self) -> bool {
            let taken = |now| (now != body::WITHHELD).then_some(body::TAKEN);
            self.0.body.fetch_update(SeqCst, SeqCst, taken).is_ok()
        }

        fn body_was_taken(&self) -> bool {
            self.0.body.load(SeqCst) == body::TAKEN
        }
    }

    pin_project! {
        /// A request body that notes when the connection asks for it.
        ///
        /// The connection sends the head first, so as long as it has not asked for the body, the request is not
        /// complete, however the connection ends.
        pub(in crate::client::transport) struct TrackedBody<B> {
            #[pin]
            inner: B,
            delivery: Delivery,
            // The head must not say that the request ends with it.
            is_announced: bool,
        }
    }

    impl<B: Body> TrackedBody<B> {
        pub(in crate::client::transport) fn new(inner: B, method: &Method, delivery: Delivery) -> Self {
            let is_empty = inner.is_end_stream();
            if !is_empty {
                delivery.0.body.store(body::KEPT, SeqCst);
            }
            // HTTP/2 can end a request with its head. A `POST` does not, even if its body is empty: whether the end was
            // asked for tells a request that a closing connection took from one that it did not take. Other methods
            // without a body are safe to send again, and some servers dislike a body where none is expected.
            let is_announced = !is_empty || [Method::POST, Method::PATCH].contains(method);
            Self { inner, delivery, is_announced }
        }
    }

    impl<B: Body<Error: Into<BoxError>>> Body for TrackedBody<B> {
        type Data = B::Data;
        type Error = BoxError;

        fn poll_frame(
            self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
            let this = self.project();
            if !this.delivery.take_body() {
                return Poll::Ready(Some(Err("the call has timed out".into())));
            }
            *this.is_announced = false;
            this.inner.poll_frame(context).map_err(Into::into)
        }

        fn is_end_stream(&self) -> bool {
            !self.is_announced && self.inner.is_end_stream()
        }

        fn size_hint(&self) -> SizeHint {
            self.inner.size_hint()
        }
    }

    /// Returns the error of a transport as the layers above expect it.
    pub(in crate::client::transport) fn sort(
        is_connect: bool,
        error: BoxError,
        delivery: &Delivery,
    ) -> BoxError {
        if is_connect {
            Box::new(ConnectError(error))
        } else if is_not_processed(&*error, delivery) {
            Box::new(NotProcessedError(error))
        } else {
            error
        }
    }

    /// Returns `true` if the request has certainly not been processed: if it was not sent completely, or if the server
    /// says so (RFC 9113, section 8.7).
    fn is_not_processed(error: &(dyn StdError + 'static), delivery: &Delivery) -> bool {
        delivery.is_unsent()
            || sources(error).any(|cause| {
                let canceled = cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled);
                canceled || cause.downcast_ref::<h2::Error>().is_some_and(|cause| is_refusal(cause, delivery))
            })
    }

    /// h2 ends the streams above the last one of a `GOAWAY` with its error, and lets the others go on until the
    /// connection closes, which is another error. There is one exception: between opening a stream and asking for its
    /// body, hyper returns the connection's `GOAWAY` whatever its last stream is, and the head may be on its way. So it
    /// proves something only once the body was taken.
    fn is_refusal(error: &h2::Error, delivery: &Delivery) -> bool {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (refused || (error.is_go_away() && delivery.body_was_taken()))
    }

    /// Returns an error and its causes. Bounded, because a connector of the application's may make a circular chain.
    pub(in crate::client::transport) fn sources<'a>(
        error: &'a (dyn StdError + 'static),
    ) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
        std::iter::successors(Some(error), |&error: &&'a (dyn StdError + 'static)| error.source()).take(16)
    }
}
