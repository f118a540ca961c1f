//! What an operation of Clerk's Backend API is: a value that becomes a request and reads the answer.
//!
//! An operation does no I/O. It builds an [`http::Request`] whose URI is relative to the API's base
//! (`https://api.clerk.com/v1`), and reads an [`http::Response`]. Any HTTP stack can stand between the
//! two; `clerk-tower` is one. The request carries its [`OperationInfo`] as an extension, so that layers
//! know what they carry without knowing the operation's type.
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

use crate::{credential::Kind, decode::ResponseError, encode::BuildError};

/// The version of Clerk's API that this crate speaks: the header `clerk-api-version` of every operation, and a parameter
/// of the handshake.
pub const API_VERSION: &str = "2026-05-12";

/// One call of the Backend API as a value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no operation of Clerk's Backend API",
    label = "expected an operation, such as `users::get(\"user_1\")`",
    note = "the functions of the modules of `api` make operations: `clerk.send(users::list().limit(20))`",
    note = "an operation is sent once it is complete, by value and not by reference"
)]
pub trait Operation {
    /// What a successful answer holds.
    type Output;

    /// The kind of key it is sent with: one of the types of [`credential`](crate::credential).
    type Credential: Kind;

    /// What is known about the operation before it is built.
    const INFO: &'static OperationInfo;

    /// Builds the request: method, URI relative to the API's base, body, and [`Self::INFO`] as an extension.
    /// It carries no credential and no host.
    ///
    /// # Errors
    /// When a value cannot be sent. The error names the operation and the field.
    fn request(&self) -> Result<Request<Bytes>, BuildError>;

    /// Reads the answer. Any 2xx counts as success.
    ///
    /// # Errors
    /// [`ResponseError::Status`] when Clerk answered with another status, [`ResponseError::Decode`] when the
    /// body is not what the operation returns.
    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError>;
}

/// What is known about an operation without building it.
#[derive(Debug)]
#[non_exhaustive]
pub struct OperationInfo {
    /// Clerk's name for it, for example `GetUser`.
    pub id: &'static str,
    /// The request method.
    pub method: Method,
    /// The path as a template below the API's base, for example `/users/{user_id}`.
    pub path: &'static str,
    /// The section of Clerk's reference it stands in, for example `Users`.
    pub section: &'static str,
    /// When it is safe to send it a second time.
    pub retry: Retry,
    /// The kind of key it is sent with.
    pub credential: Credential,
    /// Whether Clerk's published document has it. What it leaves out may change, or go, without notice.
    pub documented: bool,
}

impl OperationInfo {
    /// For operations that are not in this crate. The retry rule follows from the method, the credential is
    /// the secret key.
    #[must_use]
    pub const fn new(id: &'static str, method: Method, path: &'static str, section: &'static str) -> Self {
        let retry = match method {
            Method::GET | Method::HEAD | Method::PUT | Method::DELETE => Retry::Safe,
            _ => Retry::IfRefused,
        };
        Self { id, method, path, section, retry, credential: Credential::SecretKey, documented: true }
    }

    /// With another kind of key: the operation's [`Operation::Credential`].
    #[must_use]
    pub const fn credential<K: Kind>(mut self) -> Self {
        self.credential = K::CREDENTIAL;
        self
    }

    /// Outside Clerk's published document.
    #[must_use]
    pub const fn undocumented(mut self) -> Self {
        self.documented = false;
        self
    }

    /// With another retry rule.
    #[must_use]
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }
}

/// When an operation may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retry {
    /// Sending it twice has the effect of sending it once.
    Safe,
    /// Only when Clerk refused it before acting, or nothing was sent.
    IfRefused,
}

/// The kind of key an operation needs, for layers, which do not know the operation's type. The types of
/// [`credential`](crate::credential) say the same to the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Credential {
    /// None: the operation is public.
    None,
    /// The instance's secret key.
    SecretKey,
    /// A machine's secret key, and no other.
    MachineSecretKey,
    /// A machine's secret key where there is one, else the instance's.
    MachineOrSecretKey,
}
