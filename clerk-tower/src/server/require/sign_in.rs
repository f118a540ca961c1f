//! Redirects visitors of pages to the sign-in page.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use clerk_core::{
    Reason,
    authenticate::{NoSignInPage, Outcome},
};
use http::{Request, Response, StatusCode, header::SET_COOKIE};
use http_body_util::Full;

use crate::{
    server::authenticate::Auth,
    server::rejection::{Rejection, is_document},
    telemetry,
};

/// Returns `true` if signing in would lead to the same rejection. The visitor is signed in at Clerk already, so the
/// sign-in page would send the browser straight back.
fn is_incurable(code: &str) -> bool {
    matches!(code, "token-invalid-authorized-parties" | "token-type-mismatch")
}

/// Returns `true` if the browser may come straight back from the sign-in page, so that redirects have to be limited.
///
/// A visitor with a token, or with an active client, may be signed in at Clerk and come back with the same; one who comes
/// from a handshake may come back with the session that it hid. A visitor with nothing has to sign in first, however often
/// the browser was redirected before.
fn can_loop(outcome: &Outcome) -> bool {
    outcome.reason() != Some(&Reason::SessionTokenAndUatMissing)
}

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
        if rejection.status() != StatusCode::UNAUTHORIZED || !is_document(request.method(), request.headers())
        {
            return None;
        }
        // The layer may be missing, and then there is nothing to build the return URL from.
        let auth = Auth::from_extensions(request.extensions())?;
        // A rule of the application rejects a visitor who is signed in already: signing in again would not change that.
        if auth.session().is_some() {
            return None;
        }
        let can_loop = can_loop(auth.outcome());
        if is_incurable(rejection.code()) || (can_loop && auth.return_address().is_looping()) {
            return None;
        }
        match auth.redirect_to_sign_in(None) {
            Ok(mut redirect) => {
                if can_loop {
                    redirect
                        .headers_mut()
                        .extend(auth.return_address().count_cookie().map(|count| (SET_COOKIE, count)));
                }
                Some(redirect)
            }
            Err(error) => {
                // Logged once, and only for a missing setting: the other errors are about a single request.
                if error == NoSignInPage::NotConfigured && !self.0.swap(true, Ordering::Relaxed) {
                    telemetry::no_sign_in_page(error);
                }
                None
            }
        }
    }
}
