//! Links to the pages where people sign in and sign up.

use url::Url;

use super::{Authenticator, Outcome, RequestHead, browser, case::Case, need::Answers, public_url};
use crate::{Timestamp, token::KeySet};

/// There is no page to send people to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoSignInPage {
    /// Neither a page nor the instance is configured.
    #[error(
        "no sign-in page is known: set the publishable key, and sign_in_url where the instance is behind a proxy"
    )]
    NotConfigured,
    /// The request does not say under which address it was sent.
    #[error("the request names no host, so there is no address to come back to")]
    NoHost,
    /// The address to come back to is none.
    #[error("the address to come back to is no http or https URL, and no path")]
    ReturnUrl,
}

/// The two pages.
#[derive(Clone, Copy)]
enum Page {
    SignIn,
    SignUp,
}

impl Authenticator {
    /// The address of the sign-in page: `sign_in_url`, or the one of Clerk's account portal. It sends people back
    /// to `return_to`, an absolute address or one relative to the request, which is the request's own unless set.
    ///
    /// A session with tasks to complete is sent to the page for these.
    ///
    /// # Errors
    ///
    /// When the page is not known, or there is no address to come back to.
    pub fn sign_in_url(
        &self,
        head: &RequestHead<'_>,
        outcome: &Outcome,
        return_to: Option<&str>,
        now: Timestamp,
    ) -> Result<String, NoSignInPage> {
        self.page_url(Page::SignIn, head, outcome, return_to, now)
    }

    /// The address of the sign-up page, by the same rules.
    ///
    /// # Errors
    ///
    /// When the page is not known, or there is no address to come back to.
    pub fn sign_up_url(
        &self,
        head: &RequestHead<'_>,
        outcome: &Outcome,
        return_to: Option<&str>,
        now: Timestamp,
    ) -> Result<String, NoSignInPage> {
        self.page_url(Page::SignUp, head, outcome, return_to, now)
    }

    fn page_url(
        &self,
        page: Page,
        head: &RequestHead<'_>,
        outcome: &Outcome,
        return_to: Option<&str>,
        now: Timestamp,
    ) -> Result<String, NoSignInPage> {
        let config = self.config();
        let instance = config.instance.as_ref().ok_or(NoSignInPage::NotConfigured)?;
        let here = public_url::of(head, &config.forwarded).ok_or(NoSignInPage::NoHost)?;
        let mut target = instance.page(page, &here).ok_or(NoSignInPage::NotConfigured)?;
        if outcome.session_or_pending().is_some_and(|session| session.claims().is_pending()) {
            append_path(&mut target, "tasks");
        }
        // Whether the page is of another host than this request, wherever people go in the end.
        let is_elsewhere = (target.host_str(), target.port()) != (here.host_str(), here.port());
        let mut back = match return_to {
            // What a handshake left there is used up, and must not be judged once more.
            None if here.query().is_some_and(|query| query.contains("__clerk_")) => {
                browser::without_handshake(here)
            }
            None => here,
            Some(address) => here
                .join(address)
                .ok()
                .and_then(|url| public_url::absolute(url.as_str()))
                .ok_or(NoSignInPage::ReturnUrl)?,
        };
        if is_elsewhere && instance.satellite.is_some() {
            browser::set_pair(&mut back, "__clerk_synced", "false");
        }
        browser::set_pair(&mut target, "redirect_url", back.as_str());
        if is_elsewhere && !instance.is_production {
            let (keys, answers) = (KeySet::default(), Answers::default());
            let case = Case { config, head: *head, keys: &keys, answers: &answers, now };
            if let Some(token) = browser::Browser::new(&case).known_dev_browser() {
                browser::set_pair(&mut target, "__clerk_db_jwt", &token);
            }
        }
        Ok(target.into())
    }
}

impl super::config::Instance {
    fn page(&self, page: Page, here: &Url) -> Option<Url> {
        let configured = |url: &Option<String>| {
            let url = here.join(url.as_deref()?).ok()?;
            public_url::absolute(url.as_str())
        };
        let portal = |path: &str| {
            let mut url = self.portal_url()?;
            url.set_path(path);
            Some(url)
        };
        match page {
            Page::SignIn => configured(&self.sign_in_url).or_else(|| portal("sign-in")),
            Page::SignUp => configured(&self.sign_up_url)
                .or_else(|| {
                    let mut url = configured(&self.sign_in_url)?;
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

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::authenticate::{AuthenticateOptions, Reason, Satellite};

    const LIVE: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
    const TEST: &str = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";

    fn options(key: &str) -> AuthenticateOptions {
        AuthenticateOptions::new().publishable_key(key.parse().unwrap())
    }

    fn urls(options: AuthenticateOptions, return_to: Option<&str>) -> [Result<String, NoSignInPage>; 2] {
        let request = Request::get("/dash?x=1")
            .header("host", "app.example.com")
            .header("cookie", "__clerk_db_jwt=dvb_1")
            .body(())
            .unwrap();
        let (authenticator, head) = (Authenticator::new(options).unwrap(), RequestHead::from(&request));
        let outcome = Outcome::signed_out(None, Reason::SessionTokenMissing, None);
        [
            authenticator.sign_in_url(&head, &outcome, return_to, Timestamp::from_secs(1_700_000_000)),
            authenticator.sign_up_url(&head, &outcome, return_to, Timestamp::from_secs(1_700_000_000)),
        ]
    }

    #[test]
    fn pages_are_the_configured_ones_or_the_portals() {
        const BACK: &str = "redirect_url=http%3A%2F%2Fapp.example.com%2Fdash%3Fx%3D1";
        for (options, sign_in, sign_up) in [
            (options(LIVE), "https://accounts.example.com/sign-in", "https://accounts.example.com/sign-up"),
            (
                options(LIVE).sign_in_url("https://example.com/in?a=b"),
                "https://example.com/in?a=b",
                "https://example.com/in/create?a=b",
            ),
            (
                options(LIVE).sign_in_url("/in").sign_up_url("/up"),
                "http://app.example.com/in",
                "http://app.example.com/up",
            ),
        ] {
            let expected = [sign_in, sign_up]
                .map(|url| Ok(format!("{url}{}{BACK}", if url.contains('?') { '&' } else { '?' })));
            assert_eq!(urls(options, None), expected);
        }
    }

    #[test]
    fn development_instances_pass_their_browser_on() {
        let [sign_in, _] = urls(options(TEST), Some("/back"));
        assert_eq!(
            sign_in.unwrap(),
            "https://foo-bar-13.accounts.dev/sign-in?redirect_url=http%3A%2F%2Fapp.example.com%2Fback\
             &__clerk_db_jwt=dvb_1"
        );
        // Whether the page is elsewhere is seen from here, and not from where people come back to.
        for (page, back, is_passed_on) in [
            ("/in", None, false),
            ("/in", Some("https://other.example/x"), false),
            ("https://www.example.com/in", Some("https://www.example.com/dash"), true),
        ] {
            let [sign_in, _] = urls(options(TEST).sign_in_url(page), back);
            assert_eq!(sign_in.unwrap().contains("db_jwt"), is_passed_on, "{page} {back:?}");
        }
    }

    #[test]
    fn satellites_ask_for_a_sync_when_people_come_back() {
        let options = options(LIVE)
            .satellite(Satellite::domain("app.example.com"))
            .sign_in_url("https://primary.com/sign-in");
        let [sign_in, _] = urls(options, Some("https://app.example.com/back"));
        assert_eq!(
            sign_in.unwrap(),
            "https://primary.com/sign-in?redirect_url=https%3A%2F%2Fapp.example.com%2Fback%3F__clerk_synced%3Dfalse"
        );
    }

    #[test]
    fn a_satellites_portal_is_the_primary_domains() {
        let [sign_in, _] = urls(options(LIVE).satellite(Satellite::domain("docs.example.org")), Some("/"));
        assert_eq!(
            sign_in.unwrap(),
            "https://accounts.example.com/sign-in?redirect_url=http%3A%2F%2Fapp.example.com%2F%3F__clerk_synced%3Dfalse"
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(urls(AuthenticateOptions::new(), None), [const { Err(NoSignInPage::NotConfigured) }; 2]);
        assert_eq!(
            urls(options(LIVE).proxy_url("/__clerk"), None),
            [const { Err(NoSignInPage::NotConfigured) }; 2]
        );
        for bad in ["javascript:alert(1)", "mailto:x@example.com", "https://u:p@example.com"] {
            assert_eq!(urls(options(LIVE), Some(bad)), [const { Err(NoSignInPage::ReturnUrl) }; 2], "{bad}");
        }
    }
}
