//! Tests of the pages' titles: each page has its own, and says what happened.

use std::collections::HashMap;

use super::{Fixture, frontend::DOCUMENT};

/// Returns the title of a page, without the name of the program.
fn title(page: &str) -> &str {
    let title = page.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).unwrap().0;
    title.strip_suffix(" · LocalClerk").unwrap()
}

/// A browser that has at most one cookie.
struct Visitor<'f> {
    fixture: &'f Fixture,
    cookie: String,
}

impl Visitor<'_> {
    /// Opens a page or sends a form, follows at most one redirect, and returns the title and the text of the page.
    fn visit(&mut self, method: &str, target: &str, form: &str) -> (String, String) {
        let send = |cookie: &str, method: &str, target: &str, form: &str| {
            let headers = [DOCUMENT, ("cookie", cookie), ("origin", "http://127.0.0.1:4000")];
            self.fixture.browse(method, target, if method == "GET" { &headers[..2] } else { &headers }, form)
        };
        let response = send(&self.cookie, method, target, form);
        let cookie = response.header("set-cookie").split(';').next().unwrap().to_owned();
        let location = response.header("location").to_owned();
        let page = if response.status == 303 {
            let cookie = if cookie.is_empty() { self.cookie.clone() } else { cookie };
            let page = send(&cookie, "GET", &location, "");
            self.cookie = cookie;
            page
        } else {
            response
        };
        (title(&page.text).to_owned(), page.text)
    }
}

#[test]
fn every_page_has_a_title_of_its_own() {
    let fixture = Fixture::seeded();
    fixture.ok("POST", "/v1/users/user_katherine/ban", &serde_json::json!(null));
    let app = fixture.local.oauth_application("Reports").redirect_uri("http://localhost:3000/back");
    let app = app.scopes(["openid"]).create();
    let authorize = format!(
        "client_id={}&response_type=code&redirect_uri=http://localhost:3000/back&scope=openid&state=12345678\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
        app.client_id
    );
    let consent = format!("/oauth/authorize?{authorize}");
    let back = format!("{authorize}&response_mode=form_post&consented=true&user=user_ada");
    let visitor = &mut Visitor { fixture: &fixture, cookie: String::new() };
    let mut seen = HashMap::new();
    for (page, method, target, form, expected) in [
        ("the instance", "GET", "/", "", "A Clerk instance on this computer"),
        ("to sign in", "GET", "/sign-in", "", "Sign in"),
        ("to sign in", "GET", "/sign-in?redirect_url=http://localhost:3000/", "", "Sign in"),
        ("to sign up", "GET", "/sign-up", "", "Sign up"),
        ("not signed in", "POST", "/sign-in", "user=user_katherine", "Error: Sign in"),
        ("not signed up", "POST", "/sign-up", "email=nonsense", "Error: Sign up"),
        ("an error", "GET", "/sign-in?redirect_url=nowhere", "", "Invalid redirect_url"),
        ("an unknown page", "GET", "/nowhere", "", "Not emulated"),
        // The first address, and then a second one.
        ("a new account", "POST", "/sign-up", "email=first@example.com", "Account created"),
        ("signed in", "GET", "/sign-in", "", "You are signed in"),
        ("another account", "GET", "/sign-up", "", "Sign up with another address"),
        ("a new account", "POST", "/sign-up", "email=second@example.com", "Account created"),
        ("a new account", "POST", "/sign-in", "email=third@example.com", "Account created"),
        (
            "an old account",
            "POST",
            "/sign-up",
            "email=second@example.com",
            "Signed in to an existing account",
        ),
        ("signed in", "POST", "/sign-in", "email=first@example.com", "You are signed in"),
        ("no organizations", "GET", "/sign-in/organization", "", "No organization"),
        ("organizations", "POST", "/sign-in", "user=user_ada", "Choose an organization"),
        ("consent", "GET", &*consent, "", "Allow access for Reports"),
        ("back", "POST", "/oauth/authorize", &*back, "Back to the application"),
    ] {
        let (title, text) = visitor.visit(method, target, form);
        assert_eq!(title, expected, "{page}: {text}");
        assert_eq!(*seen.entry(title).or_insert(page), page, "two pages have this title");
    }
    assert_eq!(fixture.get("/v1/users/count")["total_count"], 7);
}

#[test]
fn a_sign_up_says_whose_account_was_created() {
    let fixture = Fixture::seeded();
    let visitor = &mut Visitor { fixture: &fixture, cookie: String::new() };
    for (path, address, sentence) in [
        ("/sign-up", "first@example.com", "An account was created for this address."),
        ("/sign-up", "second@example.com", "An account was created for this address."),
        ("/sign-up", "first@example.com", "This address already has an account."),
    ] {
        let (_, text) = visitor.visit("POST", path, &format!("email={address}"));
        assert!(text.contains(sentence) && text.contains(&format!("<b>{address}</b>")), "{address}: {text}");
    }
    // Only these two words say something.
    let (title, text) = visitor.visit("GET", "/sign-in?notice=%3Cb%3E", "");
    assert!(title == "You are signed in" && !text.contains("role=\"status\""));
    // With an application, the browser goes back to it at once.
    let form = "email=third@example.com&redirect_url=http%3A%2F%2Flocalhost%3A3000%2F";
    let response = fixture.browse("POST", "/sign-up", &[DOCUMENT], form);
    assert!(response.header("location").starts_with("http://localhost:3000/?"), "{}", response.text);
}
