//! The roles of organizations: permissions, roles and role sets, which belong to the whole instance.

use clerk_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Organization, State, extended};
use crate::{
    error::ApiError,
    kept::kept_by_field,
    random,
    table::{Row, Table},
};

/// When the roles that every instance has were created.
const BUILT_IN_AT: Timestamp = Timestamp::from_secs(1_577_836_800);

/// Clerk's own permissions: the key without `org:sys_`, the name, and whether `org:member` has it, too.
const SYSTEM_PERMISSIONS: [(&str, &str, bool); 10] = [
    ("profile:manage", "Manage organization", false),
    ("profile:delete", "Delete organization", false),
    ("memberships:read", "Read members", true),
    ("memberships:manage", "Manage members", false),
    ("domains:read", "Read domains", false),
    ("domains:manage", "Manage domains", false),
    ("billing:read", "Read billing", true),
    ("billing:manage", "Manage billing", false),
    ("api_keys:read", "Read API keys", false),
    ("api_keys:manage", "Manage API keys", false),
];

/// What the creator of an organization must be able to do.
const CREATOR_PERMISSIONS: [&str; 3] =
    ["org:sys_profile:delete", "org:sys_memberships:read", "org:sys_memberships:manage"];

const SYSTEM_PREFIX: &str = "org:sys_";

/// A permission.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Permission {
    pub(crate) id: String,
    /// `org:users:manage`.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Row for Permission {
    const NAME: &'static str = "organization permission";

    fn id(&self) -> &str {
        &self.id
    }
}

impl Permission {
    pub(crate) fn new(key: &str, name: &str, now: Timestamp) -> Self {
        Self {
            id: random::id("perm_"),
            key: key.to_owned(),
            name: name.to_owned(),
            description: String::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether it is one of Clerk's own, which cannot be changed.
    pub(crate) fn is_system(&self) -> bool {
        self.key.starts_with(SYSTEM_PREFIX)
    }

    pub(crate) fn render(&self) -> Value {
        json!({
            "object": "permission",
            "id": self.id,
            "name": self.name,
            "key": self.key,
            "description": self.description,
            "type": if self.is_system() { "system" } else { "user" },
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        })
    }
}

/// A role and the keys of its permissions.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) id: String,
    /// `org:admin`.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) permissions: Vec<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Row for Role {
    const NAME: &'static str = "organization role";

    fn id(&self) -> &str {
        &self.id
    }
}

impl Role {
    pub(crate) fn new(key: &str, name: &str, now: Timestamp) -> Self {
        Self {
            id: random::id("role_"),
            key: key.to_owned(),
            name: name.to_owned(),
            description: None,
            permissions: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether the creator of an organization can have the role.
    pub(crate) fn is_creator_eligible(&self) -> bool {
        CREATOR_PERMISSIONS.iter().all(|needed| self.permissions.iter().any(|has| has == needed))
    }
}

/// The roles that an organization's members can have.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RoleSet {
    pub(crate) id: String,
    /// `role_set:default`.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// The keys of its roles.
    pub(crate) roles: Vec<String>,
    /// The key of the role of new members.
    pub(crate) default_role: String,
    /// The key of the role of an organization's creator.
    pub(crate) creator_role: String,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Row for RoleSet {
    const NAME: &'static str = "role set";

    fn id(&self) -> &str {
        &self.id
    }
}

impl RoleSet {
    pub(crate) fn has(&self, role: &str) -> bool {
        self.roles.iter().any(|key| key == role)
    }

    /// Replaces a role, also as the role of new members and of creators.
    pub(crate) fn replace_role(&mut self, old: &str, new: &str) {
        self.roles.retain(|key| key != new);
        self.rename_role(old, new);
    }

    fn rename_role(&mut self, old: &str, new: &str) {
        let roles = self.roles.iter_mut().chain([&mut self.default_role, &mut self.creator_role]);
        roles.filter(|key| *key == old).for_each(|key| new.clone_into(key));
    }
}

/// All permissions, roles and role sets of an instance.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Roles {
    pub(crate) permissions: Table<Permission>,
    pub(crate) roles: Table<Role>,
    pub(crate) sets: Table<RoleSet>,
    /// The key of the set that new organizations have.
    pub(crate) initial_set: String,
}

kept_by_field!(Roles { permissions, roles, sets, initial_set } without {});

/// Clerk's defaults: the system permissions, `org:admin` with all of them, and `org:member`.
impl Default for Roles {
    fn default() -> Self {
        let mut all = Self {
            permissions: Table::default(),
            roles: Table::default(),
            sets: Table::default(),
            initial_set: "role_set:default".to_owned(),
        };
        // The identifiers are fixed, so that they are the same in every process.
        let mut admin = Role { id: "role_admin".to_owned(), ..Role::new("org:admin", "Admin", BUILT_IN_AT) };
        let mut member =
            Role { id: "role_member".to_owned(), ..Role::new("org:member", "Member", BUILT_IN_AT) };
        for (key, name, for_members) in SYSTEM_PERMISSIONS {
            let id = format!("perm_sys_{}", key.replace(':', "_"));
            let key = format!("{SYSTEM_PREFIX}{key}");
            all.permissions.insert(Permission { id, ..Permission::new(&key, name, BUILT_IN_AT) });
            if for_members {
                member.permissions.push(key.clone());
            }
            admin.permissions.push(key);
        }
        all.sets.insert(RoleSet {
            id: "role_set_default".to_owned(),
            key: all.initial_set.clone(),
            name: "Default".to_owned(),
            description: None,
            roles: vec![admin.key.clone(), member.key.clone()],
            default_role: member.key.clone(),
            creator_role: admin.key.clone(),
            created_at: BUILT_IN_AT,
            updated_at: BUILT_IN_AT,
        });
        all.roles.insert(admin);
        all.roles.insert(member);
        all
    }
}

impl Roles {
    /// Returns the role with a key.
    pub(crate) fn role(&self, key: &str) -> Option<&Role> {
        self.roles.find(|role| role.key == key)
    }

    /// Returns the set with a key or an identifier.
    pub(crate) fn set(&self, key_or_id: &str) -> Result<&RoleSet, ApiError> {
        let by_key = || self.sets.find(|set| set.key == key_or_id);
        self.sets.get(key_or_id).or_else(|error| by_key().ok_or(error))
    }

    /// Returns the display name of a role; empty if there is none.
    pub(crate) fn name(&self, role: &str) -> &str {
        self.role(role).map_or("", |role| role.name.as_str())
    }

    /// Creates a role of the initial set, or gives an existing one these permissions besides its system permissions.
    /// Permissions that do not exist are created.
    pub(crate) fn define(&mut self, key: &str, permissions: Vec<String>, now: Timestamp) {
        let mut role = self.role(key).cloned().unwrap_or_else(|| Role::new(key, &name_of(key), now));
        role.permissions.retain(|permission| permission.starts_with(SYSTEM_PREFIX));
        for permission in permissions {
            if self.permissions.find(|known| known.key == permission).is_none() {
                self.permissions.insert(Permission::new(&permission, &name_of(&permission), now));
            }
            if !role.permissions.contains(&permission) {
                role.permissions.push(permission);
            }
        }
        match self.roles.get_mut(&role.id) {
            Ok(known) => *known = role,
            Err(_) => self.roles.insert(role),
        }
        self.include_in_initial_set(key);
    }

    /// Adds a role to the initial set, unless it is there.
    pub(crate) fn include_in_initial_set(&mut self, role: &str) {
        let Self { sets, initial_set, .. } = self;
        if let Some(set) = sets.find_mut(|set| set.key == *initial_set && !set.has(role)) {
            set.roles.push(role.to_owned());
        }
    }

    pub(crate) fn render_role(&self, role: &Role) -> Value {
        let find = |key: &String| self.permissions.find(|permission| permission.key == *key);
        let permissions: Vec<_> = role.permissions.iter().filter_map(find).map(Permission::render).collect();
        json!({
            "object": "role",
            "id": role.id,
            "name": role.name,
            "key": role.key,
            "description": role.description,
            "is_creator_eligible": role.is_creator_eligible(),
            "permissions": permissions,
            "created_at": role.created_at,
            "updated_at": role.updated_at,
        })
    }
}

/// Returns the display name of a key: `Team lead` for `org:team_lead`, and `Users manage` for `org:users:manage`.
fn name_of(key: &str) -> String {
    let words = key.strip_prefix("org:").unwrap_or(key).replace(['_', ':'], " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl State {
    /// Returns the set of an organization's roles.
    pub(crate) fn role_set(&self, organization: &Organization) -> Option<&RoleSet> {
        let key = organization.role_set_key.as_ref().unwrap_or(&self.roles.initial_set);
        self.roles.sets.find(|set| set.key == *key)
    }

    /// Returns a role that members of an organization can have.
    pub(crate) fn role(&self, organization: &Organization, key: &str) -> Result<&Role, ApiError> {
        let role = self.role_set(organization).filter(|set| set.has(key)).and_then(|_| self.roles.role(key));
        role.ok_or_else(|| ApiError::not_found(Role::NAME))
    }

    /// Returns the key of the role that the creator of an organization gets.
    pub(crate) fn creator_role(&self, organization: &Organization) -> String {
        self.role_set(organization).map_or_else(|| "org:admin".to_owned(), |set| set.creator_role.clone())
    }

    /// Returns the key of the role that people get who enroll by a domain: the settings' one, if the organization has it.
    pub(crate) fn enrollment_role(&self, organization: &Organization) -> String {
        let wanted = &self.settings.organizations.domains_default_role;
        match self.role_set(organization) {
            Some(set) if !set.has(wanted) => set.default_role.clone(),
            _ => wanted.clone(),
        }
    }

    /// Gives a role another key, everywhere.
    pub(crate) fn rename_role(&mut self, old: &str, new: &str) {
        self.roles.roles.change(|role| role.key == old, |role| new.clone_into(&mut role.key));
        self.roles.sets.change(|set| set.has(old), |set| set.rename_role(old, new));
        self.memberships.change(|it| it.role == old, |it| new.clone_into(&mut it.role));
        self.organization_invitations.change(|it| it.role == old, |it| new.clone_into(&mut it.role));
        if self.settings.organizations.domains_default_role == old {
            new.clone_into(&mut self.settings.organizations.domains_default_role);
        }
    }

    /// Gives the members of organizations that `are_meant` another role.
    pub(crate) fn reassign_role(
        &mut self,
        are_meant: impl Fn(&str) -> bool,
        old: &str,
        new: &str,
        now: Timestamp,
    ) {
        self.memberships.change(
            |it| it.role == old && are_meant(it.organization.as_str()),
            |it| {
                new.clone_into(&mut it.role);
                it.updated_at = now;
            },
        );
        self.organization_invitations.change(
            |it| it.role == old && it.is_pending(now) && are_meant(it.organization.as_str()),
            |it| new.clone_into(&mut it.role),
        );
    }

    /// Returns the identifiers of the organizations with a role set.
    pub(crate) fn organizations_with(&self, set: &RoleSet) -> Vec<String> {
        let has_set = |it: &&Organization| self.role_set(it).is_some_and(|other| other.id == set.id);
        self.organizations.iter().filter(has_set).map(|it| it.id.as_str().to_owned()).collect()
    }

    pub(crate) fn render_role_set(&self, set: &RoleSet) -> Value {
        let organizations = self.organizations_with(set);
        let item =
            |key: &String| self.roles.role(key).map(|role| self.render_role_set_item(role, &organizations));
        json!({
            "object": "role_set",
            "id": set.id,
            "name": set.name,
            "key": set.key,
            "description": set.description,
            "roles": set.roles.iter().filter_map(item).collect::<Vec<_>>(),
            "default_role": item(&set.default_role),
            "creator_role": item(&set.creator_role),
            "type": if set.key == self.roles.initial_set { "initial" } else { "custom" },
            "created_at": set.created_at,
            "updated_at": set.updated_at,
        })
    }

    fn render_role_set_item(&self, role: &Role, organizations: &[String]) -> Value {
        let has_role = |organization: &str, key: &str| {
            key == role.key && organizations.iter().any(|one| one == organization)
        };
        let members =
            self.memberships.iter().filter(|it| has_role(it.organization.as_str(), &it.role)).count();
        json!({
            "object": "role_set_item",
            "id": role.id,
            "name": role.name,
            "key": role.key,
            "description": role.description,
            "members_count": members,
            "has_members": members > 0,
            "created_at": role.created_at,
            "updated_at": role.updated_at,
        })
    }

    pub(crate) fn render_organization_settings(&self) -> Value {
        let settings = &self.settings.organizations;
        let initial = self.roles.sets.find(|set| set.key == self.roles.initial_set);
        let rendered = json!({
            "object": "organization_settings",
            "enabled": settings.enabled,
            "max_allowed_memberships": settings.max_allowed_memberships,
            "admin_delete_enabled": settings.admin_delete_enabled,
            "domains_enabled": settings.domains_enabled,
            "slug_disabled": settings.slug_disabled,
            "domains_enrollment_modes": settings.domains_enrollment_modes,
            "domains_default_role": settings.domains_default_role,
            "creator_role": initial.map_or("org:admin", |set| set.creator_role.as_str()),
            "initial_role_set_key": initial.map(|set| &set.key),
        });
        // LocalClerk has no limits of a plan.
        let limit = 1_000_000;
        extended(
            rendered,
            json!({
                "max_allowed_roles": limit,
                "max_role_sets_allowed": limit,
                "max_allowed_domains": limit,
                "max_allowed_permissions": limit,
            }),
        )
    }
}
