//! The metadata documents of a protected resource and of its authorization server.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use super::{
    address::{AUTHORIZATION_SERVER, ResourceUrl},
    authorization_server::AuthorizationServer,
};

/// For how long clients and caches may keep a document.
const MAX_AGE: &str = "public, max-age=300";

/// What is told about a resource, besides its URL.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    pub(super) scopes: Vec<String>,
    pub(super) name: Option<String>,
    pub(super) documentation: Option<String>,
}

/// The documents, and where they are served.
#[derive(Debug)]
pub(super) struct Documents {
    resource: Bytes,
    paths: Vec<String>,
    authorization_server: Option<Arc<AuthorizationServer>>,
}

/// A document that a request asks for.
pub(super) enum Document {
    Resource(Bytes),
    AuthorizationServer(Arc<AuthorizationServer>),
}

impl Documents {
    /// If other resources stand at the same origin, the addresses of the origin as a whole are left to them.
    pub(super) fn new(
        url: &ResourceUrl,
        about: &About,
        authorization_server: &str,
        passed_on: Option<AuthorizationServer>,
    ) -> Self {
        let mut paths = vec![url.metadata_path()];
        if url.path().len() > 1 && url.path().ends_with('/') {
            paths.push(format!("{}/", url.metadata_path()));
        }
        if passed_on.is_some() && url.metadata_path() != ResourceUrl::metadata_root() {
            paths.push(ResourceUrl::metadata_root().to_owned());
        }
        let resource = metadata(url, about, authorization_server).to_string().into();
        Self { resource, paths, authorization_server: passed_on.map(Arc::new) }
    }

    /// Returns the paths at which documents are served.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        let authorization_server = self.authorization_server.as_ref().map(|_| AUTHORIZATION_SERVER);
        self.paths.iter().map(String::as_str).chain(authorization_server)
    }

    pub(super) fn at(&self, path: &str) -> Option<Document> {
        // All begin so, and hardly any request does.
        if !path.starts_with("/.well-known/") {
            return None;
        }
        if self.paths.iter().any(|own| own == path) {
            return Some(Document::Resource(self.resource.clone()));
        }
        let server = self.authorization_server.as_ref().filter(|_| path == AUTHORIZATION_SERVER)?;
        Some(Document::AuthorizationServer(server.clone()))
    }
}

/// The metadata of the resource: RFC 9728, section 2. Members without a value are left out.
fn metadata(url: &ResourceUrl, about: &About, authorization_server: &str) -> Value {
    let mut metadata = Map::new();
    metadata.insert("resource".to_owned(), url.as_str().into());
    metadata.insert("authorization_servers".to_owned(), json!([authorization_server]));
    if !about.scopes.is_empty() {
        metadata.insert("scopes_supported".to_owned(), about.scopes.clone().into());
    }
    metadata.insert("bearer_methods_supported".to_owned(), json!(["header"]));
    let texts = [("resource_name", &about.name), ("resource_documentation", &about.documentation)];
    for (member, text) in texts {
        if let Some(text) = text {
            metadata.insert(member.to_owned(), text.clone().into());
        }
    }
    metadata.into()
}

/// Returns the response to a request that does not read the document.
pub(super) fn other_method(method: &Method) -> Option<Response<Bytes>> {
    match *method {
        Method::GET | Method::HEAD => None,
        // A preflight: RFC 9728 documents are public, and scripts of any origin may read them.
        Method::OPTIONS => {
            let mut response = answer(StatusCode::NO_CONTENT, Bytes::new());
            let headers = response.headers_mut();
            headers
                .insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, OPTIONS"));
            // MCP clients send `mcp-protocol-version`. Nothing is done with any header.
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
            Some(response)
        }
        _ => {
            let mut response = answer(StatusCode::METHOD_NOT_ALLOWED, Bytes::new());
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
            Some(response)
        }
    }
}

/// Returns the response with a document.
pub(super) fn document(body: Bytes) -> Response<Bytes> {
    let mut response = answer(StatusCode::OK, body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(MAX_AGE));
    response
}

/// Returns the response for a path without a document.
pub(super) fn not_found() -> Response<Bytes> {
    answer(StatusCode::NOT_FOUND, Bytes::new())
}

fn answer(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// Makes a response readable for scripts of any origin.
pub(super) fn open(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_found_at_their_paths_and_nowhere_else() {
        const ROOT: &str = "/.well-known/oauth-protected-resource";
        let [own, slash] = ["/mcp", "/mcp/"].map(|path| format!("{ROOT}{path}"));
        for (url, paths) in [
            ("https://example.com", &[ROOT][..]),
            ("https://example.com/", &[ROOT]),
            ("https://example.com/mcp", &[&*own]),
            // A client may add the path with or without the slash.
            ("https://example.com/mcp/", &[&*own, &*slash]),
        ] {
            let url = ResourceUrl::parse(url).unwrap();
            let documents = Documents::new(&url, &About::default(), "https://clerk.example.com", None);
            assert_eq!(documents.paths().collect::<Vec<_>>(), paths, "{url:?}");
            for path in paths {
                assert!(documents.at(path).is_some(), "{path}");
            }
            for path in ["/", "/mcp", "/.well-known/", "/.well-known/x", AUTHORIZATION_SERVER] {
                assert!(documents.at(path).is_none(), "{path}");
            }
        }
    }
}
