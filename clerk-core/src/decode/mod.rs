//! From Clerk's answers to values: tolerant where that is harmless, strict where it is not.
//!
//! Unknown fields are ignored, unknown enum values are kept, and a field that is missing or `null` falls
//! back to nothing (an empty text, list or object, zero, `false`). Identity never falls back, nor does a
//! field whose fallback would grant something, such as `banned`: then the answer is refused, with the
//! operation and the field's path.
//!
//! ```
//! use clerk_core::{Operation, api::users, decode::ResponseError};
//! use http::Response;
//!
//! let answer = Response::builder().status(404).body(
//!     r#"{"errors": [{"code": "resource_not_found", "message": "not found"}], "clerk_trace_id": "t1"}"#.into(),
//! ).unwrap();
//! let Err(ResponseError::Status(error)) = users::Get::decode(&answer) else { panic!() };
//! assert!(error.is_not_found());
//! assert_eq!(error.trace_id.as_deref(), Some("t1"));
//!
//! // A user whose id is missing is no user.
//! let answer = Response::new(r#"{"banned": false, "locked": false}"#.into());
//! let Err(ResponseError::Decode(error)) = users::Get::decode(&answer) else { panic!() };
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

/// Reads a JSON answer of the operation that `info` describes.
///
/// # Errors
/// As [`Operation::decode`](crate::Operation::decode).
pub fn json<T: DeserializeOwned>(
    info: &'static OperationInfo,
    response: &Response<Bytes>,
) -> Result<T, ResponseError> {
    success(info, response)?;
    let body = response.body();
    // The path to a fault is worth knowing but costs time, so it is looked for only when there is one.
    serde_json::from_slice(body)
        .map_err(|_| DecodeError::locate::<T>(info, body))
        .map_err(|error| ResponseError::Decode(Box::new(error)))
}

/// Reads an answer without content. A body, if there is one, is ignored.
///
/// # Errors
/// [`ResponseError::Status`].
pub fn empty(info: &'static OperationInfo, response: &Response<Bytes>) -> Result<(), ResponseError> {
    success(info, response)
}

/// Reads an answer that is text, such as HTML.
///
/// # Errors
/// As [`Operation::decode`](crate::Operation::decode); text that is not UTF-8 is a decode error.
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
