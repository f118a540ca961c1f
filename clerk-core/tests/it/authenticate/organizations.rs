//! URLs of organizations.

use clerk_core::authenticate::OrganizationSync;
use serde_json::{Value, json};

use crate::{
    tokens::session,
    visit::{ENVS, Env, Visit},
};

fn sync(visit: Visit) -> Visit {
    visit.options(|options| {
        options.organization_sync(
            OrganizationSync::new()
                .organization_patterns(["/orgs/:slug", "/orgs/:slug/(.*)", "/o/:id", "/x/(.*)"])
                .personal_account_patterns(["/me", "/x/me", "/orgs/me"]),
        )
    })
}

fn visit(visit: Visit, env: Env, path: &str, claims: &Value) -> Visit {
    sync(visit).target(path).signed_in(session(env, claims))
}

fn acme() -> Value {
    json!({"o": {"id": "org_1", "slg": "acme", "rol": "admin"}})
}

#[test]
fn another_active_organization_causes_a_handshake() {
    let none = json!({});
    let old = json!({"v": null, "org_id": "org_1", "org_slug": "acme", "org_role": "org:admin"});
    for (path, claims, asks_for) in [
        ("/orgs/acme", acme(), None),
        ("/orgs/acme/", acme(), None),
        ("/orgs/acme/settings", acme(), None),
        ("/ORGS/acme", acme(), None),
        ("/orgs/acme", old.clone(), None),
        ("/orgs/Acme", acme(), Some("Acme")),
        ("/orgs/other", acme(), Some("other")),
        ("/orgs/other", old, Some("other")),
        ("/orgs/acme", none.clone(), Some("acme")),
        ("/orgs/a%20b", acme(), Some("a%20b")),
        ("/o/org_1", acme(), None),
        ("/o/org_2", acme(), Some("org_2")),
        ("/o/org_1", none.clone(), Some("org_1")),
        // The pattern is by id, so a slug does not match.
        ("/o/acme", acme(), Some("acme")),
        // The personal account, also if a pattern of organizations matches without a parameter.
        ("/me", acme(), Some("")),
        ("/me", none.clone(), None),
        ("/x/me", acme(), Some("")),
        ("/x/else", acme(), None),
        // Patterns of organizations take precedence.
        ("/orgs/me", acme(), Some("me")),
        ("/else", acme(), None),
        ("/else", none, None),
    ] {
        for env in ENVS {
            let seen = visit(Visit::document(env), env, path, &claims).seen();
            let case = format!("{env:?} {path} {claims}");
            assert_eq!(seen.parameter("organization_id").as_deref(), asks_for, "{case}");
            let expected = asks_for.map_or("signed-in", |_| "handshake: active-organization-mismatch");
            assert_eq!(seen.verdict(), expected, "{case}");
        }
    }
}

#[test]
fn another_organization_never_signs_out() {
    for env in ENVS {
        let document = || visit(Visit::document(env), env, "/orgs/other", &acme());
        assert_eq!(document().verdict(), "handshake: active-organization-mismatch");
        for other in [
            visit(Visit::api(env).known_browser(), env, "/orgs/other", &acme()),
            document().method("POST"),
            document().method("HEAD"),
            document().cookie("__clerk_redirect_count", "3"),
            document().cookie("__clerk_redirect_count", "4"),
        ] {
            let seen = other.seen();
            assert_eq!((&*seen.verdict(), seen.outcome.headers().count()), ("signed-in", 0), "{env:?}");
        }
    }
}

#[test]
fn requests_without_a_full_session_are_not_redirected() {
    for env in ENVS {
        let mut pending = acme();
        pending["sts"] = json!("pending");
        assert_eq!(visit(Visit::document(env), env, "/orgs/other", &pending).verdict(), "signed-in");
        let mut nobody = acme();
        nobody["sub"] = json!("");
        assert_eq!(visit(Visit::document(env), env, "/orgs/other", &nobody).verdict(), "signed-in");
    }
}

#[test]
fn another_origin_takes_precedence_over_another_organization() {
    let visit = visit(Visit::document(Env::Live), Env::Live, "/orgs/other", &acme());
    let seen = visit.header("referer", "https://other.example").seen();
    assert_eq!(seen.verdict(), "handshake: primary-domain-cross-origin-sync");
    assert_eq!(seen.parameter("organization_id").as_deref(), Some("other"));
}

#[test]
fn sessions_in_the_header_are_not_redirected() {
    let visit = sync(Visit::document(Env::Live)).target("/orgs/other");
    assert_eq!(visit.bearer(session(Env::Live, &acme())).verdict(), "signed-in");
}

#[test]
fn patterns_of_one_sort_are_enough() {
    for sync in [
        OrganizationSync::new().organization_patterns(["/:slug"]),
        OrganizationSync::new().personal_account_patterns(["/other"]),
    ] {
        let visit = Visit::document(Env::Live).signed_in(session(Env::Live, &acme())).target("/other");
        let visit = visit.options(|options| options.organization_sync(sync));
        assert_eq!(visit.verdict(), "handshake: active-organization-mismatch");
    }
}

#[test]
fn empty_lists_match_nothing() {
    for env in ENVS {
        let none = OrganizationSync::new().organization_patterns([""; 0]).personal_account_patterns([""; 0]);
        let visit = Visit::document(env).signed_in(session(env, &acme())).target("/");
        assert_eq!(visit.options(|options| options.organization_sync(none)).verdict(), "signed-in");
    }
}
