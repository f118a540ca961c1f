//! Where an instance's keys come from.

use bytes::Bytes;
use clerk_core::{
    Operation, OperationInfo,
    api::jwks,
    credential::{Credential, NeedsNoKey},
    decode::ResponseError,
    encode::BuildError,
};
use http::{Method, Request, Response, Uri};

use crate::{
    Error,
    client::{
        exchange, middleware::base_uri::BaseUriLayer, options::CallOptions, purpose::Purpose, stack::Stack,
    },
};

/// Where keys are fetched from.
pub(crate) enum KeySource {
    /// The Backend API, with the secret key.
    Backend(Stack),
    /// The instance's public address, without a key. No other call goes there.
    Address(Stack, PublicKeys),
}

impl KeySource {
    /// Asks once. The store has a backoff of its own, and requests wait for the first result.
    pub(super) async fn fetch(&self) -> Result<Response<Bytes>, Error> {
        let once = CallOptions::new().max_attempts(1);
        match self {
            Self::Backend(stack) => {
                let operation = jwks::get_jwks();
                exchange(stack, &operation, Credential::SecretKey, Some(&once), Purpose::Keys).await
            }
            Self::Address(stack, keys) => {
                let there = once.at(&keys.base_uri);
                exchange(stack, keys, Credential::None, Some(&there), Purpose::Keys).await
            }
        }
    }
}

impl KeySource {
    /// Returns the error that a response means.
    pub(super) fn failure(&self, response: &Response<Bytes>) -> Option<Error> {
        let (info, failed) = match self {
            Self::Backend(_) => (jwks::GetJwks::INFO, jwks::get_jwks().decode(response).err()),
            Self::Address(_, keys) => (PublicKeys::INFO, keys.decode(response).err()),
        };
        failed.map(|error| Error::from_response(info, error))
    }

    /// Whether an error says that Clerk refused the secret key. At an address without one, it cannot be the cause.
    pub(super) fn refused_the_secret_key(&self, error: &Error) -> bool {
        let is_refused = error.status_error().is_some_and(|error| error.has_code("clerk_key_invalid"));
        matches!(self, Self::Backend(_)) && is_refused
    }
}

/// The public key set of an instance, which its Frontend API serves to everybody.
pub(crate) struct PublicKeys {
    /// The address but for the last segment.
    pub(crate) base_uri: BaseUriLayer,
    /// The last segment of the address, with a slash.
    pub(crate) path: Uri,
}

impl Operation for PublicKeys {
    type Output = ();
    type Credential = NeedsNoKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetPublicKeys", Method::GET, "/.well-known/jwks.json", "JWKS")
            .credential::<NeedsNoKey>()
            .undocumented();

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        let mut request = jwks::get_jwks().request()?;
        *request.uri_mut() = self.path.clone();
        request.extensions_mut().insert(Self::INFO);
        Ok(request)
    }

    fn decode(&self, response: &Response<Bytes>) -> Result<(), ResponseError> {
        jwks::get_jwks().decode(response).map(drop)
    }
}
