//! Permissions in a session token: a list in version 1, bitmaps in version 2.

use super::scopes::{Owner, items, trim};

/// The permissions of a member in the active organization.
#[derive(Clone, Copy)]
pub(super) enum Permissions<'a> {
    None,
    /// Version 1: a list of `org:<feature>:<permission>`.
    List(&'a [Box<str>]),
    /// Version 2: a bitmap for each of the organization's features. Its bits select permissions by their position in
    /// `names`.
    Bitmaps {
        features: &'a str,
        names: &'a str,
        masks: &'a str,
    },
}

impl Permissions<'_> {
    /// Whether `org:<rest>` is among them. `rest` does not start with `org:`.
    pub(super) fn contains(self, rest: &str) -> bool {
        match self {
            Self::None => false,
            Self::List(list) => list.iter().any(|one| one.strip_prefix("org:") == Some(rest)),
            Self::Bitmaps { features, names, masks } => {
                // Builds no strings, and reads no other feature's bitmap: guards call this on every request.
                with_masks(features, masks).any(|(feature, mask)| {
                    let asked = rest.strip_prefix(feature).and_then(|rest| rest.strip_prefix(':'));
                    asked.is_some_and(|asked| granted(names, mask).any(|name| name == asked))
                })
            }
        }
    }

    /// Returns all of them, as `org:<feature>:<permission>`.
    pub(super) fn to_vec(self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::List(list) => list.iter().map(|one| one.to_string()).collect(),
            Self::Bitmaps { features, names, masks } => {
                pairs(features, names, masks).map(|(feature, name)| format!("org:{feature}:{name}")).collect()
            }
        }
    }
}

/// Returns the feature and the permission of each bit that is set, by feature and then from the lowest bit.
///
/// Surplus bitmaps and bits are ignored: there is no feature or permission that they could grant.
fn pairs<'a>(features: &'a str, names: &'a str, masks: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let pairs = move |(feature, mask)| granted(names, mask).map(move |name| (feature, name));
    with_masks(features, masks).flat_map(pairs)
}

/// Returns the organization's features, each with its bitmap.
fn with_masks<'a>(features: &'a str, masks: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    items(features, Owner::Organization).zip(masks.split(','))
}

/// Returns the permissions that a bitmap selects.
fn granted<'a>(names: &'a str, mask: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let mask = Mask::parse(trim(mask));
    names.split(',').enumerate().filter(move |&(bit, _)| mask.has(bit)).map(|(_, name)| trim(name))
}

/// The bits of a whole number of any size.
///
/// Clerk's SDK reads bitmaps as `BigInt`, and an application may have more than 64 permissions.
enum Mask {
    Small(u64),
    Large(Vec<u32>),
}

/// Upper bound on the digits of a bitmap, about 3400 permissions. A longer one grants nothing.
///
/// Parsing is quadratic in the number of digits.
const MAX_DIGITS: usize = 1024;

impl Mask {
    /// Parses decimal digits. Any other string is zero, and grants nothing.
    fn parse(digits: &str) -> Self {
        if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Self::Small(0);
        }
        digits.parse().map_or_else(|_| Self::large(digits), Self::Small)
    }

    fn large(digits: &str) -> Self {
        // Limbs are little-endian. For each digit, the number is multiplied by ten and the digit is added.
        let mut limbs: Vec<u32> = Vec::with_capacity(digits.len() / 9 + 1);
        for digit in digits.bytes() {
            let mut carry = u64::from(digit.saturating_sub(b'0'));
            for limb in &mut limbs {
                let value = u64::from(*limb) * 10 + carry;
                *limb = u32::try_from(value & u64::from(u32::MAX)).unwrap_or_default();
                carry = value >> 32;
            }
            if carry != 0 {
                limbs.push(u32::try_from(carry).unwrap_or_default());
            }
        }
        Self::Large(limbs)
    }

    fn has(&self, bit: usize) -> bool {
        match self {
            Self::Small(mask) => bit < 64 && (mask >> bit) & 1 == 1,
            Self::Large(limbs) => limbs.get(bit / 32).is_some_and(|limb| (limb >> (bit % 32)) & 1 == 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(features: &str, names: &str, masks: &str) -> Vec<String> {
        Permissions::Bitmaps { features, names, masks }.to_vec()
    }

    fn bits(digits: &str) -> Vec<usize> {
        let mask = Mask::parse(digits);
        (0..4000).filter(|&bit| mask.has(bit)).collect()
    }

    #[test]
    fn bitmaps_skip_the_users_features() {
        assert_eq!(
            decoded("u:x,o:dashboard,uo:teams", "manage,read", "3,2"),
            ["org:dashboard:manage", "org:dashboard:read", "org:teams:read"]
        );
    }

    #[test]
    fn surplus_and_malformed_bitmaps_grant_nothing() {
        assert_eq!(decoded("o:a", "read", "1,1"), ["org:a:read"]);
        assert_eq!(decoded("o:a,o:b", "read", "1"), ["org:a:read"]);
        assert_eq!(decoded("o:a", "read", "255"), ["org:a:read"]);
        assert_eq!(decoded("o:a,o:b", "read", "x,1"), ["org:b:read"]);
        assert_eq!(decoded("o:a,o:b", " read , write ", " 2 , 1 "), ["org:a:write", "org:b:read"]);
        for (features, names, masks) in [
            ("o:a", "read", ""),
            ("o:a", "read", "-1"),
            ("o:a", "read", "+1"),
            ("o:a", "read", "1.0"),
            ("o:a", "read", "0x1"),
            ("o:a", "read", "٣"),
            ("a", "read", "1"),
            ("", "read", "1"),
        ] {
            assert!(decoded(features, names, masks).is_empty(), "{features:?} {names:?} {masks:?}");
        }
    }

    #[test]
    fn numbers_of_any_size_are_exact() {
        assert_eq!(bits("9007199254740993"), [0, 53]);
        assert_eq!(bits("18446744073709551615"), (0..64).collect::<Vec<_>>());
        assert_eq!(bits("18446744073709551616"), [64]);
        assert_eq!(bits("0000000000000000000000000000000000005"), [0, 2]);
        // 2^200 + 2^100 + 1
        assert_eq!(bits("1606938044258990275541962092342430253122431223184289538506753"), [0, 100, 200]);
        assert!(bits(&"9".repeat(MAX_DIGITS)).len() > 1000);
        assert!(bits(&"9".repeat(MAX_DIGITS + 1)).is_empty());
    }

    #[test]
    fn contains_and_to_vec_agree() {
        let permissions = Permissions::Bitmaps { features: "o:a,o:a:b", names: "read,b:read", masks: "3,1" };
        for one in permissions.to_vec() {
            assert!(permissions.contains(one.strip_prefix("org:").unwrap()), "{one}");
        }
        for none in ["", "a", "a:", "a:write", "aread", "org:a:read"] {
            assert!(!permissions.contains(none), "{none:?}");
        }
        let list = ["org:a:read".into(), "b:read".into()];
        let list = Permissions::List(&list);
        assert!(list.contains("a:read"));
        assert!(!list.contains("b:read"));
    }
}
