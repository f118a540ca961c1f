//! The choice of a request's token, by the accepted kinds.

use clerk_core::{authenticate::AcceptedKinds, token::TokenKind};
use serde_json::json;

use crate::{
    tokens::{TEMPLATE, m2m, oauth, session, token_of},
    visit::{Env, Reply, Visit},
};

const ALL: [TokenKind; 4] = [TokenKind::Session, TokenKind::ApiKey, TokenKind::M2m, TokenKind::OAuth];
const MACHINES: [TokenKind; 3] = [TokenKind::ApiKey, TokenKind::M2m, TokenKind::OAuth];

fn visit(accepted: impl Into<AcceptedKinds>, header: Option<&str>) -> Visit {
    let visit = Visit::api(Env::Live).options(|options| options.accepted_kinds(accepted));
    match header {
        Some(token) => visit.bearer(token),
        None => visit,
    }
}

/// The verdict, and the outcome's kind of token.
fn seen(visit: &Visit) -> (String, Option<TokenKind>) {
    let seen = visit.seen();
    (seen.verdict(), seen.outcome.token_kind())
}

fn out(reason: &str, kind: impl Into<Option<TokenKind>>) -> (String, Option<TokenKind>) {
    (format!("signed-out: {reason}"), kind.into())
}

/// A token of each kind, opaque if possible.
fn opaque(kind: TokenKind) -> String {
    match kind {
        TokenKind::ApiKey => "ak_1".to_owned(),
        TokenKind::M2m => "mt_1".to_owned(),
        TokenKind::OAuth => "oat_1".to_owned(),
        _ => session(Env::Live, &json!({})),
    }
}

#[test]
fn kinds_that_are_not_in_the_list_are_a_mismatch() {
    let good = session(Env::Live, &json!({}));
    for (list, header) in [
        (&[][..], None),
        (&[], Some(&*good)),
        (&[], Some("ak_1")),
        (&MACHINES, None),
        (&MACHINES, Some(&good)),
        (&MACHINES, Some("garbage")),
        (&[TokenKind::Session, TokenKind::M2m], Some("ak_1")),
        (&[TokenKind::Session], Some("oat_1")),
        (&[TokenKind::Session], Some(&*m2m(&json!({}), &json!({})))),
        (&[TokenKind::M2m], Some(&*oauth(&json!({}), &json!({})))),
    ] {
        let visit = visit(list, header);
        assert_eq!(seen(&visit), out("token-type-mismatch", None), "{list:?} {header:?}");
        // A session in a cookie is not used.
        if header.is_some() || !list.contains(&TokenKind::Session) {
            assert_eq!(
                seen(&visit.signed_in(&good)),
                out("token-type-mismatch", None),
                "{list:?} {header:?}"
            );
        }
    }
}

#[test]
fn without_a_header_only_sessions_are_looked_up() {
    let good = session(Env::Live, &json!({}));
    for kind in MACHINES {
        let nothing = out("No token in header", kind);
        assert_eq!(seen(&visit(kind, None)), nothing);
        assert_eq!(seen(&visit(kind, None).signed_in(&good)), nothing);
        assert_eq!(seen(&visit(kind, None).header("authorization", "Basic dTpw")), nothing);
        assert_eq!(seen(&visit(kind, None).header("authorization", "Bearer")), nothing);
    }
    for accepted in [AcceptedKinds::default(), AcceptedKinds::any(), ALL.into(), [TokenKind::Session].into()]
    {
        let nobody = out("session-token-and-uat-missing", TokenKind::Session);
        assert_eq!(seen(&visit(accepted.clone(), None)), nobody, "{accepted:?}");
        let seen = visit(accepted.clone(), None).signed_in(&good).seen();
        assert_eq!((&*seen.verdict(), seen.user().as_deref()), ("signed-in", Some("user_1")), "{accepted:?}");
    }
}

#[test]
fn machine_tokens_in_cookies_are_ignored() {
    for accepted in [AcceptedKinds::any(), ALL.into(), AcceptedKinds::default()] {
        for token in ["ak_1", "mt_1", "oat_1"] {
            let visit = visit(accepted.clone(), None).signed_in(token);
            assert_eq!(seen(&visit), out("token-invalid", TokenKind::Session));
        }
        for token in [m2m(&json!({}), &json!({})), oauth(&json!({}), &json!({}))] {
            let visit = visit(accepted.clone(), None).signed_in(token);
            assert_eq!(seen(&visit), out("token-type-mismatch", TokenKind::Session));
        }
    }
}

#[test]
fn lists_and_any_accept_the_kind_in_the_header() {
    for accepted in [AcceptedKinds::any(), ALL.into()] {
        for kind in MACHINES {
            let visit = visit(accepted.clone(), Some(&opaque(kind))).reply(Reply::Status(404, json!({})));
            assert_eq!(seen(&visit), out("token-invalid", kind), "{kind}");
        }
        for (token, expected) in [
            (session(Env::Live, &json!({})), ("signed-in".to_owned(), Some(TokenKind::Session))),
            (m2m(&json!({}), &json!({})), ("signed-in".to_owned(), Some(TokenKind::M2m))),
            (oauth(&json!({}), &json!({})), ("signed-in".to_owned(), Some(TokenKind::OAuth))),
            ("garbage".to_owned(), out("token-invalid", TokenKind::Session)),
            (
                token_of(Env::Live, &json!({"cat": TEMPLATE}), &json!({})),
                out("token-type-mismatch", TokenKind::Session),
            ),
            (m2m(&json!({"typ": "at+jwt"}), &json!({})), out("token-verification-failed", TokenKind::M2m)),
        ] {
            assert_eq!(seen(&visit(accepted.clone(), Some(&token))), expected, "{token}");
        }
    }
}

#[test]
fn for_one_machine_kind_other_tokens_are_a_mismatch() {
    for kind in MACHINES {
        let other = MACHINES.into_iter().find(|other| *other != kind).unwrap();
        for token in [opaque(TokenKind::Session), opaque(other), "garbage".to_owned(), "MT_1".to_owned()] {
            assert_eq!(seen(&visit(kind, Some(&token))), out("token-type-mismatch", kind), "{kind} {token}");
        }
    }
}

#[test]
fn for_one_machine_kind_its_tokens_are_verified() {
    for kind in MACHINES {
        let visit = visit(kind, Some(&opaque(kind))).reply(Reply::Status(404, json!({})));
        assert_eq!(seen(&visit), out("token-invalid", kind));
        assert_eq!(visit.seen().asked.len(), 1);
    }
    let machine = m2m(&json!({}), &json!({}));
    assert_eq!(seen(&visit(TokenKind::M2m, Some(&machine))), ("signed-in".to_owned(), Some(TokenKind::M2m)));
}

#[test]
fn for_sessions_only_machine_tokens_are_rejected() {
    for (token, reason) in [
        ("ak_1".to_owned(), "token-invalid"),
        ("mt_1".to_owned(), "token-invalid"),
        ("oat_1".to_owned(), "token-invalid"),
        (m2m(&json!({}), &json!({})), "token-type-mismatch"),
        (oauth(&json!({}), &json!({})), "token-type-mismatch"),
        (oauth(&json!({"typ": "application/at+jwt"}), &json!({})), "token-type-mismatch"),
    ] {
        let visit = visit(TokenKind::Session, Some(&token));
        assert_eq!(seen(&visit), out(reason, TokenKind::Session), "{token}");
    }
}
