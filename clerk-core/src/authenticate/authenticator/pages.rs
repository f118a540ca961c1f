//! URLs of sign-in and sign-up pages.

use super::Authenticator;
use crate::{
    Timestamp,
    authenticate::{
        outcome::{NoSignInPage, Outcome, Page, page_url},
        request::RequestHead,
    },
};

impl Authenticator {
    /// Whether the sign-in page is that of Clerk's Account Portal although the Frontend API is behind a proxy: `proxy_url` is
    /// set, and `sign_in_url` is not. The portal's host is derived from the publishable key, as in Clerk's SDK, and may not
    /// exist.
    #[must_use]
    pub fn guesses_sign_in_page(&self) -> bool {
        self.0.instance.as_ref().is_some_and(|instance| instance.guesses_sign_in_page())
    }

    /// Returns the URL of the sign-in page: the option `sign_in_url`, or the page of Clerk's Account Portal.
    ///
    /// After signing in, the browser returns to `return_to`, an absolute URL or one relative to the request. Defaults to
    /// the URL of the request. For a pending session, the URL is that of the page where its tasks are completed.
    ///
    /// # Errors
    ///
    /// If the page is not known, or the return URL is not valid.
    pub fn sign_in_url(
        &self,
        head: &RequestHead<'_>,
        outcome: &Outcome,
        return_to: Option<&str>,
        now: Timestamp,
    ) -> Result<String, NoSignInPage> {
        page_url(Page::SignIn, &self.0, head, outcome, return_to, now)
    }

    /// Returns the URL of the sign-up page, as [`sign_in_url`](Self::sign_in_url) does.
    ///
    /// Defaults to `sign_in_url` with `/create` appended, or to the page of Clerk's Account Portal.
    ///
    /// # Errors
    ///
    /// If the page is not known, or the return URL is not valid.
    pub fn sign_up_url(
        &self,
        head: &RequestHead<'_>,
        outcome: &Outcome,
        return_to: Option<&str>,
        now: Timestamp,
    ) -> Result<String, NoSignInPage> {
        page_url(Page::SignUp, &self.0, head, outcome, return_to, now)
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::{
        Reason,
        authenticate::{
            config::{AuthenticateOptions, Satellite},
            outcome::SignedOutCause,
        },
    };

    const LIVE: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
    const TEST: &str = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";

    fn options(key: &str) -> AuthenticateOptions {
        AuthenticateOptions::new().publishable_key(key.parse().unwrap())
    }

    fn urls(options: AuthenticateOptions, return_to: Option<&str>) -> [Result<String, NoSignInPage>; 2] {
        urls_at("/dash?x=1", options, return_to)
    }

    fn urls_at(
        target: &str,
        options: AuthenticateOptions,
        return_to: Option<&str>,
    ) -> [Result<String, NoSignInPage>; 2] {
        let request = Request::get(target)
            .header("host", "app.example.com")
            .header("cookie", "__clerk_db_jwt=dvb_1")
            .body(())
            .unwrap();
        let (authenticator, head) = (Authenticator::new(options).unwrap(), RequestHead::from(&request));
        let outcome = Outcome::signed_out(None, Reason::SessionTokenMissing, SignedOutCause::NoToken, None);
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
                options(LIVE).proxy_url("/__clerk"),
                "https://accounts.example.com/sign-in",
                "https://accounts.example.com/sign-up",
            ),
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
    fn pages_return_to_the_request_without_the_parameters_of_a_handshake() {
        for (target, back) in [
            ("/dash", "/dash"),
            ("/dash?x=a%20b&flag", "/dash?x=a%20b&flag"),
            ("/dash?x=1&__clerk_handshake=e30.e30.c2ln&y=2", "/dash?x=1&y=2"),
            ("/dash?__clerk_handshake_nonce=n&__clerk_help=1&__clerk_db_jwt=dvb_1", "/dash"),
        ] {
            let [sign_in, _] = urls_at(target, options(LIVE), None);
            let url = url::Url::parse(&sign_in.unwrap()).unwrap();
            let pairs: Vec<_> = url.query_pairs().collect();
            assert_eq!(pairs, [("redirect_url".into(), format!("http://app.example.com{back}").into())]);
        }
    }

    #[test]
    fn development_instances_pass_the_dev_browser_token() {
        let [sign_in, _] = urls(options(TEST), Some("/back"));
        assert_eq!(
            sign_in.unwrap(),
            "https://foo-bar-13.accounts.dev/sign-in?redirect_url=http%3A%2F%2Fapp.example.com%2Fback\
             &__clerk_db_jwt=dvb_1"
        );
        // What matters is whether the page is on another host than the request, and not the return URL.
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
    fn satellites_request_a_sync_on_return() {
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
    fn satellites_use_the_primary_domains_portal() {
        let [sign_in, _] = urls(options(LIVE).satellite(Satellite::domain("docs.example.org")), Some("/"));
        assert_eq!(
            sign_in.unwrap(),
            "https://accounts.example.com/sign-in?redirect_url=http%3A%2F%2Fapp.example.com%2F%3F__clerk_synced%3Dfalse"
        );
    }

    #[test]
    fn a_page_behind_a_proxy_is_guessed_unless_it_is_set() {
        for (options, is_guessed) in [
            (AuthenticateOptions::new(), false),
            (options(LIVE), false),
            (options(LIVE).proxy_url("/__clerk"), true),
            (options(LIVE).proxy_url("/__clerk").sign_in_url("/in"), false),
        ] {
            assert_eq!(Authenticator::new(options).unwrap().guesses_sign_in_page(), is_guessed);
        }
    }

    #[test]
    fn errors_say_what_is_missing() {
        assert_eq!(urls(AuthenticateOptions::new(), None), [const { Err(NoSignInPage::NotConfigured) }; 2]);
        for bad in ["javascript:alert(1)", "mailto:x@example.com", "https://u:p@example.com"] {
            assert_eq!(urls(options(LIVE), Some(bad)), [const { Err(NoSignInPage::ReturnUrl) }; 2], "{bad}");
        }
    }
}
