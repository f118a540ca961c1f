use std::{
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::{Either, Ready, ready};
use http::{HeaderValue, Request, Uri, header, uri::PathAndQuery};
use tower_service::Service;

use super::layer::Base;
use crate::{BoxError, Error, ErrorKind, error::info_of, options::CallOptions};

const API_VERSION: HeaderValue = HeaderValue::from_static(clerk_core::operation::API_VERSION);
const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("clerk-rust/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Puts the API's address before a relative URI. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct BaseUri<S> {
    pub(super) inner: S,
    pub(super) base: Arc<Base>,
}

impl<S, B> Service<Request<B>> for BaseUri<S>
where
    S: Service<Request<B>, Error: Into<BoxError>>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future =
        Either<futures_util::future::ErrInto<S::Future, BoxError>, Ready<Result<S::Response, BoxError>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        use futures_util::TryFutureExt as _;

        let settings = CallOptions::of(request.extensions());
        let other = settings.and_then(|settings| settings.base_uri.as_ref());
        let extra = settings.map(|settings| settings.headers.clone()).unwrap_or_default();
        match other.map_or(&*self.base, |layer| layer.base()).resolve(request.uri()) {
            Ok(uri) => {
                *request.uri_mut() = uri;
                let headers = request.headers_mut();
                // One value each: a name that is set replaces what was there.
                for (name, value) in &extra {
                    headers.insert(name, value.clone());
                }
                headers.entry(header::USER_AGENT).or_insert(USER_AGENT);
                headers.entry("clerk-api-version").or_insert(API_VERSION);
                headers.entry(header::ACCEPT).or_insert(JSON);
                Either::Left(self.inner.call(request).err_into())
            }
            Err(problem) => {
                let error = Error::new(info_of(request.extensions()), ErrorKind::Config(problem));
                Either::Right(ready(Err(error.into())))
            }
        }
    }
}

impl Base {
    fn resolve(&self, relative: &Uri) -> Result<Uri, &'static str> {
        if relative.authority().is_some() || relative.scheme().is_some() {
            return Err("the request names a host of its own; nothing was sent");
        }
        let path = relative.path_and_query().map_or("/", PathAndQuery::as_str);
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(format!("{}{path}", self.prefix))
            .build()
            .map_err(|_| "the address is too long; nothing was sent")
    }
}

#[cfg(test)]
mod tests {
    use super::super::BaseUriLayer;
    use tower_layer::Layer as _;

    #[test]
    fn bases() {
        for (base, relative, want) in [
            ("https://api.clerk.com/v1", "/users", "https://api.clerk.com/v1/users"),
            ("https://api.clerk.com/v1/", "/users?a=b", "https://api.clerk.com/v1/users?a=b"),
            ("http://127.0.0.1:8080", "/jwks", "http://127.0.0.1:8080/jwks"),
            (
                "http://127.0.0.1:8080/c/12/v1",
                "//evil.example/x",
                "http://127.0.0.1:8080/c/12/v1//evil.example/x",
            ),
        ] {
            let service = BaseUriLayer::new(base).unwrap().layer(());
            let uri = http::Uri::builder().path_and_query(relative).build().unwrap();
            assert_eq!(service.base.resolve(&uri).unwrap().to_string(), want);
        }
        for bad in
            ["", "api.clerk.com", "/v1", "ftp://x/v1", "https://u:p@x/v1", "https://x/v1?a=b", "https://"]
        {
            assert!(BaseUriLayer::new(bad).is_err(), "{bad}");
        }
    }
}
