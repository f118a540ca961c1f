//! The header and the payload of a token, each parsed in one pass.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess},
};

use super::{
    json::{Claim, Member, fill},
    key::Algorithm,
    kind::Category,
    scopes::well_formed,
    session::Actor,
};
use crate::{
    Timestamp,
    id::{OrganizationId, SessionId, UserId},
};

/// The members of the JOSE header (RFC 7515, section 4) that Clerk uses.
///
/// `jwk`, `jku`, `x5c` and `x5u` are ignored on purpose: a token must not bring the key that verifies it (RFC 8725,
/// section 3.10).
#[derive(Default)]
pub(crate) struct Header {
    pub(crate) alg: Member<Algorithm>,
    pub(crate) kid: Member<Box<str>>,
    pub(crate) typ: Member<Type>,
    pub(crate) cat: Member<Category>,
}

/// The claims that this crate uses. All others are only in the payload's JSON.
#[derive(Default)]
pub(crate) struct Payload {
    pub(crate) iss: Member<Loose>,
    pub(crate) sub: Member<UserId>,
    pub(crate) aud: Member<Audience>,
    pub(crate) azp: Member<Box<str>>,
    pub(crate) exp: Member<Timestamp>,
    pub(crate) nbf: Member<Timestamp>,
    pub(crate) iat: Member<Timestamp>,
    pub(crate) sid: Member<SessionId>,
    pub(crate) sts: Member<Box<str>>,
    pub(crate) act: Member<Actor>,
    pub(crate) fva: Member<Ages>,
    pub(crate) v: Member<Version>,
    pub(crate) fea: Member<Items>,
    pub(crate) pla: Member<Items>,
    pub(crate) o: Member<OrganizationClaims>,
    pub(crate) org_id: Member<OrganizationId>,
    pub(crate) org_slug: Member<Box<str>>,
    pub(crate) org_role: Member<Box<str>>,
    pub(crate) org_permissions: Member<Vec<Box<str>>>,
}

/// The claim `o` of version 2: the active organization.
#[derive(Default)]
pub(crate) struct OrganizationClaims {
    pub(crate) id: Member<OrganizationId>,
    pub(crate) slg: Member<Box<str>>,
    pub(crate) rol: Member<Role>,
    pub(crate) per: Member<Box<str>>,
    pub(crate) fpm: Member<Box<str>>,
}

/// The claim `act` if it is an object: the actor of an impersonation.
#[derive(Default)]
struct ActorClaims {
    sub: Member<UserId>,
    iss: Member<Box<str>>,
    sid: Member<SessionId>,
    kind: Member<Box<str>>,
}

/// The names of an object's other members, collected to reject duplicates.
///
/// The application may read a custom claim with another parser, which takes the other value: see [`fill`].
struct Names<'de>(Vec<Cow<'de, str>>);

impl<'de> Names<'de> {
    const fn new() -> Self {
        Self(Vec::new())
    }

    fn skip<A: MapAccess<'de>>(&mut self, name: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        self.0.push(name);
        map.next_value::<IgnoredAny>().map(drop)
    }

    fn finish<E: de::Error>(mut self) -> Result<(), E> {
        // Sorted, since comparing all pairs would be quadratic in a number that the sender chooses.
        self.0.sort_unstable();
        let twice = self.0.iter().zip(self.0.iter().skip(1)).any(|(a, b)| a == b);
        if twice { Err(E::custom("a name occurs twice")) } else { Ok(()) }
    }
}

/// The name of a member, borrowed unless it contains escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> de::Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

/// Reads an object into its known members.
macro_rules! read_object {
    ($map:ident, $($name:literal => $member:ident,)*) => {{
        let mut object = Self::default();
        let mut others = Names::new();
        while let Some(Name(name)) = $map.next_key()? {
            match &*name {
                $($name => fill(&mut object.$member, &mut $map)?,)*
                _ => others.skip(name, &mut $map)?,
            }
        }
        others.finish()?;
        Ok(Some(object))
    }};
}

impl<'de> Claim<'de> for Header {
    fn from_object<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        read_object!(map, "alg" => alg, "kid" => kid, "typ" => typ, "cat" => cat,)
    }
}

impl<'de> Claim<'de> for Payload {
    fn from_object<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        read_object!(
            map,
            "iss" => iss,
            "sub" => sub,
            "aud" => aud,
            "azp" => azp,
            "exp" => exp,
            "nbf" => nbf,
            "iat" => iat,
            "sid" => sid,
            "sts" => sts,
            "act" => act,
            "fva" => fva,
            "v" => v,
            "fea" => fea,
            "pla" => pla,
            "o" => o,
            "org_id" => org_id,
            "org_slug" => org_slug,
            "org_role" => org_role,
            "org_permissions" => org_permissions,
        )
    }
}

impl<'de> Claim<'de> for OrganizationClaims {
    fn from_object<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        read_object!(map, "id" => id, "slg" => slg, "rol" => rol, "per" => per, "fpm" => fpm,)
    }
}

impl<'de> Claim<'de> for ActorClaims {
    fn from_object<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        read_object!(map, "sub" => sub, "iss" => iss, "sid" => sid, "type" => kind,)
    }
}

/// A malformed claim is an actor without a name and not a missing one: an impersonated session must never look like the
/// user's own.
impl<'de> Claim<'de> for Actor {
    fn from_text(_: &str) -> Option<Self> {
        Some(Self::default())
    }

    fn from_integer(_: i64) -> Option<Self> {
        Some(Self::default())
    }

    fn from_float(_: f64) -> Option<Self> {
        Some(Self::default())
    }

    fn from_bool(_: bool) -> Option<Self> {
        Some(Self::default())
    }

    fn from_list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some(Self::default()))
    }

    fn from_object<A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(ActorClaims::from_object(map)?.map(|claims| Self {
            user_id: claims.sub.non_empty().cloned(),
            issuer: claims.iss.non_empty().cloned(),
            session_id: claims.sid.non_empty().cloned(),
            kind: claims.kind.non_empty().cloned(),
        }))
    }
}

/// The header `typ`. The values that Clerk uses are not allocated.
pub(crate) enum Type {
    Jwt,
    AccessToken,
    Other(Box<str>),
}

impl Type {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Jwt => "JWT",
            Self::AccessToken => "at+jwt",
            Self::Other(text) => text,
        }
    }

    /// Whether this is the type of an OAuth access token (RFC 9068, section 2.1).
    pub(crate) fn is_access_token(&self) -> bool {
        matches!(self.as_str(), "at+jwt" | "application/at+jwt")
    }
}

impl Claim<'_> for Type {
    fn from_text(text: &str) -> Option<Self> {
        Some(match text {
            "JWT" => Self::Jwt,
            "at+jwt" => Self::AccessToken,
            other => Self::Other(other.into()),
        })
    }
}

/// An unknown algorithm counts as malformed, since both are rejected for the same reason.
impl Claim<'_> for Algorithm {
    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Claim<'_> for Category {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self::parse(text))
    }
}

impl Claim<'_> for UserId {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl Claim<'_> for SessionId {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl Claim<'_> for OrganizationId {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

/// A role of version 2, which is written without the prefix `org:`.
pub(crate) struct Role(Box<str>);

impl AsRef<str> for Role {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Claim<'_> for Role {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self(if text.is_empty() { "".into() } else { ["org:", text].concat().into() }))
    }
}

/// The claims `fea` and `pla`: see [`scopes`](super::scopes). Whether they are well-formed is checked once for each token.
pub(crate) struct Items(Box<str>);

impl AsRef<str> for Items {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Claim<'_> for Items {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self(well_formed(text).into()))
    }
}

/// The claim `iss`.
///
/// Clerk's SDK chooses between cookies by JavaScript's rules, where an empty string, zero and `false` count as missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Issuer<'a> {
    Missing,
    Text(&'a str),
    /// Neither missing nor a string.
    Malformed,
}

/// A member of any type. Distinguishes only values that JavaScript treats as false, and strings.
pub(crate) enum Loose {
    Falsy,
    Text(Box<str>),
}

impl Claim<'_> for Loose {
    const NUMBERS: bool = true;

    fn from_text(text: &str) -> Option<Self> {
        Some(if text.is_empty() { Self::Falsy } else { Self::Text(text.into()) })
    }

    fn from_integer(number: i64) -> Option<Self> {
        (number == 0).then_some(Self::Falsy)
    }

    fn from_float(number: f64) -> Option<Self> {
        (number == 0.0).then_some(Self::Falsy)
    }

    fn from_bool(value: bool) -> Option<Self> {
        (!value).then_some(Self::Falsy)
    }
}

impl Payload {
    /// Reads the times as seconds or milliseconds: see [`Timestamp::from_secs_or_millis`].
    ///
    /// For OAuth access tokens only, in whose case Clerk's SDKs have had both. An expiry in milliseconds that was read as
    /// seconds would never be reached.
    pub(super) fn read_times_by_size(&mut self) {
        for time in [&mut self.exp, &mut self.nbf, &mut self.iat] {
            time.change(|time| *time = Timestamp::from_secs_or_millis(time.as_secs()));
        }
    }

    pub(super) fn issuer(&self) -> Issuer<'_> {
        match &self.iss {
            Member::Absent | Member::Null | Member::Valid(Loose::Falsy) => Issuer::Missing,
            Member::Valid(Loose::Text(text)) => Issuer::Text(text),
            Member::Malformed => Issuer::Malformed,
        }
    }
}

/// The claim `aud`: a string or an array of strings (RFC 7519, section 4.1.3), without the empty ones.
pub(crate) struct Audience(pub(crate) Vec<Box<str>>);

impl<'de> Claim<'de> for Audience {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self(if text.is_empty() { Vec::new() } else { vec![text.into()] }))
    }

    fn from_list<A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        let mut texts = Vec::<Box<str>>::from_list(list)?;
        if let Some(texts) = &mut texts {
            texts.retain(|text| !text.is_empty());
        }
        Ok(texts.map(Self))
    }
}

/// The claim `v` if it is a number.
pub(crate) struct Version(pub(crate) f64);

impl Claim<'_> for Version {
    const NUMBERS: bool = true;

    fn from_integer(number: i64) -> Option<Self> {
        Some(Self(f64::from(i32::try_from(number).unwrap_or(i32::MAX))))
    }

    fn from_float(number: f64) -> Option<Self> {
        Some(Self(number))
    }
}

/// The claim `fva`: exactly two ages in minutes, each of them `-1` or not negative.
#[derive(Clone, Copy)]
pub(crate) struct Ages(pub(crate) [f64; 2]);

struct Age(f64);

impl Claim<'_> for Age {
    const NUMBERS: bool = true;

    fn from_integer(number: i64) -> Option<Self> {
        // The range of i32 is thousands of years, so it does not matter which age beyond it is meant.
        Self::from_float(f64::from(i32::try_from(number).unwrap_or(if number < 0 {
            i32::MIN
        } else {
            i32::MAX
        })))
    }

    #[allow(clippy::float_cmp, reason = "-1 is exact, and means that the user does not have the factor")]
    fn from_float(number: f64) -> Option<Self> {
        (number.is_finite() && (number >= 0.0 || number == -1.0)).then_some(Self(number))
    }
}

impl<'de> Claim<'de> for Ages {
    fn from_list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let first = list.next_element::<Member<Age>>()?;
        let second = list.next_element::<Member<Age>>()?;
        let mut more = false;
        while list.next_element::<IgnoredAny>()?.is_some() {
            more = true;
        }
        Ok(match (first, second) {
            (Some(Member::Valid(Age(first))), Some(Member::Valid(Age(second)))) if !more => {
                Some(Self([first, second]))
            }
            _ => None,
        })
    }
}
