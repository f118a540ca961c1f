use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{lenient, plain};
use crate::operation::OperationInfo;

/// Error of a response: Clerk refused the request, or the body cannot be decoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// The status is not a success status.
    #[error(transparent)]
    Status(Box<StatusError>),
    /// The status is a success status, but the body cannot be decoded.
    #[error(transparent)]
    Decode(Box<DecodeError>),
}

/// An error response of Clerk: the status, and Clerk's errors.
#[derive(Clone)]
#[non_exhaustive]
pub struct StatusError {
    /// The operation's ID.
    pub operation: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// Clerk's errors, in the order of the response. Empty if the body contains none.
    pub errors: Vec<ApiError>,
    /// Additional data about the whole response.
    pub meta: Map<String, Value>,
    /// Clerk's trace ID, for support requests.
    pub trace_id: Option<String>,
    /// The unparsed `Retry-After` header. [`retry_after`](crate::decode::retry_after) parses it.
    pub retry_after: Option<String>,
}

impl StatusError {
    /// Reads an error response. Accepts any body, since errors can come from proxies too.
    pub(super) fn read(info: &'static OperationInfo, response: &Response<Bytes>) -> Self {
        let body = ErrorBody::read(response.body());
        Self {
            operation: info.id,
            status: response.status(),
            errors: body.errors,
            meta: body.meta,
            trace_id: body.clerk_trace_id.filter(|id| is_short(id)).or_else(|| trace_id(response.headers())),
            retry_after: text_header(response.headers(), header::RETRY_AFTER.as_str()),
        }
    }

    /// Returns the code of the first error, such as `resource_not_found`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.errors.first().map(|error| error.code.as_str())
    }

    /// Returns whether any of the errors has this code.
    #[must_use]
    pub fn has_code(&self, code: &str) -> bool {
        self.errors.iter().any(|error| error.code == code)
    }

    /// Returns whether the resource does not exist (status 404).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// Returns whether the request was rate limited (status 429).
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.status == StatusCode::TOO_MANY_REQUESTS
    }
}

/// Shows the operation, the status, and of up to five of Clerk's errors the code, the name of the parameter and the
/// message.
///
/// Clerk's messages can repeat values from the request. So a message is only shown if it is short and consists of
/// words and simple punctuation: without digits, `@`, quotes and the like it contains no id, address, number or token.
/// All of it is in [`StatusError::errors`].
impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        write!(f, "{}: Clerk responded with status {}", self.operation, self.status.as_u16())?;
        for (position, error) in self.errors.iter().take(SHOWN).enumerate() {
            f.write_str(if position == 0 { ": " } else { ", " })?;
            error.describe(f)?;
        }
        if let Some(more) = self.errors.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            write!(f, ", and {more} more")?;
        }
        match &self.trace_id {
            Some(id) => write!(f, "; trace ID {id}"),
            None => Ok(()),
        }
    }
}

/// Omits `meta`, which can repeat values from the request.
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

/// One error of an error response.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApiError {
    /// The error code, such as `form_identifier_exists`. Codes are stable.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub code: String,
    /// The message for developers.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub message: String,
    /// The message for end users.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub long_message: String,
    /// Additional data, such as `param_name`.
    #[serde(default, deserialize_with = "plain::object_or_empty")]
    pub meta: Map<String, Value>,
}

impl ApiError {
    /// Returns the request field that caused the error, if Clerk names it.
    #[must_use]
    pub fn param_name(&self) -> Option<&str> {
        self.meta.get("param_name").and_then(Value::as_str)
    }

    /// Shows the code, the parameter and the message, as far as they are safe to log.
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = if is_name(&self.code) { &self.code } else { "an error without a code" };
        f.write_str(code)?;
        if let Some(name) = self.param_name().filter(|name| is_name(name)) {
            write!(f, " ({name})")?;
        }
        match self.message.trim().trim_end_matches('.') {
            message if is_plain_sentence(message) => write!(f, " \"{message}\""),
            _ => Ok(()),
        }
    }
}

/// Returns `true` for what names a code or a parameter, such as `public_metadata.tags[0]`.
fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.[]".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(is_part)
}

/// Returns `true` for a short sentence of words, which has no room for a value.
fn is_plain_sentence(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphabetic() || b" ,.;:'()-".contains(&byte);
    let is_word = |word: &str| word.len() <= 20;
    (1..=160).contains(&text.len()) && text.bytes().all(is_plain) && text.split(' ').all(is_word)
}

/// Shows only the code, because messages and `meta` can repeat values from the request.
impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError").field("code", &self.code).finish_non_exhaustive()
    }
}

/// The body of an error response, as far as it could be read.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorBody {
    /// Clerk's errors.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub errors: Vec<ApiError>,
    /// Additional data about the whole response.
    #[serde(default, deserialize_with = "plain::object_or_empty")]
    pub meta: Map<String, Value>,
    /// Clerk's trace ID, for support requests.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub clerk_trace_id: Option<String>,
}

impl ErrorBody {
    /// Reads a body. If it is not an error body of Clerk, the result is empty.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }
}

/// Omits `meta`, which can repeat values from the request.
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

/// Returns a header if it is short and printable, since it ends up in error messages and logs.
fn text_header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().filter(|text| is_short(text)).map(str::to_owned)
}

fn is_short(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

const OTHER_RESOURCE: &str = "it is not the resource that was asked for";

/// Error of decoding the body of a successful response.
///
/// It names the path and what was expected, but contains no value from the body.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: cannot decode the response{}{path}: {problem}", if path.is_empty() { "" } else { " at " })]
#[non_exhaustive]
pub struct DecodeError {
    /// The operation's ID.
    pub operation: &'static str,
    /// The path of the field, such as `data[3].email_addresses[0].id`. Empty for the whole body.
    pub path: String,
    problem: String,
}

impl DecodeError {
    pub(super) fn new(info: &'static OperationInfo, problem: &str) -> Self {
        Self { operation: info.id, path: String::new(), problem: problem.to_owned() }
    }

    pub(super) fn other_resource(info: &'static OperationInfo, path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::new(info, OTHER_RESOURCE) }
    }

    /// Returns whether the response was about another resource than the one that was asked for.
    #[must_use]
    pub fn is_other_resource(&self) -> bool {
        self.problem == OTHER_RESOURCE
    }

    /// Prepends the position of an item in a list to the path.
    pub(crate) fn within(mut self, position: usize) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("[{position}]{dot}{}", self.path);
        self
    }

    /// Decodes the body again to find the path of the error.
    pub(crate) fn locate<T: DeserializeOwned>(info: &'static OperationInfo, body: &[u8]) -> Self {
        let reader = &mut serde_json::Deserializer::from_slice(body);
        match serde_path_to_error::deserialize::<_, T>(reader) {
            Err(error) => Self::describe(info, &error.path().to_string(), error.inner()),
            Ok(_) => Self::new(info, "more data follows the JSON value"),
        }
    }

    fn describe(info: &'static OperationInfo, path: &str, error: &serde_json::Error) -> Self {
        use serde_json::error::Category;

        let problem = match error.classify() {
            Category::Eof if error.column() == 0 => "the body is empty".to_owned(),
            Category::Eof => "the body is truncated".to_owned(),
            Category::Io | Category::Syntax => {
                format!("invalid JSON at line {} column {}", error.line(), error.column())
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

/// Returns the path and the problem of a type mismatch. serde's messages quote the value, which can be
/// personal data, so only its kind is kept.
pub(crate) fn describe_data(path: &str, message: &str) -> (String, String) {
    if let Some(field) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        let path = if path.is_empty() || path == "." { field.to_owned() } else { format!("{path}.{field}") };
        return (path, "the field is missing".to_owned());
    }
    let expected = message.rsplit_once(", expected ").map_or("another value", |(_, rest)| rest);
    let expected = expected.split(" at line ").next().unwrap_or(expected);
    // Custom messages can contain the value here, so only known forms are used.
    let found = ["invalid type: ", "invalid value: "].iter().find_map(|start| message.strip_prefix(start));
    let kind = found.and_then(|found| found.split([' ', ',']).next()).unwrap_or("value");
    (path.to_owned(), format!("found {kind}, expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;
    use serde_json::json;

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
        assert_eq!(
            error.to_string(),
            "GetThing: Clerk responded with status 422: a (p1) \"m\", b (p2), c; trace ID t"
        );
        assert!(!format!("{error:?} {error}").contains("secret@example.com"));
    }

    #[test]
    fn the_message_says_what_is_wrong_and_repeats_no_value() {
        let long = "word ".repeat(100);
        for (code, param, message, expected) in [
            (
                json!("form_data_missing"),
                json!("email_address"),
                "is missing",
                "form_data_missing (email_address) \"is missing\"",
            ),
            (
                json!("form_identifier_exists"),
                json!(null),
                "That email address is taken. Please try another.",
                "form_identifier_exists \"That email address is taken. Please try another\"",
            ),
            (json!(null), json!("name"), "is invalid", "an error without a code (name) \"is invalid\""),
            (json!(""), json!(7), "", "an error without a code"),
            (json!("a\nb"), json!("ada@example.com"), "", "an error without a code"),
            (json!("x".repeat(65)), json!("p".repeat(65)), &*long, "an error without a code"),
            (json!("a"), json!("tags[0].name"), "ada@example.com is taken", "a (tags[0].name)"),
            (json!("a"), json!(null), "No user was found with id user_2abc", "a"),
            (json!("a"), json!(null), "call +15550100 instead", "a"),
            (json!("a"), json!(null), "token eyJhbGciOiJSUzINiIsInRcCIkpXVCJ is bad", "a"),
            (json!("a"), json!(null), "\"Ada\" is taken", "a"),
            (json!("a"), json!(null), "<b>Ad\u{e4}</b>", "a"),
        ] {
            let body = json!({"errors": [{"code": code, "message": message, "long_message": "Ada Lovelace", "meta": {"param_name": param}}]});
            let text = status_error(422, &[], &body.to_string()).to_string();
            assert_eq!(text, format!("GetThing: Clerk responded with status 422: {expected}"));
        }
        let errors = vec![json!({"code": "a", "message": "is missing"}); 1000];
        let text = status_error(422, &[], &json!({"errors": errors, "clerk_trace_id": "t\nt"}).to_string())
            .to_string();
        assert!(text.ends_with(", and 995 more") && text.len() < 300, "{text}");
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
            assert_eq!(error.to_string(), "GetThing: Clerk responded with status 502; trace ID t2");
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
            (r#"{"id":"","count":1,"parts":[]}"#, "id", "found string, expected a non-empty ID"),
            (r#"{"id":"x""#, "", "the body is truncated"),
            ("", "", "the body is empty"),
            ("<html>", "", "invalid JSON at line 1 column 1"),
            (r#"{"id":"x","count":1,"parts":[]} tail"#, "", "more data follows the JSON value"),
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
