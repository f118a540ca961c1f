//! URLs of the sign-in and sign-up pages.

use url::Url;

use super::Outcome;
use crate::{
    Timestamp,
    authenticate::{
        address,
        config::{Config, Instance},
        request::{CookieSet, CookieValue, Cookies, Query, RequestHead},
    },
    token::KeySet,
};

/// Error when the URL of the sign-in or sign-up page cannot be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoSignInPage {
    /// The instance is not configured.
    #[error(
        "the sign-in page is not known: set CLERK_PUBLISHABLE_KEY, or `publishable_key` of the client's builder; \
         `sign_in_url` needs it, too"
    )]
    NotConfigured,
    /// The request does not have exactly one valid host.
    #[error("the return URL is not known: the request does not have exactly one valid host")]
    NoHost,
    /// The return URL is not valid.
    #[error("the return URL is not valid: expected an http or https URL, or a path")]
    ReturnUrl,
}

/// A page of the instance.
#[derive(Clone, Copy)]
pub(crate) enum Page {
    SignIn,
    SignUp,
}

/// Returns the URL of a page, which redirects back to `return_to`, or by default to the URL of the request.
pub(crate) fn page_url(
    page: Page,
    config: &Config,
    head: &RequestHead<'_>,
    outcome: &Outcome,
    return_to: Option<&str>,
    now: Timestamp,
) -> Result<String, NoSignInPage> {
    let instance = config.instance.as_ref().ok_or(NoSignInPage::NotConfigured)?;
    let here = head.public_url(&config.forwarded).ok_or(NoSignInPage::NoHost)?;
    let mut target = page.url(instance, &here).ok_or(NoSignInPage::NotConfigured)?;
    if outcome.session_or_pending().is_some_and(|session| session.claims().is_pending()) {
        append_path(&mut target, "tasks");
    }
    // Compares the page with the request, and not with the return URL.
    let is_elsewhere = (target.host_str(), target.port()) != (here.host_str(), here.port());
    let mut back = match return_to {
        // The parameters of a handshake can be used only once, and must not be in the return URL.
        None if here.query().is_some_and(|query| query.contains("__clerk_")) => {
            address::without_handshake(here)
        }
        None => here,
        // Only http and https: a return URL is often taken from the request, and `javascript:` would run a script.
        Some(url) => here
            .join(url)
            .ok()
            .and_then(|url| address::absolute(url.as_str()))
            .ok_or(NoSignInPage::ReturnUrl)?,
    };
    if is_elsewhere && instance.satellite.is_some() {
        address::set_pair(&mut back, "__clerk_synced", "false");
    }
    address::set_pair(&mut target, "redirect_url", back.as_str());
    if is_elsewhere && !instance.is_production {
        let cookies = Cookies::read(head.headers, Some(&*instance.suffix));
        let query = Query::read(head.uri.query());
        let (set, _) = CookieSet::choose(&cookies, Some(instance), &KeySet::default(), now);
        if let Some(token) = query.dev_browser.or_else(|| set.dev_browser.map(CookieValue::text)) {
            address::set_pair(&mut target, "__clerk_db_jwt", &token);
        }
    }
    Ok(target.into())
}

impl Page {
    fn url(self, instance: &Instance, here: &Url) -> Option<Url> {
        let configured = |url: &Option<String>| {
            let url = here.join(url.as_deref()?).ok()?;
            address::absolute(url.as_str())
        };
        let portal = |path: &str| {
            let mut url = instance.portal_url()?;
            url.set_path(path);
            Some(url)
        };
        match self {
            Self::SignIn => configured(&instance.sign_in_url).or_else(|| portal("sign-in")),
            Self::SignUp => configured(&instance.sign_up_url)
                .or_else(|| {
                    let mut url = configured(&instance.sign_in_url)?;
                    append_path(&mut url, "create");
                    Some(url)
                })
                .or_else(|| portal("sign-up")),
        }
    }
}

fn append_path(url: &mut Url, segment: &str) {
    let path = format!("{}/{segment}", url.path().trim_end_matches('/'));
    url.set_path(&path);
}
