//! Redirects visitors of pages to the sign-in page.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use clerk_core::authenticate::NoSignInPage;
use http::{Extensions, Response};
use http_body_util::Full;

use crate::{
    server::{authenticate::Auth, rejection::Rejection},
    telemetry,
};

/// Redirects to the sign-in page. If the page is not known, this is logged once for all clones.
#[derive(Clone, Debug, Default)]
pub(super) struct SignIn(Arc<AtomicBool>);

impl SignIn {
    /// Returns the redirect to the sign-in page, if a request for a document was rejected with 401.
    pub(super) fn redirect(
        &self,
        extensions: &Extensions,
        rejection: &Rejection,
    ) -> Option<Response<Full<Bytes>>> {
        // The layer may be missing, and then there is nothing to build the return URL from.
        let redirect = Auth::from_extensions(extensions)?.sign_in_instead_of(rejection);
        // Logged once, and only for a missing setting: the other errors are about a single request.
        if let Err(error @ NoSignInPage::NotConfigured) = redirect
            && !self.0.swap(true, Ordering::Relaxed)
        {
            telemetry::no_sign_in_page(error);
        }
        redirect.ok().flatten()
    }
}
