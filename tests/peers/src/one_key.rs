//! A provider for clerk-rs that has the key, like clerk-rs's own cache after the first request.

use clerk_rs::validators::{
    authorizer::ClerkError,
    jwks::{JwksKey, JwksProvider},
};

use crate::{KID, Key};

/// The provider.
pub struct OneKey(JwksKey);

impl OneKey {
    /// Creates a provider of this key.
    #[must_use]
    pub fn new(key: &Key) -> Self {
        let text = ToOwned::to_owned;
        Self(JwksKey {
            use_key: text("sig"),
            kty: text("RSA"),
            kid: text(KID),
            alg: text("RS256"),
            n: key.modulus(),
            e: text("AQAB"),
        })
    }
}

#[async_trait::async_trait]
impl JwksProvider for OneKey {
    type Error = ClerkError;

    async fn get_key(&self, kid: &str) -> Result<JwksKey, ClerkError> {
        assert_eq!(kid, self.0.kid);
        Ok(self.0.clone())
    }
}
