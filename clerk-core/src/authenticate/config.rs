//! What was configured, checked.

use url::Url;

use super::{Accepts, Forwarded, Satellite, organization_sync::Routes, public_url};
use crate::token::VerifyOptions;

pub(super) struct Config {
    pub(super) instance: Option<Instance>,
    /// For session tokens.
    pub(super) session: VerifyOptions,
    /// For M2M and OAuth tokens in JWT form.
    pub(super) machine: VerifyOptions,
    pub(super) accepts: Accepts,
    pub(super) forwarded: Forwarded,
    pub(super) routes: Routes,
    pub(super) handshake_cookies_only: bool,
    pub(super) debug_headers: bool,
}

/// What the publishable key and the settings beside it say about the instance.
pub(super) struct Instance {
    pub(super) suffix: String,
    pub(super) is_production: bool,
    /// The host that session tokens name as their issuer. A proxy plays no part in it.
    pub(super) frontend_api: String,
    /// The host that the publishable key names, on a satellite too.
    pub(super) primary_api: String,
    /// Absolute, or a path of this service.
    pub(super) proxy_url: Option<String>,
    pub(super) satellite: Option<Satellite>,
    pub(super) sign_in_url: Option<String>,
    pub(super) sign_up_url: Option<String>,
}

impl Instance {
    /// Where browsers reach the Frontend API, seen from a page of this service.
    pub(super) fn frontend_url(&self, page: &Url) -> Option<Url> {
        match self.proxy_url.as_deref() {
            None => public_url::absolute(&format!("https://{}", self.frontend_api)),
            Some(path) if path.starts_with('/') => {
                public_url::absolute(&format!("{}{path}", public_url::origin(page)))
            }
            Some(url) => public_url::absolute(url),
        }
    }

    /// The account portal of an instance without pages of its own. Behind a proxy it is not known.
    pub(super) fn portal_url(&self) -> Option<Url> {
        self.accounts_url(&self.primary_api)
    }

    /// The pages that may have sent a browser here, as the Frontend API's host names them.
    pub(super) fn referring_url(&self) -> Option<Url> {
        self.accounts_url(&self.frontend_api)
    }

    fn accounts_url(&self, frontend_api: &str) -> Option<Url> {
        if self.proxy_url.is_some() {
            return None;
        }
        let host = frontend_api.replacen("clerk.accountsstage.", "accountsstage.", 1);
        let host = if host.contains("clerk.accounts.") {
            host.replacen("clerk.accounts.", "accounts.", 1)
        } else {
            host.replacen("clerk.", "accounts.", 1)
        };
        public_url::absolute(&format!("https://{host}"))
    }
}
