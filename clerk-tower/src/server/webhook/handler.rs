use std::{future::Future, pin::Pin, sync::Arc};

use clerk_core::webhook::{Delivery, Event, Kind};

use crate::BoxError;

/// Return type of a webhook handler: `()`, or a `Result` without a value.
///
/// After an error, the response makes Clerk deliver again.
#[diagnostic::on_unimplemented(
    message = "a webhook handler cannot return `{Self}`",
    label = "expected `()`, or `Result<(), E>` with an error that converts into `BoxError`",
    note = "to set the error type of an async block, end it with `Ok::<(), BoxError>(())`, with `BoxError` from \
            `clerk_axum` or `clerk_tower`",
    note = "the value is not used: store it inside the handler, and return `()`"
)]
pub trait Handled {
    /// Converts the return value into a result.
    ///
    /// # Errors
    /// If the handler failed.
    fn handled(self) -> Result<(), BoxError>;
}

impl Handled for () {
    fn handled(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> Handled for Result<(), E> {
    fn handled(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

type Work = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

type Start = dyn Fn(&Arc<Delivery>) -> Option<Work> + Send + Sync;

/// A handler with the events that it handles.
#[derive(Clone)]
pub(super) struct Handler {
    wants: Wants,
    start: Arc<Start>,
}

/// The events that a handler is for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Wants {
    /// Events of this type, if their data can be decoded.
    Kind(&'static str),
    /// Events that cannot be decoded.
    Unreadable,
    All,
}

impl Handler {
    pub(super) fn of<T, F, Fut>(kind: Kind<T>, handler: F) -> Self
    where
        T: Clone + 'static,
        F: Fn(T, Arc<Delivery>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Handled> + Send + 'static,
    {
        let start = move |delivery: &Arc<Delivery>| {
            let data = kind.of(&delivery.event)?.clone();
            Some(work(handler(data, delivery.clone())))
        };
        Self { wants: Wants::Kind(kind.name()), start: Arc::new(start) }
    }

    pub(super) fn of_any<F, Fut>(handler: F) -> Self
    where
        F: Fn(Arc<Delivery>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Handled> + Send + 'static,
    {
        let start = move |delivery: &Arc<Delivery>| Some(work(handler(delivery.clone())));
        Self { wants: Wants::All, start: Arc::new(start) }
    }

    pub(super) fn of_unreadable<F, Fut>(handler: F) -> Self
    where
        F: Fn(Arc<Delivery>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Handled> + Send + 'static,
    {
        let start = move |delivery: &Arc<Delivery>| {
            let is_wanted = matches!(delivery.event, Event::Unreadable { .. });
            is_wanted.then(|| work(handler(delivery.clone())))
        };
        Self { wants: Wants::Unreadable, start: Arc::new(start) }
    }

    /// Starts the handler's work on a delivery. `None` if the handler is for other events.
    pub(super) fn start(&self, delivery: &Arc<Delivery>) -> Option<Work> {
        (self.start)(delivery)
    }

    /// The events that the handler is for.
    pub(super) const fn wants(&self) -> Wants {
        self.wants
    }
}

fn work(future: impl Future<Output: Handled> + Send + 'static) -> Work {
    Box::pin(async move { future.await.handled() })
}
