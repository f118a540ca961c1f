//! A minimal browser: it stores cookies, follows redirects and submits forms.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;

use reqwest::{Client, Method, StatusCode, Url, header, redirect::Policy};

/// The page that is shown after all redirects.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) url: Url,
    pub(crate) text: String,
    pub(crate) is_html: bool,
}

impl Page {
    /// The title, and nothing else of the head.
    pub(crate) fn title(&self) -> &str {
        self.text.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap_or_default()
    }

    /// Where the links lead.
    pub(crate) fn links(&self) -> Vec<Url> {
        let targets =
            self.text.split("<a ").skip(1).filter_map(|link| link.split("href=\"").nth(1)?.split('"').next());
        targets.map(|target| self.url.join(&target.replace("&amp;", "&")).unwrap()).collect()
    }
}

pub(crate) struct Browser {
    client: Client,
    /// By host (without the port) and name.
    cookies: BTreeMap<(String, String), String>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { client, cookies: BTreeMap::new() }
    }

    pub(crate) async fn open(&mut self, url: &str) -> Page {
        self.navigate(Method::GET, url, String::new()).await
    }

    /// Submits the page's form with this action, including its hidden fields.
    pub(crate) async fn submit(&mut self, page: &Page, action: &str, field: Option<(&str, &str)>) -> Page {
        let start = page.text.find(&format!("action=\"{action}\"")).expect("no such form");
        let form = page.text[start..].split("</form>").next().unwrap();
        let hidden = form.split("name=\"redirect_url\" value=\"").nth(1);
        let hidden = hidden.map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"));
        let hidden = hidden.as_deref().map(|url| ("redirect_url", url));
        let target = page.url.join(action).unwrap();
        let fields = Url::parse_with_params("http://localhost/", hidden.into_iter().chain(field)).unwrap();
        self.navigate(Method::POST, target.as_str(), fields.query().unwrap_or_default().to_owned()).await
    }

    async fn navigate(&mut self, method: Method, url: &str, form: String) -> Page {
        let (mut url, mut method, mut form) = (Url::parse(url).unwrap(), method, form);
        // A person spends more time on a page than this cookie lasts.
        self.cookies.retain(|name, _| name.1 != "__clerk_redirect_count");
        for _ in 0..12 {
            let host = url.host_str().unwrap().to_owned();
            let own = self.cookies.iter().filter(|(name, _)| name.0 == host);
            let cookies: Vec<_> = own.map(|(name, value)| format!("{}={value}", name.1)).collect();
            let mut request = self.client.request(method.clone(), url.clone());
            request = request.header("sec-fetch-dest", "document").header(header::COOKIE, cookies.join("; "));
            if method == Method::POST {
                request = request.header(header::ORIGIN, url.origin().ascii_serialization());
                request =
                    request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
            }
            let response = request.send().await.unwrap();
            for line in response.headers().get_all(header::SET_COOKIE) {
                let line = line.to_str().unwrap();
                let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
                let name = (host.clone(), name.to_owned());
                if line.contains("Max-Age=0") {
                    self.cookies.remove(&name);
                } else {
                    self.cookies.insert(name, value.to_owned());
                }
            }
            let status = response.status();
            if let Some(location) = response.headers().get(header::LOCATION) {
                url = url.join(location.to_str().unwrap()).unwrap();
                (method, form) = (Method::GET, String::new());
                continue;
            }
            let kind = response.headers().get(header::CONTENT_TYPE).map(|kind| kind.as_bytes());
            let is_html = kind.is_some_and(|kind| kind.starts_with(b"text/html"));
            return Page { status, url, is_html, text: response.text().await.unwrap() };
        }
        panic!("too many redirects, to {url}");
    }
}
