use std::{
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::Disconnected;

/// Body of the requests and responses of a [`LocalClerk`](crate::LocalClerk): bytes in memory, read as one frame. Reading it
/// fails only if a [`Fault`](crate::Fault) cuts the connection.
#[derive(Clone, Debug, Default)]
pub struct LocalBody {
    bytes: Bytes,
    end: End,
}

/// What comes after the bytes.
#[derive(Clone, Copy, Debug, Default)]
enum End {
    /// The end.
    #[default]
    Complete,
    /// Bytes that are announced, but are not sent, because the connection is cut; how many.
    Missing(u64),
    /// As before. The server has had an occasion to send the bytes before.
    Cut(u64),
}

impl LocalBody {
    /// Returns a body whose second half is missing; `None` if it is empty.
    pub(crate) fn cut(mut self) -> Option<Self> {
        let half = self.bytes.split_off(self.bytes.len() / 2).len();
        self.end = End::Missing(u64::try_from(half).ok().filter(|half| *half > 0)?);
        Some(self)
    }
}

impl<T: Into<Bytes>> From<T> for LocalBody {
    fn from(bytes: T) -> Self {
        Self { bytes: bytes.into(), end: End::Complete }
    }
}

impl Body for LocalBody {
    type Data = Bytes;
    type Error = Disconnected;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Disconnected>>> {
        let bytes = mem::take(&mut self.bytes);
        if !bytes.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match self.end {
            End::Complete => Poll::Ready(None),
            End::Missing(missing) => {
                // A server sends what it has when it must wait, and drops it after an error.
                self.end = End::Cut(missing);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            End::Cut(_) => {
                self.end = End::Complete;
                Poll::Ready(Some(Err(Disconnected)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty() && matches!(self.end, End::Complete)
    }

    fn size_hint(&self) -> SizeHint {
        let missing = match self.end {
            End::Complete => 0,
            End::Missing(missing) | End::Cut(missing) => missing,
        };
        SizeHint::with_exact(u64::try_from(self.bytes.len()).unwrap_or(u64::MAX).saturating_add(missing))
    }
}
