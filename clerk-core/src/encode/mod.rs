//! From an operation's fields to a request: path segments, query pairs, JSON bodies.
//!
//! Nothing is sent that the caller left out, and nothing a caller passes can change which endpoint is
//! called: every path segment is percent-encoded, and an empty one, `.` and `..` are refused. So are lists,
//! texts and numbers that Clerk's document says are too short, too long, too small or too large.
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
//! assert!(error.is_ok(), "a slash is encoded, so this is one harmless segment");
//! let error = RequestBuilder::new(&GET).path("user_id", "..").build().unwrap_err();
//! assert_eq!(error.to_string(), "GetUser: `user_id` is \"..\", which cannot be a path segment");
//! ```

mod body;
mod limits;
mod multipart;
mod path;
mod query;

use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};

pub use self::{
    body::JsonObject,
    multipart::{File, Form},
    query::QueryValue,
};
use crate::operation::OperationInfo;

/// A request could not be built: which operation, which field, and what is wrong with it.
///
/// Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: `{field}` {problem}")]
pub struct BuildError {
    /// The operation's id.
    pub operation: &'static str,
    /// The field as Clerk names it.
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
    #[error("is {value}; it has to be {allowed}")]
    Number { value: i64, allowed: limits::Allowed },
    #[error("has {len} characters; {allowed} are allowed")]
    Letters { len: usize, allowed: limits::Allowed },
    #[error("has {len} bytes; at most {max} are allowed")]
    TooLarge { len: usize, max: usize },
    #[error("has a content type that cannot be sent")]
    ContentType,
    #[error("cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    #[error("makes the request's address longer than can be sent")]
    Uri(#[source] http::Error),
}

/// Builds the request of one operation. Errors are kept until [`RequestBuilder::build`].
pub struct RequestBuilder {
    info: &'static OperationInfo,
    path: path::Template,
    query: query::Query,
    body: Option<(HeaderValue, Bytes)>,
    error: Option<BuildError>,
}

/// The operation only: paths, queries and bodies hold ids, addresses and passwords.
impl std::fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestBuilder").field("operation", &self.info.id).finish_non_exhaustive()
    }
}

impl RequestBuilder {
    /// Starts the request of the operation that `info` describes.
    #[must_use]
    pub fn new(info: &'static OperationInfo) -> Self {
        Self {
            info,
            path: path::Template::new(info.path),
            query: query::Query::default(),
            body: None,
            error: None,
        }
    }

    /// Puts `value` into the template's place `{name}`, as one percent-encoded segment.
    #[must_use]
    pub fn path(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        if let Err(problem) = self.path.fill(name, value.as_ref()) {
            self.fail(name, problem);
        }
        self
    }

    /// Adds one query pair.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl QueryValue) -> Self {
        self.query.pair(name, &value);
        self
    }

    /// Adds one query pair, unless the value was left out.
    #[must_use]
    pub fn query_opt<T: QueryValue>(mut self, name: &'static str, value: Option<&T>) -> Self {
        if let Some(value) = value {
            self.query.pair(name, value);
        }
        self
    }

    /// Adds one query pair for each value: `name=a&name=b`. At most `max` values.
    #[must_use]
    pub fn query_each<T: QueryValue>(mut self, name: &'static str, values: &[T], max: usize) -> Self {
        self.count(name, values.len(), 0, max);
        for value in values {
            self.query.pair(name, value);
        }
        self
    }

    /// Adds all values as one pair, joined with commas; nothing for no values. At most `max` values.
    #[must_use]
    pub fn query_joined<T: QueryValue>(mut self, name: &'static str, values: &[T], max: usize) -> Self {
        self.count(name, values.len(), 0, max);
        self.query.joined(name, values);
        self
    }

    /// Refuses the request unless the list `field` has `min` to `max` items.
    #[must_use]
    pub fn items(mut self, field: &'static str, len: usize, min: usize, max: usize) -> Self {
        self.count(field, len, min, max);
        self
    }

    /// As [`RequestBuilder::items`], unless the list was left out.
    #[must_use]
    pub fn items_opt(self, field: &'static str, len: Option<usize>, min: usize, max: usize) -> Self {
        match len {
            Some(len) => self.items(field, len, min, max),
            None => self,
        }
    }

    /// Sets a multipart form as the body.
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

    /// Sets a JSON object as the body.
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

    /// Sets the JSON form of `value` as the body. `field` names it in an error.
    #[must_use]
    pub fn json_value<T: serde::Serialize + ?Sized>(mut self, field: &'static str, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.body = Some((JSON, bytes.into())),
            Err(error) => self.fail(field, Problem::Json(error)),
        }
        self
    }

    /// The request.
    ///
    /// # Errors
    /// The first thing that was wrong.
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
        request.extensions_mut().insert(info);
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
