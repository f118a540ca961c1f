//! Operations of Clerk's Backend API: values that build a request and decode the response.
//!
//! An operation does no I/O. It builds an [`http::Request`] whose URI is relative to the base URL of the API
//! (`https://api.clerk.com/v1`), and decodes an [`http::Response`]. Any HTTP stack can send the request;
//! `clerk-tower` is one. The request has its [`OperationInfo`] as an extension, so that tower layers can use it
//! without knowing the type of the operation.
//!
//! ```
//! use clerk_core::{Operation, OperationInfo, api::users};
//!
//! let operation = users::get("user_1");
//! let request = operation.request().unwrap();
//! assert_eq!(request.method(), "GET");
//! assert_eq!(request.uri(), "/users/user_1");
//! let info = request.extensions().get::<&'static OperationInfo>().unwrap();
//! assert_eq!(info.path, "/users/{user_id}");
//! ```

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    credential::{Credential, Needs},
    decode::ResponseError,
    encode::BuildError,
};

/// A call of the Backend API.
///
/// The functions in the modules of [`api`](crate::api) create operations; a client sends them. A function that takes one
/// works with all of them:
///
/// ```
/// use clerk_core::{Operation, api::{organizations, users}};
///
/// fn path<O: Operation>(operation: &O) -> String {
///     operation.request().map_or_else(|error| error.to_string(), |request| request.uri().to_string())
/// }
///
/// assert_eq!(path(&users::get("user_1")), "/users/user_1");
/// assert_eq!(path(&organizations::list().limit(20)), "/organizations?limit=20");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an operation of Clerk's Backend API",
    label = "expected an operation, such as `users::get(\"user_1\")`",
    note = "the functions in the modules of `api` create operations: `clerk.send(users::list().limit(20))`",
    note = "pass the operation by value, not by reference"
)]
pub trait Operation {
    /// The result of a successful response.
    type Output;

    /// The kind of key that the operation needs: one of the types of [`credential`](crate::credential).
    type Credential: Needs;

    /// Static information about the operation.
    const INFO: &'static OperationInfo;

    /// Builds the request: method, URI relative to the base URL of the API, body, and [`Self::INFO`] as an
    /// extension.
    ///
    /// The request has no credential and no host.
    ///
    /// # Errors
    /// Returns an error if a value is invalid. The error names the operation and the field.
    fn request(&self) -> Result<Request<Bytes>, BuildError>;

    /// Decodes the response. Any 2xx status is a success.
    ///
    /// If the operation asks for one resource by its ID, the response must be about that resource: a cache or a
    /// proxy on the way can confuse responses.
    ///
    /// # Errors
    /// Returns [`ResponseError::Status`] for any other status, and [`ResponseError::Decode`] if the body does not
    /// match the output type, or is about another resource.
    fn decode(&self, response: &Response<Bytes>) -> Result<Self::Output, ResponseError>;

    /// Returns how much memory a decoded value takes, in bytes: how a cache weighs it. `response` is the length of the
    /// response's body.
    ///
    /// Defaults to the size of the type and the length of the body, which the strings of the value rarely exceed. Implement
    /// it if `Output` contains lists or maps, whose elements can take many times their length in the response.
    fn memory(output: &Self::Output, response: usize) -> usize {
        size_of_val(output).saturating_add(response)
    }
}

/// Static information about an operation.
#[derive(Debug)]
#[non_exhaustive]
pub struct OperationInfo {
    /// The operation ID in Clerk's OpenAPI document, such as `GetUser`.
    pub id: &'static str,
    /// The request method.
    pub method: Method,
    /// The path template, relative to the base URL of the API, such as `/users/{user_id}`.
    pub path: &'static str,
    /// The section of Clerk's reference, such as `Users`.
    pub section: &'static str,
    /// Whether it is safe to send the operation again. A request for which it is safe although it is not for every
    /// call of its operation, because it has an idempotency key, has [`Retry::Safe`] as an extension.
    pub retry: Retry,
    /// The kind of key that the operation needs.
    pub credential: Credential,
    /// Whether Clerk's published document contains the operation. Other operations can change or be removed
    /// without notice.
    pub documented: bool,
}

impl OperationInfo {
    /// Creates the information of an operation, for operations that this crate does not have.
    ///
    /// The method decides the retry rule: `GET`, `HEAD`, `PUT` and `DELETE` are [`Retry::Safe`], others
    /// [`Retry::IfRefused`]. The credential is the instance's secret key.
    #[must_use]
    pub const fn new(id: &'static str, method: Method, path: &'static str, section: &'static str) -> Self {
        let retry = match method {
            Method::GET | Method::HEAD | Method::PUT | Method::DELETE => Retry::Safe,
            _ => Retry::IfRefused,
        };
        Self { id, method, path, section, retry, credential: Credential::SecretKey, documented: true }
    }

    /// Sets the kind of key. Must be the operation's [`Operation::Credential`].
    #[must_use]
    pub const fn credential<K: Needs>(mut self) -> Self {
        self.credential = K::CREDENTIAL;
        self
    }

    /// Marks the operation as missing in Clerk's published document.
    #[must_use]
    pub const fn undocumented(mut self) -> Self {
        self.documented = false;
        self
    }

    /// Sets the retry rule.
    #[must_use]
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }
}

/// Whether an operation can be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retry {
    /// Sending the operation twice has the same effect as sending it once.
    Safe,
    /// The operation can only be sent again if it was not sent, or if Clerk refused it before acting on it.
    IfRefused,
}
