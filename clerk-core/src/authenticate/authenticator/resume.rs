//! Resuming a suspended decision.

use std::mem;

use super::{Authenticator, Step};
use crate::{
    Timestamp,
    authenticate::{
        need::{
            CallFailure, KeyFailure, KeyNeeded, Learned, Need, PendingCall, PendingOperation, Suspended,
            Verification,
        },
        outcome::MachineFacts,
    },
    token::KeySet,
};

impl Need {
    /// Resumes the decision as if Clerk had not responded.
    ///
    /// For deadlines, and for needs that the caller does not know. The outcome is usually
    /// [undecided](crate::authenticate::Outcome::is_undecided).
    pub fn abandon(self, now: Timestamp) -> Step {
        match self {
            Self::Key(key) => key.resume(Err(KeyFailure::Unreachable), now),
            Self::Handshake(call) => call.resume(Err(CallFailure::Unreachable), now),
            Self::Refresh(call) => call.resume(Err(CallFailure::Unreachable), now),
            Self::ApiKey(call) => call.resume(Err(CallFailure::Unreachable), now),
            Self::M2m(call) => call.resume(Err(CallFailure::Unreachable), now),
            Self::OAuth(call) => call.resume(Err(CallFailure::Unreachable), now),
        }
    }
}

impl KeyNeeded {
    /// Resumes the decision with the instance's current keys, or with the reason why they cannot be loaded.
    ///
    /// If the key is not among them, the token is rejected with `jwk-kid-mismatch`, and if it does not match the signature,
    /// with `token-invalid-signature`.
    pub fn resume(mut self, keys: Result<&KeySet, KeyFailure>, now: Timestamp) -> Step {
        self.suspended.learned.keys = Some(keys.cloned());
        self.suspended.learned.kids.push(self.kid);
        resume(*self.suspended, now)
    }

    /// Resumes the decision with keys that may be outdated, because the current ones cannot be loaded.
    ///
    /// If they lack the token's key, or its signature does not match, the request is undecided. Every other rule applies as
    /// usual.
    pub fn resume_old(mut self, keys: &KeySet, failure: KeyFailure, now: Timestamp) -> Step {
        self.suspended.keys = keys.clone();
        self.resume(Err(failure), now)
    }
}

impl<O: PendingOperation> PendingCall<O> {
    /// Resumes the decision with the result of the operation.
    pub fn resume(mut self, result: Result<O::Output, CallFailure>, now: Timestamp) -> Step {
        O::record(result, &mut self.suspended.learned);
        resume(*self.suspended, now)
    }
}

impl<O: Verification> PendingCall<O> {
    /// Resumes the decision with the result of a verification of the same token for another request, which was cached, or
    /// is shared: what [`Verification::facts`] returned, or the reason why there is none.
    ///
    /// The caller determines how long results are cached. After [`MachineFacts::expiration`], and for a result of another
    /// kind of token, the token is rejected.
    pub fn resume_known(mut self, known: Result<Option<MachineFacts>, CallFailure>, now: Timestamp) -> Step {
        // Checked here again, so that a mistake in a cache cannot accept an expired token or one of another kind.
        let is_valid =
            |known: &MachineFacts| known.kind() == O::KIND && known.expiration().is_none_or(|end| now < end);
        self.suspended.learned.machine = Some(known.map(|known| known.filter(is_valid)));
        resume(*self.suspended, now)
    }
}

fn resume(mut suspended: Suspended, now: Timestamp) -> Step {
    let authenticator = Authenticator(suspended.config.clone());
    let learned = mem::replace(&mut suspended.learned, Learned::NOTHING);
    authenticator.resume(&suspended.head(), &suspended.keys, learned, now)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http::Request;
    use serde_json::json;

    use super::*;
    use crate::{
        api::api_keys,
        authenticate::{
            config::{AcceptedKinds, AuthenticateOptions},
            outcome::Outcome,
            request::RequestHead,
        },
        model::ApiKey,
        token::testing::now,
    };

    fn ask(token: &str) -> Need {
        let options = AuthenticateOptions::new()
            .publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse().unwrap())
            .accepted_kinds(AcceptedKinds::any());
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

    fn api_key(token: &str) -> PendingCall<api_keys::Verify> {
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

    fn machine(expiration: Option<Timestamp>) -> MachineFacts {
        let key: ApiKey = serde_json::from_value(json!({
            "id": "ak_1", "subject": "user_1", "revoked": false, "expired": false,
            "expiration": expiration.map(Timestamp::as_millis),
        }))
        .unwrap();
        let Step::Done(outcome) = api_key("ak_secret").resume(Ok(key), now()) else { panic!() };
        outcome.machine().unwrap().facts().clone()
    }

    fn done(step: Step) -> Outcome {
        match step {
            Step::Done(outcome) => outcome,
            Step::Need(need) => panic!("{need:?}"),
        }
    }

    #[test]
    fn digests_differ_between_tokens() {
        let tokens = ["ak_0", "ak_1", "ak_01", "mt_0", "mt_1", "oat_0", "ak_0a", "ak_0A"];
        let digests: HashSet<_> = tokens.iter().map(|token| digest_of(token)).collect();
        assert_eq!(digests.len(), tokens.len());
        assert_eq!(digest_of("ak_0"), digest_of("ak_0"));
    }

    #[test]
    fn a_cached_result_signs_in() {
        let outcome = done(api_key("ak_other").resume_known(Ok(Some(machine(None))), now()));
        let known = outcome.machine().unwrap();
        assert_eq!((known.subject(), known.expose_token()), ("user_1", "ak_other"));
    }

    #[test]
    fn cached_results_of_other_kinds_or_expired_tokens_are_rejected() {
        let Need::M2m(call) = ask("mt_secret") else { panic!() };
        let outcome = done(call.resume_known(Ok(Some(machine(None))), now()));
        assert!(outcome.machine().is_none() && !outcome.is_undecided());
        for (seconds, is_good) in [(1, true), (0, false), (-1, false)] {
            let end = Timestamp::from_millis(now().as_millis() + seconds * 1000);
            let outcome = done(api_key("ak_secret").resume_known(Ok(Some(machine(Some(end)))), now()));
            assert_eq!(outcome.machine().is_some(), is_good, "{seconds}");
        }
    }
}
