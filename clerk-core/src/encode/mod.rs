//! Builds requests: path segments, query parameters, JSON and multipart bodies.
//!
//! Fields that the caller did not set are not sent. No value can change which endpoint is called: path
//! segments are percent-encoded, and empty segments, `.` and `..` are rejected. Lists, strings and numbers
//! that exceed the limits in Clerk's document are rejected too.
//!
//! ```
//! use clerk_core::{OperationInfo, encode::RequestBuilder};
//! use http::Method;
//!
//! static GET: OperationInfo = OperationInfo::new("GetUser", Method::GET, "/users/{user_id}", "Users");
//! let request = RequestBuilder::new(&GET).path("user_id", "a/b c").query("order_by", "+created_at").build().unwrap();
//! assert_eq!(request.uri(), "/users/a%2Fb%20c?order_by=%2Bcreated_at");
//!
//! let error = RequestBuilder::new(&GET).path("user_id", "../organizations/x").build();
//! assert!(error.is_ok(), "the slash is encoded, so this is a single segment");
//! let error = RequestBuilder::new(&GET).path("user_id", "..").build().unwrap_err();
//! assert_eq!(error.to_string(), "GetUser: `user_id` is \"..\", which cannot be a path segment");
//! ```

mod body;
mod limits;
mod multipart;
mod path;
mod query;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri, header};

pub use self::{
    body::JsonObject,
    multipart::{File, Form},
    query::QueryValue,
};
use crate::operation::{OperationInfo, Retry};

/// Error of building a request. It names the operation, the field and the problem.
///
/// Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: `{field}` {problem}")]
pub struct BuildError {
    /// The operation's ID.
    pub operation: &'static str,
    /// The name of the field in Clerk's API.
    pub field: &'static str,
    problem: Problem,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("is empty, which cannot be a path segment")]
    Empty,
    #[error("is {0:?}, which cannot be a path segment")]
    DotSegment(&'static str),
    #[error("has {len} characters; at most {max} are allowed")]
    TooLong { len: usize, max: usize },
    #[error("has {len} items; {min} to {max} are allowed")]
    Count { len: usize, min: usize, max: usize },
    #[error("is {value}; it must be {allowed}")]
    Number { value: i64, allowed: limits::Allowed },
    #[error("has {len} characters; {allowed} are allowed")]
    Letters { len: usize, allowed: limits::Allowed },
    #[error("has {len} bytes; at most {max} are allowed")]
    TooLarge { len: usize, max: usize },
    #[error("is not 1 to 255 ASCII letters, digits, `_` and `-`")]
    IdempotencyKey,
    #[error("has a content type that is not a valid header value")]
    ContentType,
    #[error("cannot be serialized as JSON")]
    Json(#[source] serde_json::Error),
    #[error("makes the request URI too long")]
    Uri(#[source] http::Error),
}

/// Builds the request of an operation. [`RequestBuilder::build`] returns the first error.
pub struct RequestBuilder {
    info: &'static OperationInfo,
    path: path::Template,
    query: query::Query,
    body: Option<(HeaderValue, Bytes)>,
    idempotency_key: Option<HeaderValue>,
    is_safe: bool,
    error: Option<BuildError>,
}

/// Shows only the operation, because paths, queries and bodies can contain IDs, addresses and passwords.
impl std::fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestBuilder").field("operation", &self.info.id).finish_non_exhaustive()
    }
}

impl RequestBuilder {
    /// Creates a builder for the operation that `info` describes.
    #[must_use]
    pub fn new(info: &'static OperationInfo) -> Self {
        Self {
            info,
            path: path::Template::new(info.path),
            query: query::Query::default(),
            body: None,
            idempotency_key: None,
            is_safe: false,
            error: None,
        }
    }

    /// Sets the path parameter `{name}` to `value`, as a single percent-encoded segment.
    #[must_use]
    pub fn path(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        if let Err(problem) = self.path.fill(name, value.as_ref()) {
            self.fail(name, problem);
        }
        self
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl QueryValue) -> Self {
        self.query.pair(name, &value);
        self
    }

    /// Adds a query parameter, unless it is `None`.
    #[must_use]
    pub fn query_opt<T: QueryValue>(mut self, name: &'static str, value: Option<&T>) -> Self {
        if let Some(value) = value {
            self.query.pair(name, value);
        }
        self
    }

    /// Adds a query parameter for each value: `name=a&name=b`. At most `max` values.
    #[must_use]
    pub fn query_each<T: QueryValue>(mut self, name: &'static str, values: &[T], max: usize) -> Self {
        self.count(name, values.len(), 0, max);
        for value in values {
            self.query.pair(name, value);
        }
        self
    }

    /// Adds a query parameter with all values, separated by commas, unless the list is empty. At most `max` values.
    #[must_use]
    pub fn query_joined<T: QueryValue>(mut self, name: &'static str, values: &[T], max: usize) -> Self {
        self.count(name, values.len(), 0, max);
        self.query.joined(name, values);
        self
    }

    /// Fails the request unless the list has `min` to `max` items.
    #[must_use]
    pub fn items(mut self, field: &'static str, len: usize, min: usize, max: usize) -> Self {
        self.count(field, len, min, max);
        self
    }

    /// Like [`RequestBuilder::items`], but accepts a list that is not set.
    #[must_use]
    pub fn items_opt(self, field: &'static str, len: Option<usize>, min: usize, max: usize) -> Self {
        match len {
            Some(len) => self.items(field, len, min, max),
            None => self,
        }
    }

    /// Sets the header `Idempotency-Key`, unless it is `None`. Then it is safe to send the request again.
    #[must_use]
    pub fn idempotency_key(mut self, key: Option<&str>) -> Self {
        self = self.key("Idempotency-Key", key).safe_if(key.is_some());
        self.idempotency_key = key.and_then(|key| HeaderValue::from_str(key).ok());
        self
    }

    /// Marks the request as safe to send again, whatever the rule of its operation: it gets [`Retry::Safe`] as an
    /// extension.
    #[must_use]
    pub fn safe_if(mut self, is_safe: bool) -> Self {
        self.is_safe |= is_safe;
        self
    }

    /// Sets the body to a multipart form.
    #[must_use]
    pub fn multipart(mut self, write: impl FnOnce(&mut Form)) -> Self {
        let mut form = Form::default();
        write(&mut form);
        match form.finish() {
            Ok(body) => self.body = Some(body),
            Err((field, problem)) => self.fail(field, problem),
        }
        self
    }

    /// Sets the body to a JSON object.
    #[must_use]
    pub fn json(mut self, write: impl FnOnce(&mut JsonObject)) -> Self {
        let mut object = JsonObject::new();
        write(&mut object);
        match object.finish() {
            Ok(bytes) => self.body = Some((JSON, bytes)),
            Err((field, error)) => self.fail(field, Problem::Json(error)),
        }
        self
    }

    /// Sets the body to `value`, serialized as JSON. `field` is its name in an error.
    #[must_use]
    pub fn json_value<T: serde::Serialize + ?Sized>(mut self, field: &'static str, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.body = Some((JSON, bytes.into())),
            Err(error) => self.fail(field, Problem::Json(error)),
        }
        self
    }

    /// Builds the request.
    ///
    /// # Errors
    /// Returns the first error of the previous calls, or an error if the URI is too long.
    pub fn build(mut self) -> Result<Request<Bytes>, BuildError> {
        let info = self.info;
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let text = self.query.append_to(self.path.finish().map_err(|(field, problem)| BuildError {
            operation: info.id,
            field,
            problem,
        })?);
        let uri = Uri::try_from(text).map_err(|e| BuildError {
            operation: info.id,
            field: "query",
            problem: Problem::Uri(e.into()),
        })?;
        let (content_type, body) =
            self.body.map_or((None, Bytes::new()), |(kind, bytes)| (Some(kind), bytes));
        let mut request = Request::new(body);
        *request.method_mut() = info.method.clone();
        *request.uri_mut() = uri;
        if let Some(kind) = content_type {
            request.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        if let Some(key) = self.idempotency_key {
            request.headers_mut().insert(IDEMPOTENCY_KEY, key);
        }
        request.extensions_mut().insert(info);
        if self.is_safe {
            request.extensions_mut().insert(Retry::Safe);
        }
        Ok(request)
    }

    fn count(&mut self, field: &'static str, len: usize, min: usize, max: usize) {
        if len < min || len > max {
            self.fail(field, Problem::Count { len, min, max });
        }
    }

    fn fail(&mut self, field: &'static str, problem: Problem) {
        self.error.get_or_insert(BuildError { operation: self.info.id, field, problem });
    }
}

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_sent_is_printed() {
        static POST: OperationInfo =
            OperationInfo::new("CreateThing", http::Method::POST, "/things/{id}", "Things");
        let mut shown = String::new();
        let builder =
            RequestBuilder::new(&POST).path("id", "verysecret").query("q", "verysecret").json(|body| {
                body.required("password", "verysecret");
                shown = format!("{body:?}");
            });
        shown.push_str(&format!("{builder:?}"));
        assert!(shown.contains("CreateThing") && !shown.contains("verysecret"), "{shown}");
        // Bytes are not printed as numbers either.
        assert!(!shown.contains("118, 101, 114, 121"), "{shown}");
    }
}
