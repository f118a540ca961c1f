use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

/// Body of the requests and responses of a [`LocalClerk`](crate::LocalClerk): bytes in memory, read as one frame.
#[derive(Clone, Debug, Default)]
pub struct LocalBody(Full<Bytes>);

impl<T: Into<Bytes>> From<T> for LocalBody {
    fn from(bytes: T) -> Self {
        Self(Full::new(bytes.into()))
    }
}

impl Body for LocalBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
