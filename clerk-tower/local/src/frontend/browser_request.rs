//! A request from a browser, and whether this server has anything to do with it.

use bytes::Bytes;
use clerk_core::Timestamp;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode,
    header::{ACCEPT, HOST, ORIGIN},
};
use url::{Host, Url};

use super::{
    super::{LocalClerk, error::ApiError, query::Query, state::State},
    clients::Client,
    cookies,
};

const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// One request.
pub(super) struct BrowserRequest<'a> {
    pub(super) local: &'a LocalClerk,
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) query: Query,
    /// The fields of a form.
    pub(super) form: Query,
    pub(super) now: Timestamp,
    /// The end of the names of the instance's cookies.
    pub(super) suffix: String,
    /// This server, as the browser sees it: `http://127.0.0.1:4000`.
    origin: Option<String>,
}

impl<'a> BrowserRequest<'a> {
    pub(super) fn new(local: &'a LocalClerk, request: &'a Request<Bytes>) -> Self {
        let (uri, headers) = (request.uri(), request.headers());
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| uri.authority().map(|authority| authority.as_str()));
        let scheme = uri.scheme_str().unwrap_or("http");
        let url = host.and_then(|host| Url::parse(&format!("{scheme}://{host}")).ok());
        let origin = url.filter(is_loopback).map(|url| url.origin().ascii_serialization());
        let form = std::str::from_utf8(request.body()).unwrap_or_default();
        Self {
            local,
            method: request.method(),
            path: uri.path(),
            headers,
            query: Query::parse(uri.query().unwrap_or_default()),
            form: Query::parse(form),
            now: local.now(),
            suffix: local.publishable_key().cookie_suffix(),
            origin,
        }
    }

    fn header(&self, name: &HeaderName) -> &'a str {
        text(self.headers, name)
    }

    /// Whether a browser shows the answer to a person.
    pub(super) fn wants_document(&self) -> bool {
        wants_document(self.headers)
    }

    /// Whether a browser has said that it shows the answer to nobody: as a picture, for example.
    pub(super) fn is_subresource(&self) -> bool {
        !self.header(&SEC_FETCH_DEST).is_empty() && !self.wants_document()
    }

    /// Refuses requests under a name that is not this computer's: behind such a name may be anybody's page.
    pub(super) fn check_host(&self) -> Result<(), ApiError> {
        match self.origin {
            Some(_) => Ok(()),
            None => Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "host_invalid",
                "Host refused",
                "LocalClerk answers browsers under localhost, 127.0.0.1 or [::1] only; open it under one of these",
            )),
        }
    }

    /// Refuses forms that another site has sent. Programs that are no browsers send no origin.
    pub(super) fn check_form(&self) -> Result<(), ApiError> {
        let is_own = match self.headers.get(ORIGIN) {
            None => self.header(&SEC_FETCH_SITE) != "cross-site",
            Some(origin) => self.origin.as_deref().is_some_and(|own| origin == own),
        };
        if is_own { Ok(()) } else { Err(foreign_origin("this server's own pages")) }
    }

    /// The origin of a script, if there is one and it may read answers: any page of this computer.
    pub(super) fn check_script(&self) -> Result<Option<HeaderValue>, ApiError> {
        let Some(origin) = self.headers.get(ORIGIN) else { return Ok(None) };
        let url = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok());
        if url.as_ref().is_some_and(is_loopback) {
            Ok(Some(origin.clone()))
        } else {
            Err(foreign_origin("pages of this computer, under localhost or 127.0.0.1,"))
        }
    }

    /// The browser that the request names: in its query, or by this server's own cookie.
    pub(super) fn client_by_query_or_cookie<'s>(&self, state: &'s State) -> Option<&'s Client> {
        let named = self.query.first("__clerk_db_jwt").and_then(|token| state.clients.find(token));
        named.or_else(|| self.client_by_cookie(state))
    }

    /// The browser by this server's own cookie.
    fn client_by_cookie<'s>(&self, state: &'s State) -> Option<&'s Client> {
        state.clients.find(&cookies::read_client_cookie(self.headers, &self.suffix)?)
    }

    /// The browser in front of a page: by this server's own cookie, or, without one, as the link names it.
    pub(super) fn client_by_cookie_or_query<'s>(&self, state: &'s State) -> Option<&'s Client> {
        self.client_by_cookie(state).or_else(|| self.client_by_query_or_cookie(state))
    }

    /// The line that makes the browser known here; none where it is.
    pub(super) fn client_cookie(&self, state: &State, client: &Client) -> Option<HeaderValue> {
        if self.client_by_cookie(state).is_some() {
            return None;
        }
        HeaderValue::try_from(cookies::client_cookie(&self.suffix, client)).ok()
    }
}

/// A header's text; empty where it is missing, or no text.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Whether a browser shows the answer to a request with these headers to a person.
pub(super) fn wants_document(headers: &HeaderMap) -> bool {
    match text(headers, &SEC_FETCH_DEST) {
        "" => text(headers, &ACCEPT).starts_with("text/html"),
        destination => matches!(destination, "document" | "iframe"),
    }
}

fn foreign_origin(expected: &str) -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "origin_invalid",
        "Origin refused",
        format!("The request comes from a page of another site; only {expected} may send it"),
    )
}

/// Whether an address is one of this computer's, by its name.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Where to send a browser back to: an address of `http` or `https`, without credentials.
pub(super) fn return_url(text: &str) -> Result<Url, ApiError> {
    let url = Url::parse(text).ok();
    let is_good = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    };
    url.filter(is_good).ok_or_else(|| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "invalid_url",
            "Invalid redirect_url",
            "redirect_url must be an absolute http or https URL without user name and password, for example \
             http://localhost:3000/",
        )
    })
}

/// Refuses an address of another computer: what goes there with a link of anybody's is no secret any more.
pub(super) fn require_loopback(url: &Url) -> Result<(), ApiError> {
    if is_loopback(url) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::BAD_REQUEST,
        "invalid_url",
        "Invalid redirect_url",
        "a link may lead to an application on this computer only, for example http://localhost:3000/",
    ))
}

/// An address with one pair of its query set, in the place of any other under that name, and without the result of
/// an earlier handshake.
pub(super) fn with_query_pair(mut url: Url, name: &str, value: &str) -> Url {
    let stays = |other: &str| other != name && !other.starts_with("__clerk_handshake");
    let others: Vec<_> = url.query_pairs().into_owned().filter(|pair| stays(&pair.0)).collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair(name, value);
    url
}
