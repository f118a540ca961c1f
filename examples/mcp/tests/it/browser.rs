//! A person with a browser: follows links, keeps cookies, submits forms.

use std::collections::BTreeMap;

use reqwest::{
    Client, Method, Url,
    header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE},
    redirect::Policy,
};

/// Where the client waits for the browser. Nothing listens there: the browser stops before it.
pub(crate) const CALLBACK: &str = "http://127.0.0.1:9/callback";

pub(crate) struct Browser {
    http: Client,
    /// Values by name. Everything that the browser visits is one site.
    cookies: BTreeMap<String, String>,
}

struct Page {
    url: Url,
    text: String,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { http, cookies: BTreeMap::new() }
    }

    /// Opens the page on which the client asks for access, signs Ada in if she is not, allows it, and returns the URL that the
    /// browser is sent back to.
    pub(crate) async fn allow(&mut self, url: &str) -> String {
        let mut page = self.go(Method::GET, Url::parse(url).unwrap(), Vec::new()).await;
        if page.url.path() == "/sign-in" {
            page = self.submit(&page, "/sign-in", ("user", "user_ada")).await;
            page = self.submit(&page, "/sign-in/organization", ("organization", "org_acme")).await;
        }
        assert_eq!(page.url.path(), "/oauth/authorize", "{}", page.text);
        let page = self.submit(&page, "/oauth/authorize", ("consented", "true")).await;
        assert!(page.url.as_str().starts_with(CALLBACK), "{}", page.url);
        page.url.into()
    }

    async fn go(&mut self, method: Method, url: Url, form: Vec<(String, String)>) -> Page {
        let (mut method, mut url, mut form) = (method, url, form);
        loop {
            if url.as_str().starts_with(CALLBACK) {
                return Page { url, text: String::new() };
            }
            let cookies: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let request = self
                .http
                .request(method, url.clone())
                .header(COOKIE, cookies.join("; "))
                .header(ORIGIN, url.origin().ascii_serialization())
                .header("sec-fetch-dest", "document");
            let request = if form.is_empty() { request } else { request.form(&form) };
            let response = request.send().await.unwrap();
            for cookie in response.headers().get_all(SET_COOKIE) {
                let (name, value) =
                    cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            let Some(location) = response.headers().get(LOCATION) else {
                assert_eq!(response.status(), 200, "{url}");
                return Page { url, text: response.text().await.unwrap() };
            };
            url = url.join(location.to_str().unwrap()).unwrap();
            (method, form) = (Method::GET, Vec::new());
        }
    }

    /// Submits the first form of a page with this action: its hidden fields, and the button.
    async fn submit(&mut self, page: &Page, action: &str, button: (&str, &str)) -> Page {
        let (_, form) = page.text.split_once(&format!("action=\"{action}\"")).unwrap();
        let form = form.split("</form>").next().unwrap();
        let mut fields: Vec<(String, String)> = form
            .split("<input type=\"hidden\"")
            .skip(1)
            .map(|tag| (attribute(tag, "name"), attribute(tag, "value")))
            .collect();
        fields.push((button.0.to_owned(), button.1.to_owned()));
        self.go(Method::POST, page.url.join(action).unwrap(), fields).await
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let value = tag.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap();
    value
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
