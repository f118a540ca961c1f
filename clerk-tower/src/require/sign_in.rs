//! Sends visitors of pages to sign in.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use clerk_core::{Reason, authenticate::NoSignInPage};
use http::{Request, Response, StatusCode, header::SET_COOKIE};
use http_body_util::Full;

use crate::{
    authenticate::Auth,
    reject::{Rejection, is_document},
    telemetry,
};

/// Whether signing in again would lead to the same refusal: who is signed in already comes straight back.
fn is_no_cure(code: &str) -> bool {
    matches!(code, "token-invalid-authorized-parties" | "token-type-mismatch")
}

/// Knows whether it has said already that no sign-in page is known. Clones share that.
#[derive(Clone, Debug, Default)]
pub(super) struct SignIn(Arc<AtomicBool>);

impl SignIn {
    /// The way to the sign-in page, for a document that was refused because nobody is signed in.
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
        if is_no_cure(rejection.code()) || auth.visit().has_gone_round() {
            return None;
        }
        match auth.redirect_to_sign_in(None) {
            Ok(mut redirect) => {
                // Who brought a token may come straight back with the same one, and who brought the end of a handshake
                // with the session that it hid. Visitors have nothing to come back with.
                let came_back = auth.outcome().reason() == Some(&Reason::SessionTokenMissing);
                if came_back || !auth.outcome().is_anonymous() {
                    redirect.headers_mut().extend(auth.visit().count().map(|count| (SET_COOKIE, count)));
                }
                Some(redirect)
            }
            Err(error) => {
                // What is wrong with one request is no news.
                if error == NoSignInPage::NotConfigured && !self.0.swap(true, Ordering::Relaxed) {
                    telemetry::no_sign_in_page(error);
                }
                None
            }
        }
    }
}
