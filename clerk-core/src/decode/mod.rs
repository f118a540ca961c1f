//! Decodes responses: tolerant where that is harmless, strict where it is not.
//!
//! Unknown fields are ignored, and unknown enum values are kept. A field that is missing or `null` falls back
//! to an empty string, list or object, zero, or `false`. IDs never fall back, and neither does a field whose
//! fallback could grant access, such as `banned`: decoding then fails with an error that names the operation
//! and the path.
//!
//! ```
//! use clerk_core::{Operation, api::users, decode::ResponseError};
//! use http::Response;
//!
//! let response = Response::builder().status(404).body(
//!     r#"{"errors": [{"code": "resource_not_found", "message": "not found"}], "clerk_trace_id": "t1"}"#.into(),
//! ).unwrap();
//! let Err(ResponseError::Status(error)) = users::get("user_1").decode(&response) else { panic!() };
//! assert!(error.is_not_found());
//! assert_eq!(error.trace_id.as_deref(), Some("t1"));
//!
//! // A user without an ID is a decode error.
//! let response = Response::new(r#"{"banned": false, "locked": false}"#.into());
//! let Err(ResponseError::Decode(error)) = users::get("user_1").decode(&response) else { panic!() };
//! assert_eq!(error.path, "id");
//!
//! // So is another user than the one that was asked for.
//! let response = Response::new(r#"{"id": "user_2", "banned": false, "locked": false}"#.into());
//! let Err(ResponseError::Decode(error)) = users::get("user_1").decode(&response) else { panic!() };
//! assert_eq!(error.path, "id");
//! ```

mod error;
pub(crate) mod lenient;
pub(crate) mod plain;
mod retry_after;

use bytes::Bytes;
use http::Response;
use serde::de::DeserializeOwned;

pub(crate) use self::error::describe_data;
pub use self::{
    error::{ApiError, DecodeError, ErrorBody, ResponseError, StatusError},
    retry_after::retry_after,
};
use crate::operation::OperationInfo;

/// Decodes a JSON response of the operation that `info` describes.
///
/// # Errors
/// See [`Operation::decode`](crate::Operation::decode).
pub fn json<T: DeserializeOwned>(
    info: &'static OperationInfo,
    response: &Response<Bytes>,
) -> Result<T, ResponseError> {
    success(info, response)?;
    let body = response.body();
    let decoded = match std::str::from_utf8(body) {
        // The body is checked at once, which costs less than checking each of its strings.
        Ok(text) => serde_json::from_str(text),
        // What is not UTF-8 can be in a field that is ignored.
        Err(_) => serde_json::from_slice(body),
    };
    // Tracking the path slows down decoding, so it is only done after an error.
    decoded
        .map_err(|_| DecodeError::locate::<T>(info, body))
        .map_err(|error| ResponseError::Decode(Box::new(error)))
}

/// Checks that a response is about the resource that was asked for: that one of the fields that identify it has
/// the value from the path. If the response omits the first of them, there is nothing to compare.
///
/// # Errors
/// Returns a decode error at `path` if the fields identify another resource.
pub(crate) fn same<const N: usize>(
    info: &'static OperationInfo,
    path: &str,
    asked: &str,
    found: [Option<&str>; N],
) -> Result<(), ResponseError> {
    // A missing text falls back to an empty one.
    let is_absent = found.first().is_none_or(|first| first.is_none_or(str::is_empty));
    if is_absent || found.contains(&Some(asked)) {
        return Ok(());
    }
    Err(ResponseError::Decode(Box::new(DecodeError::other_resource(info, path))))
}

/// Decodes a response without content. A body is ignored.
///
/// # Errors
/// Returns [`ResponseError::Status`] if the status is not a success status.
pub fn empty(info: &'static OperationInfo, response: &Response<Bytes>) -> Result<(), ResponseError> {
    success(info, response)
}

/// Decodes a text response, such as HTML.
///
/// # Errors
/// See [`Operation::decode`](crate::Operation::decode). A body that is not UTF-8 is a decode error.
pub fn text(info: &'static OperationInfo, response: &Response<Bytes>) -> Result<String, ResponseError> {
    success(info, response)?;
    std::str::from_utf8(response.body())
        .map(str::to_owned)
        .map_err(|_| ResponseError::Decode(Box::new(DecodeError::new(info, "the body is not UTF-8"))))
}

fn success(info: &'static OperationInfo, response: &Response<Bytes>) -> Result<(), ResponseError> {
    if response.status().is_success() {
        return Ok(());
    }
    Err(ResponseError::Status(Box::new(StatusError::read(info, response))))
}
