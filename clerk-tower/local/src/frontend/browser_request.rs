//! A request from a browser, and the checks that keep pages of other sites out.

use bytes::Bytes;
use clerk_core::Timestamp;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode,
    header::{ACCEPT, COOKIE, HOST, ORIGIN},
};
use url::{Host, Url};

use super::{
    super::{LocalClerk, error::ApiError, query::Query, state::State},
    oauth::metadata_document::Refusal,
};
use crate::cookies;
use crate::state::clients::Client;

const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A request from a browser.
pub(super) struct BrowserRequest<'a> {
    pub(super) local: &'a LocalClerk,
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) query: Query,
    pub(super) raw_query: &'a str,
    pub(super) body: &'a [u8],
    /// The body, read as a form.
    pub(super) form: Query,
    pub(super) now: Timestamp,
    /// Why the document that describes the client was refused.
    pub(super) refusal: Option<&'a Refusal>,
    /// The suffix of the instance's cookie names.
    pub(super) suffix: String,
    /// The origin of this server as the browser sees it, for example `http://127.0.0.1:4000`.
    origin: Option<String>,
}

impl<'a> BrowserRequest<'a> {
    pub(super) fn new(local: &'a LocalClerk, request: &'a Request<Bytes>) -> Self {
        let (uri, headers) = (request.uri(), request.headers());
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| uri.authority().map(|authority| authority.as_str()));
        let scheme = uri.scheme_str().unwrap_or("http");
        let url = host.and_then(|host| Url::parse(&format!("{scheme}://{host}")).ok());
        // Clients in this process use the name of the Frontend API, which no other site can have.
        let is_own = |url: &Url| url.host_str() == Some(local.publishable_key().frontend_api());
        let origin = url
            .filter(|url| is_here(local, url) || is_own(url))
            .map(|url| url.origin().ascii_serialization());
        let form = std::str::from_utf8(request.body()).unwrap_or_default();
        Self {
            local,
            method: request.method(),
            path: uri.path(),
            headers,
            query: Query::parse(uri.query().unwrap_or_default()),
            raw_query: uri.query().unwrap_or_default(),
            body: request.body(),
            form: Query::parse(form),
            now: local.time(),
            refusal: request.extensions().get(),
            suffix: local.publishable_key().cookie_suffix(),
            origin,
        }
    }

    fn header(&self, name: &HeaderName) -> &'a str {
        text(self.headers, name)
    }

    /// Returns the URL of this server as its caller sees it: the issuer of what the OAuth provider signs.
    pub(super) fn own_url(&self) -> &str {
        self.origin.as_deref().unwrap_or_default()
    }

    /// Returns whether the browser navigates, and shows the response as a document.
    pub(super) fn wants_document(&self) -> bool {
        wants_document(self.headers)
    }

    /// Returns whether the browser says that the response is not a document but, for example, an image in a page.
    pub(super) fn is_subresource(&self) -> bool {
        !self.header(&SEC_FETCH_DEST).is_empty() && !self.wants_document()
    }

    /// Rejects requests whose host is not a name of this computer. With DNS rebinding, a page of any site could send
    /// them, under its own host name.
    pub(super) fn check_host(&self) -> Result<(), ApiError> {
        match self.origin {
            Some(_) => Ok(()),
            None => Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "host_invalid",
                "Host refused",
                "LocalClerk serves browsers under localhost, 127.0.0.1 or [::1] only; open it under one of these names",
            )),
        }
    }

    /// Rejects forms that another site sent. Clients other than browsers send no origin.
    pub(super) fn check_form(&self) -> Result<(), ApiError> {
        let is_own = match self.headers.get(ORIGIN) {
            None => self.header(&SEC_FETCH_SITE) != "cross-site",
            Some(origin) => self.origin.as_deref().is_some_and(|own| origin == own),
        };
        if is_own { Ok(()) } else { Err(foreign_origin("this server's own pages")) }
    }

    /// Returns the origin of the script that sent the request, if a script did. Rejects scripts of pages that are not
    /// on this computer.
    pub(super) fn check_script(&self) -> Result<Option<HeaderValue>, ApiError> {
        let Some(origin) = self.headers.get(ORIGIN) else { return Ok(None) };
        let url = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok());
        if url.as_ref().is_some_and(|url| is_here(self.local, url)) {
            Ok(Some(origin.clone()))
        } else {
            Err(foreign_origin("pages of this computer, under localhost or 127.0.0.1,"))
        }
    }

    /// Returns the method of a call of the Frontend API.
    pub(super) fn api_method(&self) -> Method {
        api_method(self.method, &self.query)
    }

    /// Returns the URL of the pages for an application's script: this server's. An application under another name of this
    /// computer has no cookie of this server, without which Clerk's JavaScript cannot link to it; it gets its own origin.
    pub(super) fn pages_url(&self) -> String {
        let host = |origin: &str| Url::parse(origin).ok().and_then(|url| url.host_str().map(str::to_owned));
        match self.script_origin() {
            Some(origin) if host(origin) != host(self.own_url()) => origin.to_owned(),
            _ => self.own_url().to_owned(),
        }
    }

    /// Returns the origin of the page whose script calls.
    pub(super) fn script_origin(&self) -> Option<&'a str> {
        self.headers.get(ORIGIN).and_then(|origin| origin.to_str().ok())
    }

    /// Returns the browser that the query names, or else the one that this server's cookie names.
    pub(super) fn client_by_query_or_cookie<'s>(&self, state: &'s State) -> Option<&'s Client> {
        let named = self.query.first("__clerk_db_jwt").and_then(|token| state.clients.find(token));
        named.or_else(|| self.client_by_cookie(state))
    }

    /// Returns the browser that this server's cookie names.
    pub(super) fn client_by_cookie<'s>(&self, state: &'s State) -> Option<&'s Client> {
        state.clients.find(&cookies::read_client_cookie(self.headers, &self.suffix)?)
    }

    /// Returns the browser that this server's cookie names, or else the one that the query names. For pages: a link may
    /// come from anyone.
    pub(super) fn client_by_cookie_or_query<'s>(&self, state: &'s State) -> Option<&'s Client> {
        self.client_by_cookie(state).or_else(|| self.client_by_query_or_cookie(state))
    }

    /// Returns the `Set-Cookie` values by which this server recognizes the browser; none if it does already.
    pub(super) fn client_cookies(&self, state: &State, client: &Client) -> Vec<HeaderValue> {
        if self.client_by_cookie(state).is_some_and(|known| known.id == client.id) {
            return Vec::new();
        }
        let lines = cookies::client_cookies(&self.suffix, client);
        lines.into_iter().filter_map(|line| HeaderValue::try_from(line).ok()).collect()
    }
}

/// Returns the method of a call of the Frontend API. Clerk's JavaScript sends every method other than GET as POST, with the
/// method in the query. On a GET request the query does not count: another site's image or link could be one.
pub(super) fn api_method(method: &Method, query: &Query) -> Method {
    let named = query.first("_method").filter(|_| *method == Method::POST);
    match named.map(str::to_ascii_uppercase).as_deref() {
        Some("PATCH") => Method::PATCH,
        Some("PUT") => Method::PUT,
        Some("DELETE") => Method::DELETE,
        _ => method.clone(),
    }
}

/// Returns the value of a header; empty if it is missing or not a string.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Returns whether a request brings the token of a browser, in the query or in this server's cookie.
pub(super) fn names_browser(request: &Request<Bytes>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let has_token = Query::parse(query).first("__clerk_db_jwt").is_some();
    has_token || text(request.headers(), &COOKIE).contains("__client_")
}

/// Returns whether a browser shows the response to a request with these headers as a document.
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

/// Returns whether browsers are served under the host of a URL: under the names of this computer, or, if other computers
/// are served, too, under any address. A name could be another site's.
fn is_here(local: &LocalClerk, url: &Url) -> bool {
    let is_address = matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)));
    is_loopback(url) || local.shared.serves_any_address && is_address
}

/// Returns whether the host of a URL is a loopback address or `localhost`.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Parses a `redirect_url`: an `http` or `https` URL without credentials.
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

/// Rejects a `redirect_url` of another computer. Anyone can make a link with such a URL, and what is appended to it
/// would be disclosed.
pub(super) fn require_loopback(url: &Url) -> Result<(), ApiError> {
    if is_loopback(url) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::BAD_REQUEST,
        "invalid_url",
        "Invalid redirect_url",
        "redirect_url must lead to an application on this computer, for example http://localhost:3000/",
    ))
}

/// Sets a query parameter of a URL, replaces others of the same name, and removes the result of an earlier handshake.
pub(super) fn with_query_pair(mut url: Url, name: &str, value: &str) -> Url {
    let stays = |other: &str| other != name && !other.starts_with("__clerk_handshake");
    let others: Vec<_> = url.query_pairs().into_owned().filter(|pair| stays(&pair.0)).collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair(name, value);
    url
}
