use bytes::Bytes;
use clerk_core::authenticate::{Outcome, RequestHead};
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, SET_COOKIE},
};

use super::Auth;
use crate::{server::rejection::Rejection, telemetry};

/// What to do with a request: the result of [`Clerk::authenticate`](crate::Clerk::authenticate).
#[derive(Debug)]
#[must_use = "a request must not be handled before it is decided"]
pub enum Decision {
    /// Send this response, and do not handle the request. It is complete: a redirect with 307 and its cookies, for a
    /// browser that has to visit Clerk, or a rejection with 400.
    Respond(Response<Bytes>),
    /// Handle the request, signed in or not, and add the headers to its response.
    Continue(Auth, ResponseHeaders),
}

impl Decision {
    pub(super) fn new(auth: Auth, head: &RequestHead<'_>) -> Self {
        match Self::response(&auth, head) {
            Some(response) => Self::Respond(*response),
            None => {
                let headers = ResponseHeaders::of(auth.outcome());
                Self::Continue(auth, headers)
            }
        }
    }

    /// Logs what is probably wrong with the configuration, and makes the response if the request must not be handled.
    pub(super) fn response(auth: &Auth, head: &RequestHead<'_>) -> Option<Box<Response<Bytes>>> {
        auth.explain(head);
        let outcome = auth.outcome();
        let mut response = match outcome.bad_request() {
            Some(bad) => Rejection::bad_request(bad).into_response(),
            None if outcome.location().is_some() => {
                let mut response = Response::new(Bytes::new());
                // Clerk's SDKs use 307 for handshakes. `Location` is among the decision's headers.
                *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
                response
            }
            None => return None,
        };
        ResponseHeaders::of(outcome).append_to(response.headers_mut());
        // Layers further out can read why the request was not handled.
        auth.clone().store(response.extensions_mut());
        Some(Box::new(response))
    }
}

/// Headers that a decision adds to the response, above all cookies. Add them to every response to the request: also to
/// the response of an error, and to a [`Rejection`].
///
/// Without its cookies, a browser that returns from Clerk is sent there again. Therefore this is not `Clone`, and adding
/// the headers consumes it. If it is dropped instead, that is logged at debug level: it happens when a client hangs up,
/// and when a middleware returns early, for example with `?`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use clerk_local::LocalClerk;
/// use clerk_tower::server::authenticate::Decision;
/// use http::{Request, Response};
///
/// let clerk = LocalClerk::seeded().client();
/// let request = Request::get("/").body(())?;
/// if let Decision::Continue(auth, headers) = clerk.authenticate(&(&request).into()).await {
///     // Whatever the handler returns: its response, or the response that its error becomes.
///     let mut response: Response<bytes::Bytes> = match auth.require_session() {
///         Ok(session) => Response::new(session.claims().user_id().to_string().into()),
///         Err(rejection) => rejection.into_response(),
///     };
///     headers.append_to(response.headers_mut());
///     assert_eq!(response.status(), 401);
///     assert_eq!(response.headers()["x-clerk-auth-status"], "signed-out");
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "the headers, cookies among them, are lost unless they are added to the response"]
pub struct ResponseHeaders {
    /// `None` if there are no headers, or once they were added.
    unsent: Option<Outcome>,
}

impl ResponseHeaders {
    pub(super) fn of(outcome: &Outcome) -> Self {
        Self { unsent: outcome.has_headers().then(|| outcome.clone()) }
    }

    /// Appends the headers to those of the response, except for what the response has already: `no-store`, and cookies
    /// that it sets itself.
    pub fn append_to(mut self, response: &mut HeaderMap) {
        let Some(outcome) = self.unsent.take() else { return };
        let mut present = None;
        outcome.headers().for_each(|(name, value)| {
            // Nearly every response gets none that it could have already, and is not searched.
            let is_present = Present::may_cover(&name)
                && present
                    .get_or_insert_with(|| {
                        Present::of(response.iter().map(|(name, value)| (name, value.as_bytes())))
                    })
                    .covers(&name, &value);
            if !is_present {
                response.append(name, value);
            }
        });
    }

    /// Returns the headers to *append* to a response that has the headers `response`: pairs of name and value. For
    /// frameworks with header types of their own, and for responses that are not HTTP messages. `set-cookie` may occur
    /// more than once in the result.
    ///
    /// It leaves out what [`append_to`](Self::append_to) leaves out.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use clerk_local::LocalClerk;
    /// # use clerk_tower::server::authenticate::Decision;
    /// # let clerk = LocalClerk::seeded().client();
    /// # let request = http::Request::get("/").body(())?;
    /// # let Decision::Continue(_, headers) = clerk.authenticate(&(&request).into()).await else { panic!() };
    /// let mut response = vec![("content-type".to_owned(), "text/plain".to_owned())];
    /// let added = headers.missing_from(response.iter().map(|(name, value)| (name, value)));
    /// for (name, value) in &added {
    ///     response.push((name.to_string(), value.to_str()?.to_owned()));
    /// }
    /// assert!(response.contains(&("x-clerk-auth-status".to_owned(), "signed-out".to_owned())));
    /// # Ok(()) }
    /// ```
    #[must_use = "the headers, cookies among them, are lost unless they are added to the response"]
    pub fn missing_from<N, V>(mut self, response: impl IntoIterator<Item = (N, V)>) -> HeaderMap
    where
        N: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let Some(outcome) = self.unsent.take() else { return HeaderMap::new() };
        let present = Present::of(response);
        outcome.headers().filter(|(name, value)| !present.covers(name, value)).collect()
    }
}

impl Drop for ResponseHeaders {
    fn drop(&mut self) {
        if self.unsent.is_some() {
            telemetry::headers_dropped();
        }
    }
}

/// What a response has already, of the headers that are not repeated.
///
/// A cookie that the response sets itself, as signing out does, is not set a second time: RFC 6265, section 4.1.1 allows
/// one `Set-Cookie` header per name, and browsers use the last one.
#[derive(Default)]
struct Present {
    is_not_stored: bool,
    cookies: Vec<Vec<u8>>,
}

impl Present {
    fn of<N: AsRef<str>, V: AsRef<[u8]>>(response: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut present = Self::default();
        for (name, value) in response {
            let (name, value) = (name.as_ref(), value.as_ref());
            if name.eq_ignore_ascii_case(CACHE_CONTROL.as_str()) {
                present.is_not_stored |= forbids_storing(value);
            } else if name.eq_ignore_ascii_case(SET_COOKIE.as_str()) {
                present.cookies.push(name_of(value).to_vec());
            }
        }
        present
    }

    fn may_cover(name: &HeaderName) -> bool {
        name == CACHE_CONTROL || name == SET_COOKIE
    }

    fn covers(&self, name: &HeaderName, value: &HeaderValue) -> bool {
        (name == CACHE_CONTROL && self.is_not_stored)
            || (name == SET_COOKIE && self.cookies.iter().any(|own| own == name_of(value.as_bytes())))
    }
}

/// Returns the name of the cookie that a `Set-Cookie` header sets.
pub(super) fn name_of(line: &[u8]) -> &[u8] {
    let end = line.iter().position(|byte| *byte == b'=').unwrap_or(line.len());
    line.get(..end).unwrap_or(line).trim_ascii()
}

/// Returns `true` if `no-store` is among the directives (RFC 9111, section 5.2).
fn forbids_storing(value: &[u8]) -> bool {
    let mut directives = value.split(|byte| *byte == b',');
    directives.any(|directive| directive.trim_ascii().eq_ignore_ascii_case(b"no-store"))
}
