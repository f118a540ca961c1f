//! Redirects visitors of pages to the sign-in page.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use clerk_core::authenticate::NoSignInPage;
use http::{Request, Response};
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
    pub(super) fn redirect<B>(
        &self,
        request: &Request<B>,
        rejection: &Rejection,
    ) -> Option<Response<Full<Bytes>>> {
        // The layer may be missing, and then there is nothing to build the return URL from.
        let auth = Auth::from_extensions(request.extensions())?;
        let redirect = auth.sign_in_instead_of(&auth.head_of_request(request), rejection);
        // Logged once, and only for a missing setting: the other errors are about a single request.
        if let Err(error @ NoSignInPage::NotConfigured) = redirect
            && !self.0.swap(true, Ordering::Relaxed)
        {
            telemetry::no_sign_in_page(error);
        }
        redirect.ok().flatten()
    }
}
