//! The claims `fea` and `pla`: the features and plans of the active organization and of the user.

/// Who has a feature or plan.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    User,
    Organization,
}

/// The text of a claim, without items if it is malformed.
///
/// It is malformed if any item has no scope: Clerk's SDK throws an error for it.
pub(super) fn well_formed(claim: &str) -> &str {
    let is_valid = claim.as_bytes().split(|byte| *byte == b',').all(|item| item.contains(&b':'));
    if is_valid { claim } else { "" }
}

/// Returns the items of one owner in a [well-formed](well_formed) claim, in order.
pub(super) fn items(claim: &str, owner: Owner) -> impl Iterator<Item = &str> {
    claim.split(',').filter_map(move |item| {
        let (scope, name) = trim(item).split_once(':')?;
        let ours = match owner {
            Owner::User => matches!(scope, "u" | "uo" | "ou"),
            Owner::Organization => matches!(scope, "o" | "uo" | "ou"),
        };
        ours.then_some(name)
    })
}

/// As `str::trim`. Nearly always there is nothing to remove.
pub(super) fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// Whether a claim contains an item: `name` of either owner, `org:name` or `user:name` of one.
pub(super) fn has(claim: &str, asked: &str) -> bool {
    // As in Clerk's SDK, pieces after the second are ignored, and the scope replaces an empty name.
    let mut pieces = asked.split(':');
    let first = pieces.next().unwrap_or_default();
    let Some(second) = pieces.next() else {
        let either = || items(claim, Owner::Organization).chain(items(claim, Owner::User));
        return !first.is_empty() && either().any(|name| name == first);
    };
    let owner = match first {
        "o" | "org" | "organization" => Owner::Organization,
        "u" | "user" => Owner::User,
        _ => return false,
    };
    let wanted = if second.is_empty() { first } else { second };
    items(claim, owner).any(|name| name == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_split_by_owner() {
        let claim = " u:x, o:dashboard,uo:teams ,ou:a:b,z:other";
        assert_eq!(items(claim, Owner::Organization).collect::<Vec<_>>(), ["dashboard", "teams", "a:b"]);
        assert_eq!(items(claim, Owner::User).collect::<Vec<_>>(), ["x", "teams", "a:b"]);
    }

    #[test]
    fn a_malformed_claim_has_no_items() {
        for claim in ["", "o", "o:a,b", "o:a,,o:b", "o:a,"] {
            assert_eq!(items(well_formed(claim), Owner::Organization).count(), 0, "{claim:?}");
            assert!(!has(well_formed(claim), "a"), "{claim:?}");
        }
    }

    #[test]
    fn a_scope_selects_the_owner() {
        let claim = "o:app,u:lite,uo:both,o:o";
        for (asked, expected) in [
            ("app", true),
            ("o:app", true),
            ("org:app", true),
            ("organization:app", true),
            ("u:app", false),
            ("user:lite", true),
            ("user:both", true),
            ("x:app", false),
            ("o:app:ignored", true),
            ("o:", true), // without a name, the scope is the name
            ("u:", false),
            ("", false),
            (":", false),
            ("App", false),
        ] {
            assert_eq!(has(claim, asked), expected, "{asked:?}");
        }
    }
}
