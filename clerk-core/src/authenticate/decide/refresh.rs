//! Refreshing an expired session token without a redirect.

use http::header::{CACHE_CONTROL, COOKIE};

use super::{Asked, cookie::Browser, set_cookie::SetCookies, verify::Rejection};
use crate::{
    Reason,
    api::sessions,
    authenticate::{
        address,
        need::{CallFailure, Want},
        outcome::{NO_STORE, Outcome, ResponseHeaders},
        request::CookieValue,
    },
    metadata::Metadata,
    model::SessionRefreshFormat,
    reason::RefusalCode,
    token::{SessionClaims, Token, TokenError},
};

/// Error when an expired session token was not refreshed.
pub(super) struct Unrefreshed {
    pub(super) reason: Reason,
    /// Whether the cause is that Clerk did not respond.
    pub(super) is_undecided: bool,
}

impl From<Reason> for Unrefreshed {
    fn from(reason: Reason) -> Self {
        Self { reason, is_undecided: false }
    }
}

impl From<&CallFailure> for Unrefreshed {
    fn from(failure: &CallFailure) -> Self {
        let reason = match failure {
            CallFailure::Unreachable => Reason::ExpiredFetchError,
            CallFailure::Unreadable | CallFailure::Unsendable => Reason::ExpiredUnexpectedSdkError,
            CallFailure::Refused { code: Some(code), .. } if **code == *"unexpected_error" => {
                Reason::ExpiredFetchError
            }
            CallFailure::Refused { code, .. } => code
                .as_deref()
                .and_then(RefusalCode::new)
                .map_or(Reason::ExpiredUnexpectedBapiError, Reason::ExpiredRefused),
        };
        Self { reason, is_undecided: failure.is_outage() }
    }
}

impl Browser<'_> {
    /// Refreshes the expired session token of a cookie, whose signature was verified before. GET requests only, as in
    /// Clerk's SDK.
    pub(super) fn refresh(&self, expired: &Token) -> Asked<Result<Outcome, Unrefreshed>> {
        if !self.decision.head.is_get() {
            return Ok(Err(Reason::ExpiredNonGet.into()));
        }
        if !self.decision.config.has_api {
            return Ok(Err(Reason::ExpiredMissingApiClient.into()));
        }
        let Some(refresh_token) = self.cookies.refresh.map(CookieValue::text) else {
            return Ok(Err(Reason::ExpiredNoRefreshCookie.into()));
        };
        let lines = match &self.decision.learned.refresh {
            None => {
                return match self.refresh_operation(expired, &refresh_token) {
                    Ok(operation) => Err(Want::Refresh(Box::new(operation))),
                    Err(reason) => Ok(Err(reason.into())),
                };
            }
            // Clerk responded with success, but without cookies.
            Some(Ok(lines)) if lines.is_empty() => return Ok(Err(Reason::ExpiredUnexpectedSdkError.into())),
            Some(Ok(lines)) => lines,
            Some(Err(failure)) => return Ok(Err(failure.into())),
        };
        let set_cookies = SetCookies::read(lines);
        let verified = match set_cookies.session() {
            Some(session) => self.verify_new(session)?,
            None => Err(TokenError::invalid("the refresh returned no session token").into()),
        };
        Ok(match verified {
            Ok(session) => {
                let mut headers = Vec::new();
                let dropped_cookies = set_cookies.append_to(&mut headers);
                headers.push((CACHE_CONTROL, NO_STORE));
                let response = ResponseHeaders::new(headers, dropped_cookies);
                Ok(Outcome::renewed(self.decision.session(session), response))
            }
            Err(Rejection { is_undecided, .. }) => {
                Err(Unrefreshed { reason: Reason::ExpiredInvalidSessionToken, is_undecided })
            }
        })
    }

    fn refresh_operation(&self, expired: &Token, refresh_token: &str) -> Result<sessions::Refresh, Reason> {
        let claims = SessionClaims::of(expired);
        let session_id = claims.session_id().ok_or(Reason::ExpiredMissingSidClaim)?;
        let page = self.url().ok_or(Reason::ExpiredUnexpectedSdkError)?;
        let operation =
            sessions::refresh(session_id.clone(), expired.expose(), refresh_token, address::origin(&page))
                .format(SessionRefreshFormat::Cookie)
                .request_headers(self.all_headers());
        Ok(if self.set.is_suffixed { operation.suffixed_cookies(true) } else { operation })
    }

    /// Returns the request's headers, each as an array with one string, which is the format of Clerk's API.
    ///
    /// Several `Cookie` headers are joined with `; ` (RFC 9113, section 8.2.3), all others with commas.
    fn all_headers(&self) -> Metadata {
        let mut all = Metadata::new();
        let headers = self.decision.head.headers;
        for name in headers.keys() {
            let separator = if name == COOKIE { "; " } else { ", " };
            let values: Vec<_> =
                headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
            all = all.with(name.as_str(), vec![values.join(separator)]);
        }
        all
    }
}
