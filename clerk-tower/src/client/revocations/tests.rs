use std::thread;

use clerk_core::{
    api::OPERATIONS,
    token::{SessionAuth, SessionClaims},
    webhook::Verifier,
};
use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::clock::ManualClock;

const NOW: i64 = 1_700_000_000;
const MINUTE: Duration = Duration::from_secs(60);
const KEPT_FOR: Duration = Duration::from_secs(180);

fn clock() -> ManualClock {
    ManualClock::at(Timestamp::from_secs(NOW))
}

fn table(clock: &ManualClock) -> Revocations {
    Revocations::new(MINUTE, Arc::new(clock.clone()))
}

/// The claims of a token, issued at this second.
fn claims(user: &str, session: &str, organization: &str, issued: i64) -> SessionClaims {
    let claims = json!({
        "sub": user, "sid": session, "v": 2, "iat": issued, "nbf": issued, "exp": issued + 60,
        "o": {"id": organization},
    });
    SessionAuth::insecure_from_claims(&claims).unwrap().claims().clone()
}

fn subject(kind: u8, user: &str, session: &str, organization: &str) -> Subject {
    let [user, session, organization] = [user, session, organization].map(str::to_owned);
    match kind {
        0 => Subject::Session(session),
        1 => Subject::User(user),
        2 => Subject::Membership { user, organization },
        _ => Subject::Organization(organization),
    }
}

fn revoked(kind: u8, millis: i64) -> Revoked {
    let until = Timestamp::from_millis(NOW * 1000 + millis);
    Revoked { subject: subject(kind, "user_1", "sess_1", "org_1"), until }
}

#[test]
fn what_a_revocation_refuses() {
    let token = |user, session, organization| move |issued| claims(user, session, organization, NOW + issued);
    let own = token("user_1", "sess_1", "org_1");
    let other_session = token("user_1", "sess_2", "org_1");
    let other_organization = token("user_1", "sess_1", "org_2");
    let no_organization = token("user_1", "sess_1", "");
    let other_user = token("user_2", "sess_3", "org_1");
    let stranger = token("user_2", "sess_3", "org_2");
    // At the second before the event, at that of the event (in its middle), and at the one after it.
    let (always, never, until) = ([true; 3], [false; 3], [true, true, false]);
    for (kind, expected) in [
        (0, [always, never, always, always, never, never]),
        (1, [until, until, until, until, never, never]),
        (2, [until, until, never, never, never, never]),
        (3, [until, until, never, never, until, never]),
    ] {
        let revocations = table(&clock());
        assert!(!revocations.refuse(&own(0)));
        revocations.apply(&revoked(kind, 500));
        let tokens: [&dyn Fn(i64) -> SessionClaims; 6] =
            [&own, &other_session, &other_organization, &no_organization, &other_user, &stranger];
        for (token, expected) in tokens.iter().zip(expected) {
            let refused = [-1, 0, 1].map(|issued| revocations.refuse(&token(issued)));
            assert_eq!(refused, expected, "{kind} {:?}", token(0).session_id());
        }
    }
}

#[test]
fn a_claim_that_is_missing_matches_nothing_and_a_missing_time_is_early() {
    let revocations = table(&clock());
    revocations.apply(&Revoked { subject: subject(0, "", "", ""), until: Timestamp::default() });
    let bare = |claims: Value| SessionAuth::insecure_from_claims(&claims).unwrap().claims().clone();
    assert!(!revocations.refuse(&bare(json!({"sub": "user_1"}))));
    revocations.apply(&revoked(1, 0));
    assert!(revocations.refuse(&bare(json!({"sub": "user_1"}))));
}

#[test]
fn a_later_revocation_of_the_same_user_extends_the_first_and_an_earlier_one_does_not_shorten_it() {
    let revocations = table(&clock());
    for millis in [1000, 9000, 3000] {
        revocations.apply(&revoked(1, millis));
    }
    assert!(revocations.refuse(&claims("user_1", "s", "", NOW + 9)));
    assert!(!revocations.refuse(&claims("user_1", "s", "", NOW + 10)));
}

/// Both clocks move together.
async fn pass(clock: &ManualClock, time: Duration) {
    clock.advance(time);
    tokio::time::advance(time).await;
}

#[tokio::test(start_paused = true)]
async fn revocations_are_kept_until_no_token_can_be_valid_and_then_cost_nothing() {
    let clock = clock();
    let revocations = table(&clock);
    assert_eq!(revocations.kept_for(), KEPT_FOR);
    revocations.apply(&revoked(0, 0));
    let token = claims("user_1", "sess_1", "", NOW);
    pass(&clock, KEPT_FOR - Duration::from_millis(1)).await;
    assert!(revocations.refuse(&token));
    pass(&clock, Duration::from_millis(1)).await;
    assert!(!revocations.refuse(&token));
    assert_eq!(revocations.own.count.load(Ordering::SeqCst), 0);
    assert!(revocations.own.read().entries.is_empty() && revocations.own.read().by_age.is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_clock_that_is_set_lets_anybody_in() {
    let token = claims("user_1", "sess_1", "", NOW);
    for (name, seconds) in [("back", -86_400), ("a little back", -100), ("forward", 86_400)] {
        let clock = clock();
        let revocations = table(&clock);
        revocations.apply(&revoked(1, 0));
        clock.set(Timestamp::from_secs(NOW + seconds));
        assert!(revocations.refuse(&token), "{name}");
        pass(&clock, KEPT_FOR - Duration::from_millis(1)).await;
        assert!(revocations.refuse(&token), "{name}");
        // Another revocation forgets only what has ended.
        revocations.apply(&revoked(3, 0));
        assert!(revocations.refuse(&token), "{name}");
        pass(&clock, Duration::from_millis(1)).await;
        assert_eq!(revocations.refuse(&token), seconds < 0, "{name}: the time has not passed by this clock");
    }
    // The computer was suspended.
    let clock = clock();
    let revocations = table(&clock);
    revocations.apply(&revoked(1, 0));
    clock.advance(KEPT_FOR * 2);
    assert!(revocations.refuse(&token));
}

#[test]
fn the_memory_is_bounded_and_the_oldest_are_evicted() {
    let bounded = Revocations::with_max_entries(MINUTE, Arc::new(clock()), 100);
    let refuses = |number: usize| bounded.refuse(&claims("u", &format!("sess_{number}"), "", NOW));
    let session = |number: usize| Subject::Session(format!("sess_{number}"));
    let until = Timestamp::default();
    for number in 0..1000 {
        bounded.apply(&Revoked { subject: session(number), until });
        // Said again and again, it stays the newest.
        bounded.apply(&Revoked { subject: session(7), until });
    }
    assert_eq!(bounded.own.read().entries.len(), 100);
    assert_eq!(bounded.own.read().by_age.len(), 100);
    let kept: Vec<_> = (0..1000).filter(|number| refuses(*number)).collect();
    assert_eq!(kept, [7].into_iter().chain(901..1000).collect::<Vec<_>>());
}

/// Whoever can write to a fleet's engine can invent revocations.
#[test]
fn what_others_tell_does_not_evict_what_this_process_did() {
    let bounded = Revocations::with_max_entries(MINUTE, Arc::new(clock()), 10);
    let session = |number: usize| Revoked {
        subject: Subject::Session(format!("sess_{number}")),
        until: Timestamp::default(),
    };
    let refuses = |number: usize| bounded.refuse(&claims("u", &format!("sess_{number}"), "", NOW));
    bounded.apply(&session(0));
    for number in 1..100 {
        assert!(bounded.hear(&session(number).write().unwrap()));
    }
    assert!(refuses(0) && !refuses(1) && refuses(99));
    // Nor does it become one of theirs.
    assert!(bounded.hear(&session(0).write().unwrap()));
    for number in 1..100 {
        assert!(bounded.hear(&session(number).write().unwrap()));
    }
    assert!(refuses(0));
}

#[test]
fn a_full_table_takes_as_much_memory_as_documented() {
    let revocations = table(&clock());
    for number in 0..MAX_ENTRIES + 10 {
        let subject = Subject::Session(format!("sess_{number}"));
        revocations.apply(&Revoked { subject, until: Timestamp::default() });
    }
    let read = revocations.own.read();
    assert_eq!((read.entries.len(), read.by_age.len()), (MAX_ENTRIES, MAX_ENTRIES));
    // A hash table at a quarter of its capacity after deletions, and a tree whose nodes are half full, at the worst.
    let bytes = read.entries.capacity() * (size_of::<(u64, Entry)>() + 1)
        + read.by_age.len() * 2 * size_of::<(u64, (u64, Moment))>();
    assert!(bytes < 20_000_000, "{bytes}");
}

#[test]
fn clients_do_not_share_revocations_and_their_hashes_differ() {
    let (one, two) = (table(&clock()), table(&clock()));
    one.apply(&revoked(0, 0));
    let token = claims("user_1", "sess_1", "", NOW);
    assert!(one.refuse(&token) && !two.refuse(&token));
    let subject = revoked(0, 0).subject;
    assert_ne!(one.own.key(&subject), two.own.key(&subject));
}

/// Threads that are told of a revocation by nothing but the return of `apply`.
#[test]
fn no_token_is_accepted_after_its_revocation_was_applied() {
    const COUNT: usize = 2000;
    let revocations = table(&clock());
    let applied = AtomicUsize::new(0);
    let tokens: Vec<_> = (0..COUNT).map(|number| claims("u", &format!("sess_{number}"), "", NOW)).collect();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let done = applied.load(Ordering::Acquire);
                    for token in tokens.iter().take(done).rev().take(20) {
                        assert!(revocations.refuse(token));
                    }
                    if done == COUNT {
                        break;
                    }
                    thread::yield_now();
                }
            });
        }
        for number in 0..COUNT {
            let subject = Subject::Session(format!("sess_{number}"));
            revocations.apply(&Revoked { subject, until: Timestamp::default() });
            applied.store(number + 1, Ordering::Release);
        }
    });
}

/// One step of a random schedule.
#[derive(Clone, Debug)]
enum Act {
    Apply { kind: u8, who: u8, until: i64 },
    Pass(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0..4_u8, 0..3_u8, -5..5_i64).prop_map(|(kind, who, until)| Act::Apply { kind, who, until }),
        2 => (0..120_u64).prop_map(Act::Pass),
    ]
}

proptest! {
    /// The model: everything that was said within the time, one by one.
    #[test]
    fn the_table_refuses_what_the_model_refuses(acts in proptest::collection::vec(act(), 0..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let clock = clock();
            let revocations = table(&clock);
            let mut model: Vec<(Subject, i64, i64)> = Vec::new();
            let mut now = NOW;
            let name = |what: &str, who: u8| format!("{what}_{who}");
            for act in acts {
                match act {
                    Act::Apply { kind, who, until } => {
                        let subject = subject(kind, &name("user", who), &name("sess", who), &name("org", who));
                        let until = now + until;
                        revocations.apply(&Revoked { subject: subject.clone(), until: Timestamp::from_secs(until) });
                        // What is said again counts from then on, up to the latest time.
                        let still = |said: i64| now - said < 180;
                        let before = model.iter().filter(|(one, _, said)| *one == subject && still(*said));
                        let until = before.map(|(_, until, _)| *until).max().unwrap_or(i64::MIN).max(until);
                        model.push((subject, until, now));
                    }
                    Act::Pass(seconds) => {
                        now += i64::try_from(seconds).unwrap();
                        pass(&clock, Duration::from_secs(seconds)).await;
                    }
                }
                for who in 0..3 {
                    for issued in [now - 6, now - 1, now, now + 5] {
                        let (user, session, organization) = (name("user", who), name("sess", who), name("org", who));
                        let token = claims(&user, &session, &organization, issued);
                        let matching = [0, 1, 2, 3].map(|kind| subject(kind, &user, &session, &organization));
                        let expected = model.iter().any(|(subject, until, said)| {
                            let is_session = matches!(subject, Subject::Session(_));
                            now - said < 180 && matching.contains(subject) && (is_session || issued <= *until)
                        });
                        assert_eq!(revocations.refuse(&token), expected);
                    }
                }
            }
        });
    }
}

#[test]
fn what_processes_tell_each_other_is_read_as_it_is_written() {
    for (kind, text) in [
        (0, r#"{"session":"sess_1","until":1700000000500}"#),
        (1, r#"{"user":"user_1","until":1700000000500}"#),
        (2, r#"{"membership":{"user":"user_1","organization":"org_1"},"until":1700000000500}"#),
        (3, r#"{"organization":"org_1","until":1700000000500}"#),
    ] {
        let said = revoked(kind, 500);
        assert_eq!(said.write().unwrap(), text);
        assert_eq!(Revoked::read(text), Some(said));
        // A later version may say more.
        let more = text.replacen('{', r#"{"why":"ban","#, 1);
        assert_eq!(Revoked::read(&more), Some(revoked(kind, 500)));
    }
}

#[test]
fn what_is_not_a_revocation_is_not_heard() {
    let longest = "x".repeat(MAX_ID);
    let revocations = table(&clock());
    for (text, is_read) in [
        (format!(r#"{{"session":"{longest}","until":1}}"#), true),
        (format!(r#"{{"session":"{longest}x","until":1}}"#), false),
        (format!(r#"{{"user":"u","until":1,"x":"{}"}}"#, "x".repeat(MAX_TEXT)), false),
        (r#"{"session":"","until":1}"#.to_owned(), false),
        (r#"{"session":"a b","until":1}"#.to_owned(), false),
        (r#"{"session":"a\"b","until":1}"#.to_owned(), false),
        ("{\"session\":\"a\u{0}\",\"until\":1}".to_owned(), false),
        (r#"{"session":"sess_1"}"#.to_owned(), false),
        (r#"{"session":1,"until":1}"#.to_owned(), false),
        (r#"{"user":"u","until":"soon"}"#.to_owned(), false),
        (r#"{"everybody":true,"until":1}"#.to_owned(), false),
        (r#"{"membership":{"user":"u"},"until":1}"#.to_owned(), false),
        ("[".repeat(1000), false),
        ("null".to_owned(), false),
        (String::new(), false),
    ] {
        assert_eq!(revocations.hear(&text), is_read, "{text}");
    }
    assert_eq!(revocations.heard.count.load(Ordering::SeqCst), 1);
}

#[test]
fn what_others_would_not_read_is_not_told() {
    let session =
        |id: String| Revoked { subject: Subject::Session(id), until: Timestamp::from_millis(i64::MIN) };
    for (id, is_told) in
        [("x".repeat(MAX_ID), true), ("x".repeat(MAX_ID + 1), false), ("\"".to_owned(), false)]
    {
        let text = session(id.clone()).write();
        assert_eq!(text.is_some(), is_told, "{id}");
        assert!(text.is_none_or(|text| Revoked::read(&text) == Some(session(id))));
    }
    let (user, organization) = ("x".repeat(MAX_ID), "y".repeat(MAX_ID));
    let longest = Revoked {
        subject: Subject::Membership { user, organization },
        until: Timestamp::from_millis(i64::MIN),
    };
    assert_eq!(Revoked::read(&longest.write().unwrap()), Some(longest));
}

proptest! {
    #[test]
    fn hostile_texts_do_not_panic(text in "\\PC{0,80}|\\{\"(user|session|membership)\":[\\[\\]{}\",a-z0-9:]{0,30}\\}") {
        table(&clock()).hear(&text);
    }
}

fn info(id: &str) -> &'static OperationInfo {
    OPERATIONS.iter().find(|info| info.id == id).unwrap()
}

#[test]
fn which_writes_revoke_what() {
    let user = |id: &str| Subject::User(id.to_owned());
    let membership = Subject::Membership { user: "user_1".to_owned(), organization: "org_1".to_owned() };
    for (id, path, body, expected) in [
        ("RevokeSession", "/sessions/sess_1/revoke", json!({}), vec![Subject::Session("sess_1".to_owned())]),
        ("DeleteUser", "/users/user_1", Value::Null, vec![user("user_1")]),
        ("BanUser", "/users/user_1/ban", json!({}), vec![user("user_1")]),
        ("LockUser", "/users/user_1/lock", json!({}), vec![user("user_1")]),
        (
            "UsersBan",
            "/users/ban",
            json!({"user_ids": ["user_1", 5, "user_2"]}),
            vec![user("user_1"), user("user_2")],
        ),
        ("UsersBan", "/users/ban", json!({"user_ids": "user_1"}), vec![]),
        ("UsersBan", "/users/ban", Value::Null, vec![]),
        ("UpdateUser", "/users/user_1", json!({"sign_out_of_other_sessions": true}), vec![user("user_1")]),
        ("UpdateUser", "/users/user_1", json!({"sign_out_of_other_sessions": false}), vec![]),
        ("UpdateUser", "/users/user_1", json!({"password": "x"}), vec![]),
        (
            "RemoveUserPassword",
            "/users/user_1/remove_password",
            json!({"sign_out_of_other_sessions": true}),
            vec![user("user_1")],
        ),
        (
            "SetUserPasswordCompromised",
            "/users/user_1/password/set_compromised",
            json!({"revoke_all_sessions": true}),
            vec![user("user_1")],
        ),
        ("SetUserPasswordCompromised", "/users/user_1/password/set_compromised", json!({}), vec![]),
        (
            "DeleteOrganization",
            "/organizations/org_1",
            Value::Null,
            vec![Subject::Organization("org_1".to_owned())],
        ),
        (
            "DeleteOrganizationMembership",
            "/organizations/org_1/memberships/user_1",
            Value::Null,
            vec![membership],
        ),
        ("UnbanUser", "/users/user_1/unban", json!({}), vec![]),
        ("GetUser", "/users/user_1", Value::Null, vec![]),
    ] {
        assert_eq!(rules::by_write(info(id), path, body.to_string().as_bytes()), expected, "{id} {body}");
    }
}

/// A write that a later version of Clerk's document adds is noticed here: decide whether it ends sessions.
#[test]
fn it_was_decided_for_each_write_about_users_and_sessions_whether_it_ends_sessions() {
    const ENDS_NONE: &[&str] = &[
        // Creates, renews, or changes what a token shows from its next renewal on.
        "CreateUser",
        "UpdateUserMetadata",
        "ReplaceUserMetadata",
        "SetUserProfileImage",
        "DeleteUserProfileImage",
        "AdjustUserBillingCreditBalance",
        "UnbanUser",
        "UsersUnban",
        "UnlockUser",
        "UnsetUserPasswordCompromised",
        "ReplaceUserEmailAddress",
        "ReplaceUserPhoneNumber",
        "createSession",
        "RefreshSession",
        "CreateSessionToken",
        "CreateSessionTokenFromTemplate",
        "CreateOrganization",
        "UpdateOrganization",
        "MergeOrganizationMetadata",
        "ReplaceOrganizationMetadata",
        "UploadOrganizationLogo",
        "DeleteOrganizationLogo",
        "AdjustOrganizationBillingCreditBalance",
        "CreateOrganizationMembership",
        "UpdateOrganizationMembership",
        "UpdateOrganizationMembershipMetadata",
        "CreateOrganizationDomain",
        "UpdateOrganizationDomain",
        "DeleteOrganizationDomain",
        "VerifyOrganizationDomainOwnership",
        "CreateOrganizationInvitation",
        "CreateOrganizationInvitationBulk",
        "RevokeOrganizationInvitation",
        // Checks something.
        "VerifyPassword",
        "VerifyTOTP",
        "VerifyClient",
        // A credential for the next sign-in.
        "DisableMFA",
        "DeleteBackupCode",
        "DeleteTOTP",
        "UserPasskeyDelete",
        "UserWeb3WalletDelete",
        "DeleteExternalAccount",
        "RevokeUserTrustedDevice",
        "CreateSignInToken",
        "RevokeSignInToken",
        "CreateActorToken",
        "RevokeActorToken",
        "CreateAgentTask",
        "RevokeAgentTask",
    ];
    const SECTIONS: &[&str] = &[
        "users",
        "sessions",
        "clients",
        "organizations",
        "organization_memberships",
        "sign_in_tokens",
        "actor_tokens",
        "agents",
    ];
    let everything = json!({
        "user_ids": ["user_1"], "sign_out_of_other_sessions": true, "revoke_all_sessions": true,
    });
    for info in OPERATIONS.iter().filter(|info| !info.method.is_safe()) {
        if !info.path.split('/').nth(1).is_some_and(|section| SECTIONS.contains(&section)) {
            continue;
        }
        let ends = !rules::by_write(info, info.path, everything.to_string().as_bytes()).is_empty();
        assert_ne!(ends, ENDS_NONE.contains(&info.id), "{} {} {}", info.id, info.method, info.path);
    }
    for id in ENDS_NONE {
        info(id);
    }
}

#[test]
fn an_own_write_is_dated_by_clerks_response_if_that_is_plausible() {
    // `NOW` is Tue, 14 Nov 2023 22:13:20 GMT.
    for (date, expected) in [
        (Some("Tue, 14 Nov 2023 22:13:20 GMT"), 1),
        (Some("Tue, 14 Nov 2023 22:13:17 GMT"), -2),
        (Some("Tue, 14 Nov 2023 22:14:19 GMT"), 60),
        // Further away than clocks may be, or no date at all.
        (Some("Tue, 14 Nov 2023 22:14:20 GMT"), 5),
        (Some("Tue, 14 Nov 2023 22:12:18 GMT"), 5),
        (Some("Thu, 01 Jan 1970 00:00:00 GMT"), 5),
        (Some("now"), 5),
        (None, 5),
    ] {
        let clock: Arc<dyn Clock> = Arc::new(clock());
        let uri = Uri::from_static("/users/user_1/ban");
        let found = std::cell::RefCell::new(Vec::new());
        let ending = Ending::of(info("BanUser"), &uri, b"", &clock, || {
            |it: &Revoked| found.borrow_mut().push(it.clone())
        });
        let headers = date.map(|date| (DATE, date.parse().unwrap())).into_iter().collect();
        ending.unwrap().ended(Ok(&headers));
        assert_eq!(found.take(), [revoked(1, expected * 1000)], "{date:?}");
    }
}

fn delivered(event: &Value) -> Option<Revoked> {
    let verifier = Verifier::new("whsec_c2VjcmV0".parse().unwrap());
    let (body, now) = (event.to_string(), Timestamp::from_secs(NOW));
    let headers: HeaderMap = verifier.sign("msg_1", now, body.as_bytes());
    Revoked::by_delivery(&verifier.verify(&headers, body.as_bytes(), now).unwrap(), now)
}

#[test]
fn which_events_revoke_what() {
    let session = json!({"id": "sess_1", "user_id": "user_1", "client_id": "client_1", "status": "ended"});
    let membership = json!({
        "id": "orgmem_1", "organization": {"id": "org_1", "name": "Acme", "slug": "acme"},
        "public_user_data": {"user_id": "user_1"}, "role": "org:member",
    });
    let user = |banned: bool, locked: bool| json!({"id": "user_1", "banned": banned, "locked": locked});
    // Each of the four kinds, by its number; `None` if nothing is revoked.
    for (kind, data, expected) in [
        ("session.ended", session.clone(), Some(0)),
        ("session.removed", session.clone(), Some(0)),
        ("session.revoked", session.clone(), Some(0)),
        ("session.created", session.clone(), None),
        ("session.pending", session, None),
        ("user.updated", user(true, false), Some(1)),
        ("user.updated", user(false, true), Some(1)),
        ("user.updated", user(false, false), None),
        ("user.created", user(true, false), None),
        ("user.deleted", json!({"id": "user_1", "deleted": true}), Some(1)),
        ("organizationMembership.deleted", membership.clone(), Some(2)),
        ("organizationMembership.updated", membership, None),
        ("organization.deleted", json!({"id": "org_1", "deleted": true}), Some(3)),
        ("organization.updated", json!({"id": "org_1", "name": "Acme", "slug": "acme"}), None),
        ("email.created", json!({"id": "ema_1", "user_id": "user_1"}), None),
        ("user.hibernated", json!({"id": "user_1"}), None),
        // What cannot be read as a model still says whom it is about.
        ("session.ended", json!({"id": "sess_1", "user_id": 5, "status": 5}), Some(0)),
        ("session.ended", json!({"user_id": "user_1"}), Some(1)),
        ("user.updated", json!({"id": "user_1", "banned": true, "email_addresses": 5}), Some(1)),
        (
            "organizationMembership.deleted",
            json!({"organization": {"id": "org_1"}, "public_user_data": {"user_id": "user_1"}}),
            Some(2),
        ),
        // Nothing to go by.
        ("session.ended", json!({}), None),
        ("user.deleted", json!({"deleted": true}), None),
        ("organizationMembership.deleted", json!({"organization": {"id": "org_1"}}), None),
    ] {
        for (timestamp, millis) in [(json!(NOW * 1000 + 250), 250), (Value::Null, 5000), (json!("x"), 5000)] {
            let event = json!({"type": kind, "data": data, "timestamp": timestamp});
            assert_eq!(delivered(&event), expected.map(|kind| revoked(kind, millis)), "{event}");
        }
    }
}
