//! Reads a file to upload from a stream of known length.
//!
//! Images and logos are sent as a [`File`]. If one comes from a visitor's request or from an object store, [`file()`]
//! reads it from any [`http_body::Body`], such as axum's and hyper's. Its length must be known in advance: a file that
//! is too large for Clerk is rejected before anything is read, and reading stops at the first byte beyond the length.
//!
//! The whole file is held in memory, up to 10 MiB, because a retry has to send the same bytes again.
//!
//! ```
//! use clerk_core::{Operation, api::users};
//! use clerk_tower::client::upload;
//! use http_body_util::Full;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let body = Full::new(&b"PNG"[..]); // or the body of a request, with the number in its Content-Length
//! let file = upload::file(body, 3).await?.name("ada.png").content_type("image/png");
//! let request = users::set_profile_image("user_1", file).request()?;
//! # assert!(request.body().len() > 3); Ok(()) }
//! ```

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use clerk_core::encode::File;
use http_body::Body;
use http_body_util::BodyExt as _;

use crate::BoxError;

/// Upper bound on the memory that is reserved before any byte has arrived: the length is only a caller's claim.
const FIRST_ROOM: usize = 64 * 1024;

/// Error of reading a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The file is larger than Clerk accepts. Nothing was read.
    #[error("the file is too large: {length} bytes, but at most {max} are allowed; nothing was read")]
    TooLarge {
        /// The announced length, in bytes.
        length: u64,
        /// The maximum that Clerk accepts, in bytes.
        max: u64,
    },
    /// The stream contains more bytes than were announced.
    #[error("the file is longer than the {length} bytes that were announced")]
    Longer {
        /// The announced length, in bytes.
        length: u64,
    },
    /// The stream contains fewer bytes than were announced.
    #[error("the file is shorter than announced: {read} of {length} bytes")]
    Shorter {
        /// The announced length, in bytes.
        length: u64,
        /// The actual length, in bytes.
        read: u64,
    },
    /// The stream failed.
    #[error("reading the file failed after {read} of {length} bytes")]
    Broken {
        /// The announced length, in bytes.
        length: u64,
        /// The number of bytes read before the failure.
        read: u64,
        /// The stream's error.
        source: BoxError,
    },
}

/// Reads a file of `length` bytes.
///
/// The result is named `file` and has no content type; set them with [`File::name`] and [`File::content_type`]. There
/// is no timeout: wrap the call in one if the stream can stall. Memory is allocated as the bytes arrive. Trailers are
/// ignored.
///
/// # Errors
/// If `length` exceeds what Clerk accepts, if the stream is longer or shorter than `length`, or if it fails. A body
/// that knows its own length is rejected before it is read if that differs.
pub async fn file<B>(body: B, length: u64) -> Result<File, UploadError>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let bytes = Reading::new(length)?.read(body).await?;
    Ok(File::new(bytes))
}

/// A file of known length while it is read.
struct Reading {
    length: u64,
    bytes: BytesMut,
}

impl Reading {
    fn new(length: u64) -> Result<Self, UploadError> {
        let max = u64::try_from(File::MAX_BYTES).unwrap_or(u64::MAX);
        if length > max {
            return Err(UploadError::TooLarge { length, max });
        }
        let room = usize::try_from(length).unwrap_or(FIRST_ROOM).min(FIRST_ROOM);
        Ok(Self { length, bytes: BytesMut::with_capacity(room) })
    }

    async fn read<B>(mut self, body: B) -> Result<Bytes, UploadError>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        let hint = body.size_hint();
        self.check(hint.lower())?;
        // Before any byte is read: a mismatch is certain here, and reading could take long.
        if let Some(upper) = hint.upper().filter(|upper| *upper < self.length) {
            return Err(UploadError::Shorter { length: self.length, read: upper });
        }
        let mut body = pin!(body);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| UploadError::Broken {
                length: self.length,
                read: self.count(),
                source: error.into(),
            })?;
            // Checked for each frame, and not at the end: an endless stream must not fill the memory.
            if let Ok(data) = frame.into_data() {
                self.add(data)?;
            }
        }
        match self.count() {
            read if read < self.length => Err(UploadError::Shorter { length: self.length, read }),
            _ => Ok(self.bytes.freeze()),
        }
    }

    fn add(&mut self, mut data: impl bytes::Buf) -> Result<(), UploadError> {
        let more = u64::try_from(data.remaining()).unwrap_or(u64::MAX);
        self.check(self.count().saturating_add(more))?;
        // Any `Buf`, which may consist of several chunks.
        while data.has_remaining() {
            let chunk = data.chunk();
            let count = chunk.len();
            self.bytes.extend_from_slice(chunk);
            data.advance(count);
        }
        Ok(())
    }

    fn count(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }

    fn check(&self, count: u64) -> Result<(), UploadError> {
        if count > self.length { Err(UploadError::Longer { length: self.length }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        io,
        pin::Pin,
        sync::atomic::{AtomicU64, Ordering},
        task::{Context, Poll},
    };

    use clerk_core::{Operation as _, api::users};
    use http::HeaderMap;
    use http_body::{Frame, SizeHint};
    use http_body_util::{Full, StreamBody};

    use super::*;

    type Chunks = Vec<Result<Frame<Bytes>, io::Error>>;

    fn data(text: &'static str) -> Result<Frame<Bytes>, io::Error> {
        Ok(Frame::data(Bytes::from_static(text.as_bytes())))
    }

    fn broken() -> Result<Frame<Bytes>, io::Error> {
        Err(io::Error::other("reset by peer"))
    }

    async fn read(chunks: Chunks, length: u64) -> Result<String, UploadError> {
        let body = StreamBody::new(futures_util::stream::iter(chunks));
        let bytes = Reading::new(length)?.read(body).await?;
        Ok(String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_file_must_have_the_announced_length() {
        let trailers = || Ok(Frame::trailers(HeaderMap::new()));
        let cases: [(Chunks, u64, Result<&str, &str>); 12] = [
            (vec![], 0, Ok("")),
            (vec![data("abc")], 3, Ok("abc")),
            (vec![data("a"), data(""), data("bc"), data("")], 3, Ok("abc")),
            (vec![data("abc"), trailers()], 3, Ok("abc")),
            (vec![], 3, Err("the file is shorter than announced: 0 of 3 bytes")),
            (vec![data("a"), data("b")], 3, Err("the file is shorter than announced: 2 of 3 bytes")),
            (vec![data("abcd")], 3, Err("the file is longer than the 3 bytes that were announced")),
            (vec![data("abc"), data("d")], 3, Err("the file is longer than the 3 bytes that were announced")),
            // The first byte beyond the length ends it, whatever follows.
            (vec![data("abcd"), broken()], 3, Err("the file is longer than the 3 bytes that were announced")),
            (vec![data("a")], 0, Err("the file is longer than the 0 bytes that were announced")),
            (vec![data("ab"), broken()], 3, Err("reading the file failed after 2 of 3 bytes")),
            (vec![data("abc"), broken()], 3, Err("reading the file failed after 3 of 3 bytes")),
        ];
        for (number, (chunks, length, want)) in cases.into_iter().enumerate() {
            let got = read(chunks, length).await.map_err(|error| error.to_string());
            assert_eq!(got.as_deref(), want.map_err(str::to_owned).as_deref(), "case {number}");
        }
        let cause = read(vec![broken()], 3).await.unwrap_err();
        assert_eq!(std::error::Error::source(&cause).unwrap().to_string(), "reset by peer");
    }

    /// Counts how often it is read, and never ends.
    struct Endless<'a> {
        polls: &'a AtomicU64,
        hint: SizeHint,
    }

    impl Body for Endless<'_> {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.polls.fetch_add(1, Ordering::Relaxed);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[0; 1024])))))
        }

        fn size_hint(&self) -> SizeHint {
            self.hint
        }
    }

    #[tokio::test]
    async fn a_length_that_cannot_match_is_rejected_before_reading() {
        let max = u64::try_from(File::MAX_BYTES).unwrap();
        let exactly = SizeHint::with_exact;
        for (length, hint, want, reads) in [
            (
                max + 1,
                SizeHint::new(),
                "the file is too large: 10485761 bytes, but at most 10485760 are allowed; nothing was read",
                0,
            ),
            (u64::MAX, exactly(u64::MAX), "the file is too large: 18446744073709551615 bytes", 0),
            (10, exactly(11), "the file is longer than the 10 bytes", 0),
            (10, exactly(9), "the file is shorter than announced: 9 of 10 bytes", 0),
            (10, exactly(10), "the file is longer than the 10 bytes", 1),
            (max, SizeHint::new(), "the file is longer than the 10485760 bytes", max / 1024 + 1),
        ] {
            let polls = AtomicU64::new(0);
            let error = file(Endless { polls: &polls, hint }, length).await.unwrap_err().to_string();
            assert!(error.starts_with(want), "{error}");
            assert_eq!(polls.into_inner(), reads, "{error}");
        }
    }

    #[tokio::test]
    async fn the_largest_file_is_accepted_and_can_be_sent_twice() {
        let content = Bytes::from(vec![7; File::MAX_BYTES]);
        let length = u64::try_from(content.len()).unwrap();
        let file = file(Full::new(content.clone()), length).await.unwrap().name("a.png");
        let operation = users::set_profile_image("user_1", file);
        for _ in 0..2 {
            let request = operation.request().unwrap();
            assert!(request.body().len() > content.len());
        }
    }
}
