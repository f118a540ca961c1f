//! What a guard requires, and which rejection wins if several requirements are not met.

use std::{borrow::Cow, fmt, sync::Arc};

use clerk_core::token::{Check, SessionAuth, TokenKind};
use http::{Extensions, StatusCode, request::Parts};

use crate::{server::authenticate::Auth, server::rejection::Rejection};

#[derive(Debug)]
pub(super) enum Rule {
    SignedIn,
    /// A session that passes a check.
    Has(Check),
    /// A token of one of these kinds.
    Token(Box<[TokenKind]>),
    /// A machine token of this kind.
    Machine(TokenKind),
    /// A machine token with a scope.
    Scope(TokenKind, Cow<'static, str>),
    /// A session that the application's predicate accepts.
    Session(Own<Arc<SessionAuth>>),
    /// A request that the application's rule accepts, with or without a session.
    Request(Own<Parts>),
    And(Arc<Rule>, Arc<Rule>),
    Or(Arc<Rule>, Arc<Rule>),
}

type Decide<A> = dyn Fn(&A) -> Result<(), Rejection> + Send + Sync;

/// A rule that the application has written.
pub(super) struct Own<A>(Box<Decide<A>>);

impl<A> Own<A> {
    pub(super) fn new(rule: impl Fn(&A) -> Result<(), Rejection> + Send + Sync + 'static) -> Self {
        Self(Box::new(rule))
    }
}

impl<A> fmt::Debug for Own<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own").finish_non_exhaustive()
    }
}

impl Rule {
    /// Whether the application has written a rule about the head, so that a request has to be taken apart for it.
    pub(super) fn needs_head(&self) -> bool {
        match self {
            Self::Request(_) => true,
            Self::And(left, right) | Self::Or(left, right) => left.needs_head() || right.needs_head(),
            _ => false,
        }
    }

    /// Returns how the request is rejected, if it is. The head is there if the rule [needs](Self::needs_head) it.
    pub(super) fn check(&self, extensions: &Extensions, head: Option<&Parts>) -> Result<(), Rejection> {
        // Without the layer nothing is known about the request. That is a mistake in the program, so not a 401.
        let auth = || Auth::from_extensions(extensions).ok_or_else(Rejection::layer_missing);
        match self {
            Self::SignedIn => auth()?.require_session().map(drop),
            Self::Has(check) => auth()?.require_has(check).map(drop),
            Self::Token(kinds) => auth()?.require_token(kinds),
            Self::Machine(kind) => auth()?.require_machine(*kind).map(drop),
            Self::Scope(kind, scope) => {
                if auth()?.require_machine(*kind)?.has_scope(scope) {
                    Ok(())
                } else {
                    Err(Rejection::scope_missing([scope.clone()]))
                }
            }
            Self::Session(Own(rule)) => rule(auth()?.require_session()?),
            Self::Request(Own(rule)) => rule(head.ok_or_else(Rejection::internal)?),
            Self::And(left, right) => match (left.check(extensions, head), right.check(extensions, head)) {
                (Ok(()), right) => right,
                (left, Ok(())) => left,
                // A client asks once for all scopes that are missing.
                (Err(left), Err(right)) => Err(match left.joined_with(&right) {
                    Some(both) => both,
                    // Reverification would not help a user who also lacks something else: do not ask for it in vain.
                    None => more_severe(left, right, Proof::Last),
                }),
            },
            Self::Or(left, right) => match (left.check(extensions, head), right.check(extensions, head)) {
                (Ok(()), _) | (_, Ok(())) => Ok(()),
                // Reverification alone is enough to pass, and the user can do it at once.
                (Err(left), Err(right)) => Err(more_severe(left, right, Proof::First)),
            },
        }
    }
}

/// Where a missing reverification ranks among the rejections with 403.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    First,
    Last,
}

/// The rejection that wins: the one with the lower rank, the left one on a tie.
fn more_severe(left: Rejection, right: Rejection, proof: Proof) -> Rejection {
    if rank(&right, proof) < rank(&left, proof) { right } else { left }
}

/// A mistake in the program comes first, then an undecided request, then a forbidden one, then one that is signed out.
///
/// 503 comes before 403 and 401: as long as one part is undecided, another attempt may succeed, and neither signing in
/// again nor giving up is right.
fn rank(rejection: &Rejection, proof: Proof) -> u8 {
    match (rejection.status(), rejection.asked_reverification(), proof) {
        (StatusCode::INTERNAL_SERVER_ERROR, ..) => 0,
        (StatusCode::SERVICE_UNAVAILABLE, ..) => 1,
        (StatusCode::FORBIDDEN, Some(_), Proof::First) => 2,
        (StatusCode::FORBIDDEN, None, _) => 3,
        (StatusCode::FORBIDDEN, Some(_), Proof::Last) => 4,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use clerk_core::token::Reverification;

    use super::*;

    #[test]
    fn the_more_severe_rejection_wins_and_the_left_one_on_a_tie() {
        let error = || Rejection::not_accepted(TokenKind::ApiKey);
        let unavailable = || Rejection::unavailable(None);
        let proof = || Rejection::reverification_missing(Reverification::STRICT);
        let (role, plan, unknown) =
            (Rejection::role_missing, Rejection::plan_missing, Rejection::user_deleted);
        for (one, other, proof, expected) in [
            (error(), unavailable(), Proof::First, error()),
            (error(), role(), Proof::Last, error()),
            (unavailable(), role(), Proof::First, unavailable()),
            (unavailable(), unknown(), Proof::Last, unavailable()),
            (role(), unknown(), Proof::First, role()),
            (proof(), unknown(), Proof::Last, proof()),
            (proof(), role(), Proof::First, proof()),
            (proof(), role(), Proof::Last, role()),
        ] {
            assert_eq!(more_severe(one.clone(), other.clone(), proof), expected);
            assert_eq!(more_severe(other, one, proof), expected);
        }
        assert_eq!(more_severe(role(), plan(), Proof::First), role());
        assert_eq!(more_severe(plan(), role(), Proof::Last), plan());
    }
}
