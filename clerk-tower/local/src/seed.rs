//! The people and the organization of [`LocalClerk::seeded`].
//!
//! | ID | name | email address | role in Acme |
//! |---|---|---|---|
//! | `user_ada` | Ada Lovelace | ada@example.com | `org:admin` |
//! | `user_grace` | Grace Hopper | grace@example.com | `org:member` |
//! | `user_alan` | Alan Turing | alan@example.com | |
//! | `user_katherine` | Katherine Johnson | katherine@example.com | |
//!
//! Acme has the ID `org_acme` and the slug `acme`. `org:admin` permits `org:users:manage`, `org:users:read`,
//! `org:reports:manage` and `org:reports:read`; `org:member` permits `org:users:read` and
//! `org:reports:read`.
//!
//! ```
//! use clerk_local::LocalClerk;
//!
//! let local = LocalClerk::seeded();
//! let token = local.sign_in("user_ada").organization("org_acme").token();
//! assert_eq!(token.split('.').count(), 3);
//! ```

use crate::LocalClerk;

/// Adds the people and the organization to an instance.
pub(super) fn populate(local: &LocalClerk) {
    let person = |id: &str, first: &str, last: &str, email: &str| {
        local.user(first, last).id(id).email(email).username(id.trim_start_matches("user_")).create()
    };
    let ada = person("user_ada", "Ada", "Lovelace", "ada@example.com");
    let grace = person("user_grace", "Grace", "Hopper", "grace@example.com");
    person("user_alan", "Alan", "Turing", "alan@example.com");
    person("user_katherine", "Katherine", "Johnson", "katherine@example.com");
    let acme = local
        .organization("Acme")
        .id("org_acme")
        .slug("acme")
        .role("org:admin", ["org:users:manage", "org:users:read", "org:reports:manage", "org:reports:read"])
        .role("org:member", ["org:users:read", "org:reports:read"])
        .created_by(&ada)
        .create();
    local.add_member(&acme, &ada, "org:admin");
    local.add_member(&acme, &grace, "org:member");
}
