use std::{convert::Infallible, fmt, ops::Deref};

use axum_core::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::Response,
};
use clerk_core::authenticate::RequestHead;
use clerk_tower::{
    ConfigError,
    server::{
        authenticate::{self, InsecureIdentity},
        rejection,
    },
};
use http::{Extensions, HeaderMap, Method, Request, Uri, Version, request::Parts};

use super::{ClerkOrganization, ClerkUser};
use crate::Rejection;

/// Extractor for the whole decision about the request: signed in or out, the reason, and the headers.
///
/// It rejects only requests that did not pass through [`ClerkLayer`](crate::ClerkLayer), with 500. There,
/// `Option<Auth>` is `None`. In a layer or a service of your own, [`Auth::from_extensions`] returns it; the extensions
/// themselves contain the [`Auth`](authenticate::Auth) of clerk-tower.
///
/// A page can redirect visitors to the sign-in page, and from there back:
///
/// ```
/// use axum::response::{IntoResponse, Response};
/// use clerk_axum::{Auth, Rejection};
///
/// async fn dashboard(auth: Auth) -> Result<Response, Rejection> {
///     match auth.session() {
///         Some(session) => Ok(format!("welcome, {}", session.claims().user_id()).into_response()),
///         None => auth.redirect_to_sign_in(None),
///     }
/// }
/// ```
///
/// Or it can show why a visitor is signed out:
///
/// ```
/// use clerk_axum::Auth;
///
/// async fn index(auth: Auth) -> String {
///     match auth.session() {
///         Some(session) => format!("signed in as {}", session.claims().user_id()),
///         None => format!("signed out: {}", auth.outcome().reason().map_or("pending", |reason| reason.as_str())),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Auth {
    auth: authenticate::Auth,
    visit: Visit,
}

impl Auth {
    /// Returns the layer's decision from a request's extensions, for a middleware. `None` if the request did not pass through
    /// the layer.
    ///
    /// ```
    /// use axum::{extract::Request, middleware::Next, response::Response};
    /// use clerk_axum::Auth;
    ///
    /// /// For `axum::middleware::from_fn`, inside `ClerkLayer`.
    /// async fn log_user(request: Request, next: Next) -> Response {
    ///     let auth = Auth::from_extensions(request.extensions());
    ///     let user = auth.and_then(|auth| Some(auth.session()?.claims().user_id().to_string()));
    ///     println!("a request of {}", user.as_deref().unwrap_or("nobody"));
    ///     next.run(request).await
    /// }
    /// # let _ = log_user;
    /// ```
    #[must_use]
    pub fn from_extensions(extensions: &Extensions) -> Option<&authenticate::Auth> {
        authenticate::Auth::from_extensions(extensions)
    }

    /// Creates the result of authentication without a request, a layer or a client: for unit tests of handlers, together with
    /// [`extract`](Self::extract).
    ///
    /// Insecure: every other `Auth` proves that a client has authenticated the request. In a service, use
    /// [`ClerkLayer::insecure_identity`](crate::ClerkLayer::insecure_identity), which is refused beside a live key and visible
    /// in the log.
    ///
    /// # Errors
    /// If the user's ID is empty, or the claims are too long for a token.
    pub fn insecure(identity: &InsecureIdentity) -> Result<Self, ConfigError> {
        authenticate::Auth::insecure(identity).map(Self::without_request)
    }

    /// Runs an extractor of this crate with this decision, by the same rules as for a handler's argument. In a unit test, it
    /// makes the arguments of a handler:
    ///
    /// ```
    /// use clerk_axum::{Auth, ClerkUser, InsecureIdentity, Session};
    ///
    /// async fn greet(session: Session, user: ClerkUser) -> String {
    ///     format!("hello {}, with {} permissions", user.id, session.permissions().len())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let ada = Auth::insecure(&InsecureIdentity::new("user_ada"))?;
    /// let greeting = greet(ada.extract().await?, ada.extract().await?).await;
    /// assert_eq!(greeting, "hello user_ada, with 0 permissions");
    ///
    /// let nobody = Auth::insecure(&InsecureIdentity::nobody())?;
    /// assert_eq!(nobody.extract::<Session>().await.unwrap_err().status(), 401);
    /// assert!(nobody.extract::<Option<Session>>().await?.is_none());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The extractor's rejection.
    pub async fn extract<E: FromRequestParts<()>>(&self) -> Result<E, E::Rejection> {
        let (mut parts, ()) = Request::new(()).into_parts();
        let Visit { method, uri, version, headers } = self.visit.clone();
        (parts.method, parts.uri, parts.version, parts.headers) = (method, uri, version, headers);
        parts.extensions.insert(self.auth.clone());
        E::from_request_parts(&mut parts, &()).await
    }

    /// Returns a redirect to the sign-in page, and from there back to `return_to`.
    ///
    /// `return_to` is an absolute URL, or relative to the request's URL, which is the default. A session with pending
    /// tasks is redirected to the page for these tasks.
    ///
    /// # Errors
    /// - 500 `clerk-sign-in-page-missing` if the publishable key is not set
    /// - 400 `clerk-return-address` if the request has no host, or `return_to` is not a valid URL
    pub fn redirect_to_sign_in(&self, return_to: Option<&str>) -> Result<Response, Rejection> {
        let response = self.auth.redirect_to_sign_in(&self.visit.head(), return_to);
        response.map_err(|error| rejection::Rejection::no_sign_in_page(error).into())
    }

    /// Returns a redirect to the sign-up page, and from there back to `return_to`.
    ///
    /// # Errors
    /// The same as [`redirect_to_sign_in`](Self::redirect_to_sign_in).
    pub fn redirect_to_sign_up(&self, return_to: Option<&str>) -> Result<Response, Rejection> {
        let response = self.auth.redirect_to_sign_up(&self.visit.head(), return_to);
        response.map_err(|error| rejection::Rejection::no_sign_in_page(error).into())
    }

    /// Ends the session at Clerk, and returns a redirect (303) to `to` that removes the session's cookies. An expired session
    /// is found by its cookies, so a middleware inside the layer must not remove them from the request.
    ///
    /// See [`clerk_tower::server::authenticate::Auth::sign_out`].
    ///
    /// ```
    /// use axum::{Router, response::Response, routing::post};
    /// use clerk_axum::{Auth, Rejection};
    ///
    /// async fn sign_out(auth: Auth) -> Result<Response, Rejection> {
    ///     auth.sign_out("/").await
    /// }
    ///
    /// let pages: Router = Router::new().route("/sign-out", post(sign_out));
    /// # let _ = pages;
    /// ```
    ///
    /// # Errors
    /// 503 if Clerk does not respond, 500 if it refuses the call. The browser then keeps its cookies.
    pub async fn sign_out(&self, to: &str) -> Result<Response, Rejection> {
        Ok(self.auth.sign_out(&self.visit.head(), to).await?)
    }

    /// Creates a token for the session from a JWT template of Clerk's dashboard, to call another service with.
    ///
    /// See [`clerk_tower::server::authenticate::Auth::token_from_template`].
    ///
    /// ```
    /// use clerk_axum::{Auth, Rejection};
    ///
    /// async fn report(auth: Auth) -> Result<String, Rejection> {
    ///     let token = auth.token_from_template("reports").await?;
    ///     Ok(format!("called another service with a token of {} bytes", token.len()))
    /// }
    /// ```
    ///
    /// # Errors
    /// 401 if the request is not signed in, 503 if Clerk does not respond, 500 if it refuses the call or does not have the
    /// template.
    pub async fn token_from_template(&self, template: &str) -> Result<String, Rejection> {
        Ok(self.auth.token_from_template(template).await?)
    }

    /// Returns the session's user, fetched from Clerk or its cache: for a handler that needs it only sometimes. Every other
    /// handler takes [`ClerkUser`].
    ///
    /// ```
    /// use clerk_axum::{Auth, Rejection};
    ///
    /// async fn page(auth: Auth) -> Result<String, Rejection> {
    ///     match auth.optional_session()? {
    ///         Some(session) if session.claims().actor().is_some() => Ok("the support team".to_owned()),
    ///         Some(_) => Ok(auth.user().await?.full_name().unwrap_or_default()),
    ///         None => Ok("a visitor".to_owned()),
    ///     }
    /// }
    /// # let _ = page;
    /// ```
    ///
    /// # Errors
    /// The same as the rejections of [`ClerkUser`].
    pub async fn user(&self) -> Result<ClerkUser, Rejection> {
        Ok(ClerkUser::of(self.auth.user().await?))
    }

    /// Returns the session's active organization, fetched from Clerk or its cache: for a handler that needs it only
    /// sometimes. Every other handler takes [`ClerkOrganization`].
    ///
    /// # Errors
    /// The same as the rejections of [`ClerkOrganization`].
    pub async fn organization(&self) -> Result<ClerkOrganization, Rejection> {
        Ok(ClerkOrganization::of(self.auth.organization().await?))
    }

    pub(super) fn of(parts: &Parts) -> Result<Self, Rejection> {
        let auth = decided(parts)?;
        Ok(Self { auth: auth.clone(), visit: Visit::of(&auth.head_of(parts)) })
    }

    /// The decision about a token that did not arrive in a request, so that there is nowhere to come back to.
    pub(crate) fn without_request(auth: authenticate::Auth) -> Self {
        Self { auth, visit: Visit::default() }
    }
}

/// Returns the layer's decision, without what a redirect needs: most extractors need no more.
pub(super) fn decided(parts: &Parts) -> Result<&authenticate::Auth, Rejection> {
    decided_in(&parts.extensions)
}

pub(super) fn decided_in(extensions: &Extensions) -> Result<&authenticate::Auth, Rejection> {
    let auth = authenticate::Auth::from_extensions(extensions);
    auth.ok_or_else(|| rejection::Rejection::layer_missing().into())
}

/// The request's head, for links that lead back to it.
#[derive(Clone, Default)]
struct Visit {
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
}

impl Visit {
    fn of(head: &RequestHead<'_>) -> Self {
        let (method, uri) = (head.method().clone(), head.uri().clone());
        Self { method, uri, version: head.version(), headers: head.headers().clone() }
    }

    const fn head(&self) -> RequestHead<'_> {
        RequestHead::new(&self.method, &self.uri, self.version, &self.headers)
    }
}

/// Shows only the method: the others may contain credentials.
impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("method", &self.method).finish_non_exhaustive()
    }
}

impl Deref for Auth {
    type Target = authenticate::Auth;

    fn deref(&self) -> &Self::Target {
        &self.auth
    }
}

impl<S: Sync> FromRequestParts<S> for Auth {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Self::of(parts)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Auth {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(Self::of(parts).ok())
    }
}
