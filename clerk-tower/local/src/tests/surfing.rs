//! A browser with cookies, an application, and the instance that it signs people in with, all in memory.

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use bytes::Bytes;
use clerk_core::Timestamp;
use futures_util::FutureExt as _;
use http::{
    HeaderMap, Request, Response, StatusCode,
    header::{COOKIE, LOCATION, SET_COOKIE},
};
use http_body_util::BodyExt as _;
use tower::{Service, ServiceBuilder, ServiceExt as _, util::BoxCloneService};
use url::Url;

use super::{Fixture, LocalClerk};
use crate::LocalBody;
use clerk_tower::{
    Clerk,
    clock::{Clock as _, ManualClock},
    server::{
        ResponseBody,
        authenticate::{Auth, AuthenticateLayer},
    },
};

pub(super) const APP: &str = "http://localhost:3000";
pub(super) const LOCAL: &str = "http://127.0.0.1:4000";

type Site = BoxCloneService<Request<Bytes>, Response<LocalBody>, Infallible>;

/// Returns an in-memory client of the instance.
pub(super) fn client(fixture: &Fixture) -> Clerk {
    Clerk::builder()
        .secret_key(fixture.local.secret_key())
        .publishable_key(fixture.local.publishable_key())
        .transport(fixture.local.clone())
        .clock(fixture.clock.clone())
        .authentication(|options| {
            options.proxy_url(LOCAL).sign_in_url(format!("{LOCAL}/sign-in")).authorized_parties([APP])
        })
        .build()
        .unwrap()
}

/// `/private` redirects visitors to sign in; every other page shows who is signed in.
fn application(clerk: &Clerk) -> Site {
    let page = async |request: Request<Bytes>| -> Result<Response<LocalBody>, Infallible> {
        let auth = Auth::from_extensions(request.extensions()).unwrap();
        let text = match auth.session() {
            Some(session) => {
                let organization = session.claims().organization();
                let organization = organization.map_or("nobody", |organization| organization.id.as_str());
                format!("{} for {organization}", session.claims().user_id())
            }
            None if request.uri().path() == "/private" => {
                return Ok(auth.redirect_to_sign_in(&(&request).into(), None).unwrap());
            }
            None if request.uri().path() == "/api" => {
                let rejection = auth.require_session().unwrap_err();
                return Ok(rejection.into_response().map(|_: LocalBody| LocalBody::default()));
            }
            None => "signed out".to_owned(),
        };
        Ok(Response::new(text.into()))
    };
    let layer = AuthenticateLayer::new(clerk);
    // The bodies of the layer's own responses do not matter here.
    let plain = |response: Response<ResponseBody<LocalBody>>| {
        response.map(|body| body.into_inner().unwrap_or_default())
    };
    let builder = ServiceBuilder::new().map_response(plain).layer(layer);
    BoxCloneService::new(builder.service(tower::service_fn(page)))
}

pub(super) struct Page {
    pub(super) url: Url,
    pub(super) status: StatusCode,
    pub(super) text: String,
    /// The hosts and paths of the redirects.
    pub(super) way: Vec<String>,
}

pub(super) struct Browser {
    application: Site,
    local: LocalClerk,
    clock: ManualClock,
    /// The value and the expiration by host and name.
    pub(super) cookies: BTreeMap<(String, String), (String, Timestamp)>,
}

impl Browser {
    pub(super) fn new(fixture: &Fixture) -> Self {
        Self {
            application: application(&client(fixture)),
            local: fixture.local.clone(),
            clock: fixture.clock.clone(),
            cookies: BTreeMap::new(),
        }
    }

    /// The same browser with another instance at the same URLs, as after a restart.
    pub(super) fn restarted(self, fixture: &Fixture) -> Self {
        Self { cookies: self.cookies, ..Self::new(fixture) }
    }

    fn remember(&mut self, host: &str, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE) {
            let mut parts = line.to_str().unwrap().split("; ");
            let (name, value) = parts.next().unwrap().split_once('=').unwrap();
            let age = parts.find_map(|part| part.strip_prefix("Max-Age=")).unwrap().parse().unwrap();
            let until = self.clock.now().saturating_add(Duration::from_secs(age));
            self.cookies.insert((host.to_owned(), name.to_owned()), (value.to_owned(), until));
        }
        let now = self.clock.now();
        self.cookies.retain(|_, (_, until)| *until > now);
    }

    async fn once(&mut self, url: &Url, mut request: Request<Bytes>) -> Response<LocalBody> {
        let host = url.host_str().unwrap().to_owned();
        self.remember(&host, &HeaderMap::new());
        let own = self.cookies.iter().filter(|(name, _)| name.0 == host);
        let line: Vec<_> = own.map(|(name, value)| format!("{}={}", name.1, value.0)).collect();
        if !line.is_empty() {
            request.headers_mut().insert(COOKIE, line.join("; ").parse().unwrap());
        }
        let authority = format!("{host}:{}", url.port().unwrap());
        request.headers_mut().insert("host", authority.parse().unwrap());
        let response = if url.as_str().starts_with(LOCAL) {
            self.local.call(request).await.unwrap()
        } else {
            assert!(url.as_str().starts_with(APP), "{url}");
            self.application.ready().await.unwrap().call(request).await.unwrap()
        };
        self.remember(&host, response.headers());
        response
    }

    async fn navigate(&mut self, url: &str, form: Option<String>) -> Page {
        let mut url = Url::parse(url).unwrap();
        let mut form = form;
        let mut way = Vec::new();
        // A person takes a moment. More than three handshakes within two seconds would count as a redirect loop.
        self.clock.advance(Duration::from_secs(3));
        loop {
            assert!(way.len() < 12, "{way:?}");
            way.push(format!("{}{}", url.host_str().unwrap(), url.path()));
            let target = url[url::Position::BeforePath..].to_owned();
            let request = Request::builder().uri(target).header("sec-fetch-dest", "document");
            let request = match form.take() {
                None => request.body(Bytes::new()),
                Some(form) => request.method("POST").header("origin", LOCAL).body(form.into()),
            };
            let response = self.once(&url, request.unwrap()).await;
            if let Some(location) = response.headers().get(LOCATION) {
                url = url.join(location.to_str().unwrap()).unwrap();
                continue;
            }
            let status = response.status();
            let text = response.into_body().collect().now_or_never().unwrap().unwrap().to_bytes();
            return Page { url, status, text: String::from_utf8(text.to_vec()).unwrap(), way };
        }
    }

    /// Opens a page and follows redirects.
    pub(super) async fn open(&mut self, url: &str) -> Page {
        self.navigate(url, None).await
    }

    /// Submits the form of a page with this action, including its hidden fields.
    pub(super) async fn submit(&mut self, page: &Page, action: &str, field: &str, value: &str) -> Page {
        let start = page.text.find(&format!("action=\"{action}\"")).expect("no such form");
        let form = page.text[start..].split("</form>").next().unwrap();
        let hidden = form.split("name=\"redirect_url\" value=\"").nth(1);
        let hidden = hidden.map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"));
        let mut fields = form_urlencoded::Serializer::new(String::new());
        if let Some(url) = hidden {
            fields.append_pair("redirect_url", &url);
        }
        if !field.is_empty() {
            fields.append_pair(field, value);
        }
        self.navigate(&format!("{LOCAL}{action}"), Some(fields.finish())).await
    }

    /// Returns the status that a script of the application gets.
    pub(super) async fn fetch(&mut self, url: &str) -> StatusCode {
        let url = Url::parse(url).unwrap();
        let request = Request::get(url.path()).header("sec-fetch-dest", "empty").body(Bytes::new()).unwrap();
        self.once(&url, request).await.status()
    }
}
