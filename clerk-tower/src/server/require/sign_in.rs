//! Sends visitors of pages to sign in.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use clerk_core::authenticate::{NoSignInPage, Reason};
use http::{Request, Response, StatusCode, header::SET_COOKIE};
use http_body_util::Full;

use crate::{
    server::authenticate::Auth,
    server::rejection::{Rejection, is_document},
    telemetry,
};

/// Whether signing in again would lead to the same rejection: a visitor who is signed in already comes straight back.
fn is_incurable(code: &str) -> bool {
    matches!(code, "token-invalid-authorized-parties" | "token-type-mismatch")
}

/// Remembers whether it has logged that the sign-in page is not known. Clones share that.
#[derive(Clone, Debug, Default)]
pub(super) struct SignIn(Arc<AtomicBool>);

impl SignIn {
    /// The redirect to the sign-in page, for a document that was rejected because it is not signed in.
    pub(super) fn redirect<B>(
        &self,
        request: &Request<B>,
        rejection: &Rejection,
    ) -> Option<Response<Full<Bytes>>> {
        if rejection.status() != StatusCode::UNAUTHORIZED || !is_document(request.method(), request.headers())
        {
            return None;
        }
        let auth = Auth::from_extensions(request.extensions())?;
        if is_incurable(rejection.code()) || auth.return_address().is_looping() {
            return None;
        }
        match auth.redirect_to_sign_in(None) {
            Ok(mut redirect) => {
                // A visitor who already has a token may come straight back with the same one, and one who comes from a
                // handshake may come back with the session that it hid. Without either there is no loop to count.
                let came_back = auth.outcome().reason() == Some(&Reason::SessionTokenMissing);
                if came_back || !auth.outcome().is_anonymous() {
                    redirect
                        .headers_mut()
                        .extend(auth.return_address().count_cookie().map(|count| (SET_COOKIE, count)));
                }
                Some(redirect)
            }
            Err(error) => {
                // Logged once, and not for what is wrong with a single request.
                if error == NoSignInPage::NotConfigured && !self.0.swap(true, Ordering::Relaxed) {
                    telemetry::no_sign_in_page(error);
                }
                None
            }
        }
    }
}
