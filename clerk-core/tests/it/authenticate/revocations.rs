//! Sessions that the caller knows to be revoked.

use clerk_core::{
    Reason,
    authenticate::{AcceptedKinds, Outcome, SignedOutCause},
    token::TokenKind,
};
use serde_json::json;

use crate::{
    tokens::{NOW, TEMPLATE, handshake, session, token_of},
    visit::{ENVS, Env, Seen, Visit, check},
};

/// The same outcome, for a caller that knows every session to be revoked.
fn revoked(visit: &Visit) -> Seen {
    let Seen { outcome, asked } = visit.seen();
    let outcome = outcome.session_revoked();
    check(&outcome);
    Seen { outcome, asked }
}

/// Every way in which a request can bring a session.
fn carriers(env: Env, token: &str) -> Vec<(&'static str, Visit)> {
    let cookie = format!("__session={token}; Path=/");
    let lines = ["__client_uat=1; Path=/", &*cookie];
    let expired = session(env, &json!({"exp": NOW - 60}));
    let refreshable = Visit::document(env).signed_in(expired).suffixed("__refresh", "r_1").lines(&lines);
    vec![
        ("header", Visit::api(env).bearer(token)),
        ("header of a navigation", Visit::document(env).bearer(token)),
        ("cookie", Visit::api(env).known_browser().signed_in(token)),
        ("cookie of a navigation", Visit::document(env).signed_in(token)),
        ("handshake", Visit::document(env).target("/p?__clerk_handshake_nonce=n").lines(&lines)),
        ("handshake's token", Visit::document(env).cookie("__clerk_handshake", handshake(env, &lines))),
        ("refresh", refreshable),
    ]
}

#[test]
fn a_revoked_session_is_signed_out_on_every_carrier_and_nobody_is_sent_to_clerk() {
    for env in ENVS {
        for claims in [json!({}), json!({"sts": "pending"})] {
            for (carrier, visit) in carriers(env, &session(env, &claims)) {
                let (before, seen) = (visit.seen(), revoked(&visit));
                assert_eq!(before.verdict(), "signed-in", "{env:?} {carrier}");
                assert_eq!(seen.verdict(), "signed-out: session-revoked", "{env:?} {carrier} {claims}");
                assert_eq!(seen.all("x-clerk-auth-reason"), ["session-revoked"]);
                assert_eq!(seen.outcome.token_kind(), Some(TokenKind::Session));
                assert!(!seen.outcome.is_anonymous() && !seen.outcome.is_undecided());
                if let Outcome::SignedOut(signed_out) = &seen.outcome {
                    assert_eq!(signed_out.cause(), SignedOutCause::TokenRejected);
                }
                // What ends the handshake or the refresh goes out as before.
                assert_eq!(seen.location(), before.location(), "{env:?} {carrier}");
                for name in ["set-cookie", "cache-control", "location", "access-control-allow-origin"] {
                    assert_eq!(seen.all(name), before.all(name), "{env:?} {carrier} {name}");
                }
            }
        }
    }
}

#[test]
fn only_sessions_are_revoked() {
    let template = token_of(Env::Live, &json!({"cat": TEMPLATE}), &json!({"aud": "api"}));
    let machine = json!({"id": "1", "subject": "user_1", "revoked": false, "expired": false});
    for (name, visit) in [
        (
            "template",
            Visit::api(Env::Live).options(|options| options.template_audiences(["api"])).bearer(template),
        ),
        (
            "api key",
            Visit::api(Env::Live)
                .options(|options| options.accepted_kinds(AcceptedKinds::any()))
                .bearer("ak_1")
                .reply(crate::visit::Reply::Json(machine)),
        ),
        ("nothing", Visit::api(Env::Live)),
        ("a forged token", Visit::api(Env::Live).bearer("x.y.z")),
        ("a handshake", Visit::document(Env::Live).cookie("__client_uat", "1")),
    ] {
        let before = visit.seen();
        assert_ne!(before.outcome.reason(), Some(&Reason::SessionRevoked));
        assert_eq!(revoked(&visit).verdict(), before.verdict(), "{name}");
        assert_eq!(
            format!("{:?}", revoked(&visit).outcome.headers().collect::<Vec<_>>()),
            format!("{:?}", before.outcome.headers().collect::<Vec<_>>())
        );
    }
}
