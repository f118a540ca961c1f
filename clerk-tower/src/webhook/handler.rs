use std::{future::Future, pin::Pin, sync::Arc};

use clerk_core::webhook::{Delivery, Kind};

use crate::BoxError;

/// What a handler of webhooks returns: nothing, or a `Result` without a value.
///
/// After an error, Clerk is told to deliver again.
#[diagnostic::on_unimplemented(
    message = "a handler of webhooks cannot return `{Self}`",
    label = "expected `()`, or `Result<(), E>` with an error that converts into `BoxError`",
    note = "an async block says which error it has with its last line: `Ok::<(), BoxError>(())`, with the `BoxError` of \
            `clerk_axum` or `clerk_tower`",
    note = "what a handler makes has to be kept by the handler: nobody takes it from here"
)]
pub trait Handled {
    /// Whether it went well.
    ///
    /// # Errors
    /// When it did not.
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

type Begin = dyn Fn(&Arc<Delivery>) -> Option<Work> + Send + Sync;

/// A handler, for the events that it wants.
#[derive(Clone)]
pub(super) struct Handler(Arc<Begin>);

impl Handler {
    pub(super) fn of<T, F, Fut>(kind: Kind<T>, handler: F) -> Self
    where
        T: Clone + 'static,
        F: Fn(T, Arc<Delivery>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Handled> + Send + 'static,
    {
        Self(Arc::new(move |delivery| {
            let data = kind.of(&delivery.event)?.clone();
            Some(work(handler(data, delivery.clone())))
        }))
    }

    pub(super) fn of_any<F, Fut>(handler: F) -> Self
    where
        F: Fn(Arc<Delivery>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Handled> + Send + 'static,
    {
        Self(Arc::new(move |delivery| Some(work(handler(delivery.clone())))))
    }

    /// What the handler does about a delivery; `None` when it is not for it.
    pub(super) fn begin(&self, delivery: &Arc<Delivery>) -> Option<Work> {
        (self.0)(delivery)
    }
}

fn work(future: impl Future<Output: Handled> + Send + 'static) -> Work {
    Box::pin(async move { future.await.handled() })
}
