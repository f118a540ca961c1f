//! Clients that reach an instance in memory.

use crate::LocalClerk;
use clerk_tower::{Clerk, ClerkBuilder};

impl LocalClerk {
    /// Returns a client that calls this instance in memory, without sockets. It has the instance's keys and clock.
    ///
    /// ```
    /// use clerk_core::api::users;
    /// use clerk_local::LocalClerk;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clerk_tower::Error> {
    /// let local = LocalClerk::new();
    /// let ada = local.user("Ada", "Lovelace").create();
    /// let user = local.client().send(users::get(&ada)).await?;
    /// assert_eq!(user.first_name.as_deref(), Some("Ada"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn client(&self) -> Clerk {
        match self.client_builder().build() {
            Ok(client) => client,
            Err(error) => unreachable!("the keys of an instance are well-formed: {error}"),
        }
    }

    /// Returns a builder for a client such as [`client`](Self::client) returns, to change some of its settings, for
    /// example which tokens the layer accepts.
    ///
    /// ```
    /// use clerk_core::token::TokenKind;
    /// use clerk_local::LocalClerk;
    ///
    /// # fn main() -> Result<(), clerk_tower::ConfigError> {
    /// let local = LocalClerk::new();
    /// let clerk = local
    ///     .client_builder()
    ///     .authentication(|options| options.accepted_kinds([TokenKind::Session, TokenKind::ApiKey]))
    ///     .build()?;
    /// # drop(clerk);
    /// # Ok(())
    /// # }
    /// ```
    pub fn client_builder(&self) -> ClerkBuilder {
        Clerk::builder()
            .secret_key(self.secret_key())
            .publishable_key(self.publishable_key())
            .webhook_secret(self.webhook_secret())
            .clock(self.shared.clock.clone())
            .transport(self.clone())
    }
}
