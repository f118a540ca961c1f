use std::{future::Future, pin::Pin, sync::Arc};

use clerk_core::webhook::{Delivery, Kind};

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
    /// The type of event that it handles; `None` for all.
    kind: Option<&'static str>,
    start: Arc<Start>,
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
        Self { kind: Some(kind.name()), start: Arc::new(start) }
    }

    pub(super) fn of_any<F, Fut>(handler: F) -> Self
    where
        F: Fn(Arc<Delivery>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Handled> + Send + 'static,
    {
        let start = move |delivery: &Arc<Delivery>| Some(work(handler(delivery.clone())));
        Self { kind: None, start: Arc::new(start) }
    }

    /// Starts the handler's work on a delivery. `None` if the handler is for another type of event.
    pub(super) fn start(&self, delivery: &Arc<Delivery>) -> Option<Work> {
        (self.start)(delivery)
    }

    /// Returns `true` if the handler is for events of this type.
    pub(super) fn handles(&self, kind: &str) -> bool {
        self.kind.is_none_or(|own| own == kind)
    }
}

fn work(future: impl Future<Output: Handled> + Send + 'static) -> Work {
    Box::pin(async move { future.await.handled() })
}
