//! Opaque machine tokens that Clerk was asked about a moment ago.

use aws_lc_rs::digest;

use super::{
    Answer, Call, Machine, Step,
    authorization::{self, Authorization},
};
use crate::{
    Timestamp,
    api::{api_keys, m2m, oauth_access_tokens},
    token::TokenKind,
};

/// An operation that says what an opaque token is good for. What it said may be remembered for a moment.
pub trait Verification: Answer {
    /// The kind of token that it is asked about.
    const KIND: TokenKind;
}

impl Verification for api_keys::Verify {
    const KIND: TokenKind = TokenKind::ApiKey;
}

impl Verification for m2m::VerifyToken {
    const KIND: TokenKind = TokenKind::M2m;
}

impl Verification for oauth_access_tokens::Verify {
    const KIND: TokenKind = TokenKind::OAuth;
}

impl<O: Verification> Call<O> {
    /// SHA-256 of the token that is asked about and of its kind, to find what Clerk said about it before.
    ///
    /// Clerk's tokens are long and random: the digest does not give them away. What is found by it counts for one
    /// instance and one key alone.
    #[must_use]
    pub fn token_digest(&self) -> Option<[u8; 32]> {
        let Authorization::Token(token) = authorization::token(&self.suspended.headers) else { return None };
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(O::KIND.as_str().as_bytes());
        context.update(&[0]);
        context.update(token.as_bytes());
        context.finish().as_ref().try_into().ok()
    }

    /// Goes on with what Clerk said about the same token before: [`MachineAuth::machine`](super::MachineAuth::machine)
    /// of that outcome. For how long that holds is up to the caller; after [`Machine::expiration`] it does not.
    /// A machine of another kind is no answer, and nobody is let in.
    pub fn resume_known(mut self, machine: Machine, now: Timestamp) -> Step {
        let is_it = machine.kind() == O::KIND && machine.expiration().is_none_or(|end| now < end);
        self.suspended.answers.machine = Some(Ok(is_it.then_some(machine)));
        self.suspended.go_on(now)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http::Request;
    use serde_json::json;

    use super::*;
    use crate::{
        authenticate::{Accepts, AuthenticateOptions, Authenticator, Need, Outcome, RequestHead},
        model::ApiKey,
        token::{KeySet, testing::now},
    };

    fn ask(token: &str) -> Need {
        let options = AuthenticateOptions::new()
            .publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse().unwrap())
            .accepts(Accepts::any());
        let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
        match Authenticator::new(options).unwrap().start(
            &RequestHead::from(&request),
            &KeySet::default(),
            now(),
        ) {
            Step::Need(need) => need,
            Step::Done(outcome) => panic!("{outcome:?}"),
        }
    }

    fn api_key(token: &str) -> Call<api_keys::Verify> {
        match ask(token) {
            Need::ApiKey(call) => call,
            other => panic!("{other:?}"),
        }
    }

    fn digest_of(token: &str) -> [u8; 32] {
        match ask(token) {
            Need::ApiKey(call) => call.token_digest(),
            Need::M2m(call) => call.token_digest(),
            Need::OAuth(call) => call.token_digest(),
            other => panic!("{other:?}"),
        }
        .unwrap()
    }

    fn machine(expiration: Option<Timestamp>) -> Machine {
        let key: ApiKey = serde_json::from_value(json!({
            "id": "ak_1", "subject": "user_1", "revoked": false, "expired": false,
            "expiration": expiration.map(Timestamp::as_millis),
        }))
        .unwrap();
        let Step::Done(outcome) = api_key("ak_secret").resume(Ok(key), now()) else { panic!() };
        outcome.machine().unwrap().machine().clone()
    }

    fn done(step: Step) -> Outcome {
        match step {
            Step::Done(outcome) => outcome,
            Step::Need(need) => panic!("{need:?}"),
        }
    }

    #[test]
    fn every_token_has_a_digest_of_its_own() {
        let tokens = ["ak_0", "ak_1", "ak_01", "mt_0", "mt_1", "oat_0", "ak_0a", "ak_0A"];
        let digests: HashSet<_> = tokens.iter().map(|token| digest_of(token)).collect();
        assert_eq!(digests.len(), tokens.len());
        assert_eq!(digest_of("ak_0"), digest_of("ak_0"));
    }

    #[test]
    fn what_was_said_before_is_as_good_as_an_answer() {
        let outcome = done(api_key("ak_other").resume_known(machine(None), now()));
        let known = outcome.machine().unwrap();
        assert_eq!((known.subject(), known.expose_token()), ("user_1", "ak_other"));
    }

    #[test]
    fn nobody_is_let_in_with_another_kind_or_after_the_end() {
        let Need::M2m(call) = ask("mt_secret") else { panic!() };
        let outcome = done(call.resume_known(machine(None), now()));
        assert!(outcome.machine().is_none() && !outcome.is_undecided());
        for (seconds, is_good) in [(1, true), (0, false), (-1, false)] {
            let end = Timestamp::from_millis(now().as_millis() + seconds * 1000);
            let outcome = done(api_key("ak_secret").resume_known(machine(Some(end)), now()));
            assert_eq!(outcome.machine().is_some(), is_good, "{seconds}");
        }
    }
}
