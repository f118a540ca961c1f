use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{lenient, plain};
use crate::operation::OperationInfo;

/// Clerk answered, but not with what the operation returns.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// The status is not a success.
    #[error(transparent)]
    Status(Box<StatusError>),
    /// The status is a success, but the body cannot be read.
    #[error(transparent)]
    Decode(Box<DecodeError>),
}

/// Clerk refused: the status and what it said.
#[derive(Clone)]
#[non_exhaustive]
pub struct StatusError {
    /// The operation's id.
    pub operation: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// Clerk's errors in its order; empty when the body held none.
    pub errors: Vec<ApiError>,
    /// What Clerk says about the whole answer.
    pub meta: Map<String, Value>,
    /// The id to give to Clerk's support.
    pub trace_id: Option<String>,
    /// The `Retry-After` header as it came. [`retry_after`](crate::decode::retry_after) reads it.
    pub retry_after: Option<String>,
}

impl StatusError {
    /// Reads an answer that is not a success. Any body will do.
    pub(super) fn read(info: &'static OperationInfo, response: &Response<Bytes>) -> Self {
        let body = ErrorBody::read(response.body());
        Self {
            operation: info.id,
            status: response.status(),
            errors: body.errors,
            meta: body.meta,
            trace_id: body.clerk_trace_id.or_else(|| trace_id(response.headers())),
            retry_after: text_header(response.headers(), header::RETRY_AFTER.as_str()),
        }
    }

    /// Clerk's code of the first error, for example `resource_not_found`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.errors.first().map(|error| error.code.as_str())
    }

    /// Whether any of the errors has this code.
    #[must_use]
    pub fn has_code(&self, code: &str) -> bool {
        self.errors.iter().any(|error| error.code == code)
    }

    /// Whether the thing asked for does not exist (404).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// Whether Clerk asked for fewer requests (429).
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.status == StatusCode::TOO_MANY_REQUESTS
    }
}

/// One sentence: operation, status and Clerk's codes. Clerk's messages can repeat what was sent, so they
/// stay in [`StatusError::errors`].
impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: Clerk answered {}", self.operation, self.status.as_u16())?;
        for (position, error) in self.errors.iter().enumerate() {
            let lead = if position == 0 { " with " } else { ", " };
            write!(f, "{lead}{}", error.code)?;
            if let Some(name) = error.param_name() {
                write!(f, " ({name})")?;
            }
        }
        match &self.trace_id {
            Some(id) => write!(f, ", trace id {id}"),
            None => Ok(()),
        }
    }
}

/// Without `meta`, which can repeat what was sent.
impl fmt::Debug for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusError")
            .field("operation", &self.operation)
            .field("status", &self.status)
            .field("errors", &self.errors)
            .field("trace_id", &self.trace_id)
            .field("retry_after", &self.retry_after)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for StatusError {}

/// One of Clerk's errors.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApiError {
    /// A stable code, for example `form_identifier_exists`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub code: String,
    /// A short text for developers.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub message: String,
    /// A sentence for people.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub long_message: String,
    /// What else belongs to it, for example `param_name`.
    #[serde(default, deserialize_with = "plain::object_or_empty")]
    pub meta: Map<String, Value>,
}

impl ApiError {
    /// The request's field that is at fault, where Clerk names one.
    #[must_use]
    pub fn param_name(&self) -> Option<&str> {
        self.meta.get("param_name").and_then(Value::as_str)
    }
}

/// The code only: messages and `meta` can repeat what was sent.
impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError").field("code", &self.code).finish_non_exhaustive()
    }
}

/// The body of an answer that is not a success, as far as it could be read.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorBody {
    /// Clerk's errors.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub errors: Vec<ApiError>,
    /// What belongs to all of them.
    #[serde(default, deserialize_with = "plain::object_or_empty")]
    pub meta: Map<String, Value>,
    /// The id to give to Clerk's support.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub clerk_trace_id: Option<String>,
}

impl ErrorBody {
    /// Reads any body. One that is not Clerk's JSON gives an empty result.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }
}

/// Without `meta`, which can repeat what was sent.
impl fmt::Debug for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorBody")
            .field("errors", &self.errors)
            .field("clerk_trace_id", &self.clerk_trace_id)
            .finish_non_exhaustive()
    }
}

fn trace_id(headers: &HeaderMap) -> Option<String> {
    text_header(headers, "clerk-trace-id").or_else(|| text_header(headers, "cf-ray"))
}

/// A short header of visible characters; anything else is left alone.
fn text_header(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    (!text.is_empty() && text.len() <= 128).then(|| text.to_owned())
}

/// A successful answer whose body is not what the operation returns.
///
/// It says where and what was expected, and repeats no value from the body.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: cannot read the answer{}{path}: {problem}", if path.is_empty() { "" } else { " at " })]
#[non_exhaustive]
pub struct DecodeError {
    /// The operation's id.
    pub operation: &'static str,
    /// The path to the field, for example `data[3].email_addresses[0].id`; empty for the whole body.
    pub path: String,
    problem: String,
}

impl DecodeError {
    pub(super) fn new(info: &'static OperationInfo, problem: &str) -> Self {
        Self { operation: info.id, path: String::new(), problem: problem.to_owned() }
    }

    /// The same fault, in the element of a list at `position`.
    pub(crate) fn within(mut self, position: usize) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("[{position}]{dot}{}", self.path);
        self
    }

    /// Reads the body once more to find the fault.
    pub(crate) fn locate<T: DeserializeOwned>(info: &'static OperationInfo, body: &[u8]) -> Self {
        let reader = &mut serde_json::Deserializer::from_slice(body);
        match serde_path_to_error::deserialize::<_, T>(reader) {
            Err(error) => Self::describe(info, &error.path().to_string(), error.inner()),
            Ok(_) => Self::new(info, "there is more text behind the JSON value"),
        }
    }

    fn describe(info: &'static OperationInfo, path: &str, error: &serde_json::Error) -> Self {
        use serde_json::error::Category;

        let problem = match error.classify() {
            Category::Eof if error.column() == 0 => "the body is empty".to_owned(),
            Category::Eof => "the body ends too early".to_owned(),
            Category::Io | Category::Syntax => {
                format!("not JSON at line {} column {}", error.line(), error.column())
            }
            Category::Data => {
                let path = if path == "." { "" } else { path };
                let (path, problem) = describe_data(path, &error.to_string());
                return Self { operation: info.id, path, problem };
            }
        };
        Self::new(info, &problem)
    }
}

/// Where JSON does not fit a type, and why. serde's messages quote the value they refuse; only the kind of
/// value is kept.
pub(crate) fn describe_data(path: &str, message: &str) -> (String, String) {
    if let Some(field) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        let path = if path.is_empty() || path == "." { field.to_owned() } else { format!("{path}.{field}") };
        return (path, "the field is missing".to_owned());
    }
    let expected = message.rsplit_once(", expected ").map_or("another value", |(_, rest)| rest);
    let expected = expected.split(" at line ").next().unwrap_or(expected);
    // Messages of other makings may have the value itself in this place.
    let found = ["invalid type: ", "invalid value: "].iter().find_map(|start| message.strip_prefix(start));
    let kind = found.and_then(|found| found.split([' ', ',']).next()).unwrap_or("value");
    (path.to_owned(), format!("found {kind}, expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    static GET: OperationInfo = OperationInfo::new("GetThing", Method::GET, "/things/{id}", "Things");

    fn status_error(status: u16, headers: &[(&str, &str)], body: &str) -> StatusError {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        StatusError::read(&GET, &response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap())
    }

    #[test]
    fn all_of_clerks_errors_are_kept() {
        let error = status_error(
            422,
            &[("cf-ray", "ray")],
            r#"{"errors":[
                {"code":"a","message":"m","long_message":"l","meta":{"param_name":"p1"}},
                {"code":"b","message":"secret@example.com","meta":{"param_name":"p2"}},
                {"code":"c","message":null}],"meta":{"k":1},"clerk_trace_id":"t"}"#,
        );
        let names: Vec<_> = error.errors.iter().map(|e| (e.code.as_str(), e.param_name())).collect();
        assert_eq!(names, [("a", Some("p1")), ("b", Some("p2")), ("c", None)]);
        assert_eq!(error.trace_id.as_deref(), Some("t"));
        assert_eq!(error.to_string(), "GetThing: Clerk answered 422 with a (p1), b (p2), c, trace id t");
        assert!(!format!("{error:?} {error}").contains("secret@example.com"));
    }

    #[test]
    fn any_body_will_do() {
        for body in
            ["", "<html>Bad gateway</html>", "[]", "null", "{\"errors\": 3}", "{\"errors\":null}", "\u{0}"]
        {
            let error = status_error(502, &[("clerk-trace-id", "t2"), ("retry-after", "7")], body);
            assert!(error.errors.is_empty(), "{body}");
            assert_eq!(error.trace_id.as_deref(), Some("t2"));
            assert_eq!(error.retry_after.as_deref(), Some("7"));
            assert_eq!(error.to_string(), "GetThing: Clerk answered 502, trace id t2");
        }
    }

    #[derive(Deserialize, Debug)]
    #[allow(dead_code)]
    struct Thing {
        id: crate::id::Id,
        count: i64,
        parts: Vec<Part>,
    }

    #[derive(Deserialize, Debug)]
    #[allow(dead_code)]
    struct Part {
        banned: bool,
    }

    #[test]
    fn faults_are_located_without_the_value() {
        let cases = [
            (r#"{"count":1,"parts":[]}"#, "id", "the field is missing"),
            (
                r#"{"id":"x","count":1,"parts":[{"banned":false},{}]}"#,
                "parts[1].banned",
                "the field is missing",
            ),
            (r#"{"id":"x","count":"a, expected b","parts":[]}"#, "count", "found string, expected i64"),
            (r#"{"id":"x","count":1,"parts":{"k":"v"}}"#, "parts", "found map, expected a sequence"),
            (r#"{"id":"","count":1,"parts":[]}"#, "id", "found string, expected a non-empty identifier"),
            (r#"{"id":"x""#, "", "the body ends too early"),
            ("", "", "the body is empty"),
            ("<html>", "", "not JSON at line 1 column 1"),
            (r#"{"id":"x","count":1,"parts":[]} tail"#, "", "there is more text behind the JSON value"),
        ];
        for (body, path, problem) in cases {
            let response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
            let Err(ResponseError::Decode(error)) = crate::decode::json::<Thing>(&GET, &response) else {
                panic!("{body} was read");
            };
            assert_eq!((error.path.as_str(), error.problem.as_str()), (path, problem), "{body}");
        }
    }
}
