use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Either, Full, combinators::UnsyncBoxBody};
use pin_project_lite::pin_project;

use crate::BoxError;

/// A body that this crate makes, or an application's handler does.
pub(crate) type OwnBody = UnsyncBoxBody<Bytes, BoxError>;

pin_project! {
    /// Response body of the services in [`server`](crate::server): the inner service's, or the one of a response that
    /// the service made itself.
    pub struct ResponseBody<B> {
        #[pin]
        body: Either<B, Either<Full<Bytes>, OwnBody>>,
    }
}

impl<B> ResponseBody<B> {
    /// Returns the inner service's body.
    ///
    /// # Errors
    /// Returns the body itself if the response was made by a service of this crate.
    pub fn into_inner(self) -> Result<B, Self> {
        match self.body {
            Either::Left(body) => Ok(body),
            body @ Either::Right(_) => Err(Self { body }),
        }
    }

    pub(crate) const fn inner(body: B) -> Self {
        Self { body: Either::Left(body) }
    }

    pub(crate) const fn full(body: Full<Bytes>) -> Self {
        Self { body: Either::Right(Either::Left(body)) }
    }

    pub(crate) const fn rejected(body: Either<Full<Bytes>, OwnBody>) -> Self {
        Self { body: Either::Right(body) }
    }

    pub(crate) const fn own(body: OwnBody) -> Self {
        Self { body: Either::Right(Either::Right(body)) }
    }
}

impl<B> ResponseBody<ResponseBody<B>> {
    /// The body of a service that wraps another service of this crate.
    pub(crate) fn flatten(self) -> ResponseBody<B> {
        match self.body {
            Either::Left(body) => body,
            Either::Right(body) => ResponseBody::rejected(body),
        }
    }
}

/// The inner body of a service that has no inner service. It has no values.
#[derive(Clone, Copy, Debug)]
pub enum NoInner {}

impl Body for NoInner {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match *self {}
    }
}

/// Boxes a response body that an application's handler returned. Its type is not a parameter of the layer, so that the
/// handler does not show in the types of routers.
pub(crate) fn boxed<B>(body: B) -> OwnBody
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    body.map_err(Into::into).boxed_unsync()
}

impl<B> Body for ResponseBody<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.project().body.poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_looks_like_the_one_inside() {
        let full = || Full::<Bytes>::from("abc");
        let own: [ResponseBody<Full<Bytes>>; 4] = [
            ResponseBody::inner(full()),
            ResponseBody::full(full()),
            ResponseBody::own(boxed(full())),
            ResponseBody::inner(ResponseBody::inner(full())).flatten(),
        ];
        for mut body in own {
            assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(3), false));
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "abc");
            assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
            assert!(body.frame().await.is_none());
        }
        assert!(ResponseBody::inner(full()).into_inner().is_ok());
        assert!(ResponseBody::<Full<Bytes>>::full(full()).into_inner().is_err());
    }
}
