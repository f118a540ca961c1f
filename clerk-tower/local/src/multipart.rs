//! Uploaded files, in bodies of the type `multipart/form-data`.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{FutureExt as _, stream};
use multer::Multipart;

use crate::error::ApiError;

/// Returns the field `file` of a form.
pub(super) fn file(content_type: &str, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let boundary = multer::parse_boundary(content_type).map_err(|_| {
        ApiError::bad_request("The body of the request is not of the type multipart/form-data")
    })?;
    // The whole body is there, so nothing has to be awaited.
    let read = read(boundary, Bytes::copy_from_slice(body)).now_or_never();
    let file = read.and_then(Result::ok).ok_or_else(|| ApiError::bad_request("The form is malformed"))?;
    file.map(|file| file.to_vec()).ok_or_else(|| ApiError::missing("file"))
}

async fn read(boundary: String, body: Bytes) -> multer::Result<Option<Bytes>> {
    let mut form = Multipart::new(stream::iter([Ok::<_, Infallible>(body)]), boundary);
    while let Some(field) = form.next_field().await? {
        if field.name() == Some("file") {
            return field.bytes().await.map(Some);
        }
    }
    Ok(None)
}
