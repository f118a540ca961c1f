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
pub(super) struct Handler {
    /// The type of event it is for; `None` for all.
    kind: Option<&'static str>,
    begin: Arc<Begin>,
}

impl Handler {
    pub(super) fn of<T, F, Fut>(kind: Kind<T>, handler: F) -> Self
    where
        T: Clone + 'static,
        F: Fn(T, Arc<Delivery>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Handled> + Send + 'static,
    {
        let begin = move |delivery: &Arc<Delivery>| {
            let data = kind.of(&delivery.event)?.clone();
            Some(work(handler(data, delivery.clone())))
        };
        Self { kind: Some(kind.name()), begin: Arc::new(begin) }
    }

    pub(super) fn of_any<F, Fut>(handler: F) -> Self
    where
        F: Fn(Arc<Delivery>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Handled> + Send + 'static,
    {
        let begin = move |delivery: &Arc<Delivery>| Some(work(handler(delivery.clone())));
        Self { kind: None, begin: Arc::new(begin) }
    }

    /// What the handler does about a delivery; `None` when it is not for it.
    pub(super) fn begin(&self, delivery: &Arc<Delivery>) -> Option<Work> {
        (self.begin)(delivery)
    }

    /// Whether it is for events of this type.
    pub(super) fn wants(&self, kind: &str) -> bool {
        self.kind.is_none_or(|own| own == kind)
    }
}

fn work(future: impl Future<Output: Handled> + Send + 'static) -> Work {
    Box::pin(async move { future.await.handled() })
}
