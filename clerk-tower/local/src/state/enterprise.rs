//! Single sign-on and provisioning by companies: connections, directories, and what their administrators get.
//!
//! LocalClerk remembers the settings. It calls no identity provider.

use clerk_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{INSTANCE_ID, State, extended};
use crate::{random, table::Row};

/// A connection to the identity provider of a company, with SAML or with OpenID Connect.
#[expect(clippy::struct_excessive_bools, reason = "the fields of Clerk's document")]
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct EnterpriseConnection {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `saml_okta`, for example, or `oidc_custom`.
    pub(crate) provider: String,
    pub(crate) active: bool,
    pub(crate) domains: Vec<String>,
    pub(crate) organization: Option<String>,
    pub(crate) sync_user_attributes: bool,
    pub(crate) disable_additional_identifications: bool,
    pub(crate) allow_organization_account_linking: bool,
    pub(crate) custom_attributes: Vec<Value>,
    /// The settings of the protocol, by their names in requests.
    pub(crate) settings: Map<String, Value>,
    pub(crate) test_runs: Vec<TestRun>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// A trial of a connection, which nobody finishes here.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TestRun {
    pub(crate) id: String,
    pub(crate) created_at: Timestamp,
}

impl Row for EnterpriseConnection {
    const NAME: &'static str = "enterprise connection";

    fn id(&self) -> &str {
        &self.id
    }
}

impl EnterpriseConnection {
    pub(crate) fn new(name: String, provider: String, now: Timestamp) -> Self {
        Self {
            id: random::id("entconn_"),
            name,
            provider,
            active: false,
            domains: Vec::new(),
            organization: None,
            sync_user_attributes: true,
            disable_additional_identifications: false,
            allow_organization_account_linking: false,
            custom_attributes: Vec::new(),
            settings: Map::new(),
            test_runs: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    pub(crate) fn is_saml(&self) -> bool {
        self.provider.starts_with("saml_")
    }

    /// Returns the identifier of its part for the protocol.
    pub(crate) fn part_id(&self) -> String {
        let rest = self.id.trim_start_matches("entconn_");
        format!("{}{rest}", if self.is_saml() { "samlc_" } else { "oauthc_" })
    }

    fn setting(&self, name: &str) -> Value {
        self.settings.get(name).cloned().unwrap_or_default()
    }

    fn flag(&self, name: &str) -> bool {
        self.setting(name) == true
    }

    fn login_hint(&self) -> Value {
        self.settings.get("login_hint").cloned().unwrap_or_else(|| json!({ "mode": "email_address" }))
    }

    fn attribute_mapping(&self) -> Value {
        let standard = json!({
            "user_id": "",
            "email_address": "mail",
            "first_name": "givenName",
            "last_name": "surname",
        });
        extended(standard, self.setting("attribute_mapping"))
    }

    pub(crate) fn render_test_run(&self, run: &TestRun) -> Value {
        json!({
            "id": run.id,
            "status": "pending",
            "connection_type": if self.is_saml() { "saml" } else { "oauth" },
            "parsed_user_info": null,
            "logs": [],
            "created_at": run.created_at,
        })
    }
}

/// A directory, from which a company provisions users: SCIM.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Directory {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) provider: String,
    pub(crate) connection: String,
    pub(crate) enabled: bool,
    pub(crate) group_role_mapping_enabled: bool,
    pub(crate) attribute_mapping: Map<String, Value>,
    pub(crate) api_key: String,
    pub(crate) mappings: Vec<GroupRoleMapping>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// A group of a directory, whose members get a role.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct GroupRoleMapping {
    pub(crate) id: String,
    pub(crate) group: String,
    pub(crate) group_name: String,
    /// The role's identifier.
    pub(crate) role: String,
    pub(crate) precedence: i64,
    pub(crate) created_at: Timestamp,
}

impl Row for Directory {
    const NAME: &'static str = "directory";

    fn id(&self) -> &str {
        &self.id
    }
}

impl Directory {
    pub(crate) fn new(name: String, provider: String, connection: String, now: Timestamp) -> Self {
        let mapping = [
            ("email_address", "userName"),
            ("first_name", "name.givenName"),
            ("last_name", "name.familyName"),
        ];
        Self {
            id: random::id("dir_"),
            name,
            provider,
            connection,
            enabled: true,
            group_role_mapping_enabled: false,
            attribute_mapping: mapping
                .into_iter()
                .map(|(name, path)| (name.to_owned(), json!(path)))
                .collect(),
            api_key: new_directory_key(),
            mappings: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }
}

pub(crate) fn new_directory_key() -> String {
    format!("ak_{}", random::string(32))
}

/// A link with which the administrator of a company sets up a connection.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AdminPortalToken {
    pub(crate) id: String,
    pub(crate) link: String,
    pub(crate) organization: Option<String>,
    pub(crate) contact: Option<String>,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) token: String,
    pub(crate) standing: crate::credentials::Standing,
}

impl Row for AdminPortalToken {
    const NAME: &'static str = "admin portal link token";

    fn id(&self) -> &str {
        &self.id
    }
}

/// A task that an agent does for a user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AgentTask {
    pub(crate) id: String,
    /// The same for all tasks of an agent's name.
    pub(crate) agent: String,
    pub(crate) description: String,
    /// The sign-in token behind its URL.
    pub(crate) sign_in_token: String,
    /// Where the browser goes once it is signed in.
    #[serde(default)]
    pub(crate) redirect_url: String,
}

impl Row for AgentTask {
    const NAME: &'static str = "agent task";

    fn id(&self) -> &str {
        &self.id
    }
}

impl State {
    /// Returns a connection in the form of the operations on SAML connections.
    pub(crate) fn render_saml_connection(&self, connection: &EnterpriseConnection) -> Value {
        let id = connection.part_id();
        let url = |path: &str| format!("{}/v1/saml/{path}/{id}", self.frontend_url());
        let setting = |name: &str| connection.setting(name);
        let identity = json!({
            "object": "saml_connection",
            "id": id,
            "name": connection.name,
            "domain": connection.domains.first(),
            "domains": connection.domains,
            "idp_entity_id": setting("idp_entity_id"),
            "idp_sso_url": setting("idp_sso_url"),
            "idp_certificate": setting("idp_certificate"),
            "idp_certificate_issued_at": null,
            "idp_certificate_expires_at": null,
            "idp_metadata_url": setting("idp_metadata_url"),
            "idp_metadata": setting("idp_metadata"),
            "acs_url": url("acs"),
            "sp_entity_id": format!("{}/saml/{id}", self.frontend_url()),
            "sp_metadata_url": url("metadata"),
        });
        let rest = json!({
            "organization_id": connection.organization,
            "attribute_mapping": connection.attribute_mapping(),
            "active": connection.active,
            "provider": connection.provider,
            "user_count": 0,
            "sync_user_attributes": connection.sync_user_attributes,
            "allow_subdomains": connection.flag("allow_subdomains"),
            "allow_idp_initiated": connection.flag("allow_idp_initiated"),
            "disable_additional_identifications": connection.disable_additional_identifications,
            "allow_organization_account_linking": connection.allow_organization_account_linking,
            "authenticatable": true,
            "disable_jit_provisioning": false,
            "force_authn": connection.flag("force_authn"),
            "login_hint": connection.login_hint(),
            "enterprise_connection_id": connection.id,
            "created_at": connection.created_at,
            "updated_at": connection.updated_at,
        });
        extended(identity, rest)
    }

    pub(crate) fn render_enterprise_connection(&self, connection: &EnterpriseConnection) -> Value {
        let part = if connection.is_saml() { "saml_connection" } else { "oauth_config" };
        let rendered = json!({
            "object": "enterprise_connection",
            "id": connection.id,
            "name": connection.name,
            "provider": connection.provider,
            "logo_public_url": null,
            "active": connection.active,
            "domains": connection.domains,
            "organization_id": connection.organization,
            "sync_user_attributes": connection.sync_user_attributes,
            "disable_additional_identifications": connection.disable_additional_identifications,
            "allow_organization_account_linking": connection.allow_organization_account_linking,
            "authenticatable": true,
            "disable_jit_provisioning": false,
            "custom_attributes": connection.custom_attributes,
            "saml_connection": null,
            "oauth_config": null,
            "created_at": connection.created_at,
            "updated_at": connection.updated_at,
        });
        let shown = if connection.is_saml() { self.saml_part(connection) } else { oauth_part(connection) };
        extended(rendered, json!({ part: shown }))
    }

    fn saml_part(&self, connection: &EnterpriseConnection) -> Value {
        const SHOWN: [&str; 13] = [
            "id",
            "name",
            "idp_entity_id",
            "idp_sso_url",
            "idp_metadata_url",
            "acs_url",
            "sp_entity_id",
            "sp_metadata_url",
            "active",
            "allow_idp_initiated",
            "allow_subdomains",
            "force_authn",
            "login_hint",
        ];
        let mut whole = self.render_saml_connection(connection);
        if let Some(fields) = whole.as_object_mut() {
            fields.retain(|name, _| SHOWN.contains(&name.as_str()));
        }
        whole
    }

    /// Returns a directory; `object` is one of its two names, `directory` or `scim_directory`.
    pub(crate) fn render_directory(&self, directory: &Directory, object: &str, with_key: bool) -> Value {
        let connection = self.enterprise_connections.get(&directory.connection).ok();
        let rendered = json!({
            "object": object,
            "id": directory.id,
            "name": directory.name,
            "enterprise_connection_id": directory.connection,
            "endpoint_url": format!("{}/v1/scim/v2/{}", self.frontend_url(), directory.id),
            "provider": directory.provider,
            "enabled": directory.enabled,
            "group_role_mapping_enabled": directory.group_role_mapping_enabled,
            "attribute_mapping": directory.attribute_mapping,
            "custom_attributes": connection.map(|known| known.custom_attributes.as_slice()).unwrap_or_default(),
            "created_at": directory.created_at,
            "updated_at": directory.updated_at,
        });
        match with_key {
            true => extended(rendered, json!({ "api_key": directory.api_key })),
            false => rendered,
        }
    }

    pub(crate) fn render_mapping(
        &self,
        directory: &Directory,
        mapping: &GroupRoleMapping,
        object: &str,
    ) -> Value {
        let rendered = json!({
            "object": object,
            "id": mapping.id,
            "directory_id": directory.id,
            "scim_directory_id": directory.id,
            "directory_group_id": mapping.group,
            "scim_group_id": mapping.group,
            "directory_group_display_name": mapping.group_name,
            "scim_group_display_name": mapping.group_name,
            "precedence": mapping.precedence,
            "created_at": mapping.created_at,
            "updated_at": mapping.created_at,
        });
        match self.roles.roles.get(&mapping.role) {
            Ok(role) => extended(rendered, json!({ "role": self.roles.render_role(role) })),
            Err(_) => rendered,
        }
    }

    pub(crate) fn render_admin_portal_token(&self, token: &AdminPortalToken) -> Value {
        let own = json!({
            "object": "admin_portal_link_token",
            "id": token.id,
            "admin_portal_link_id": token.link,
            "instance_id": INSTANCE_ID,
            "organization_id": token.organization,
            "it_contact_id": token.contact,
            "scopes": token.scopes,
        });
        extended(own, token.standing.render(self.now))
    }
}

fn oauth_part(connection: &EnterpriseConnection) -> Value {
    let setting = |name: &str| connection.setting(name);
    json!({
        "id": connection.part_id(),
        "name": connection.name,
        "provider_key": connection.provider,
        "client_id": setting("client_id"),
        "discovery_url": setting("discovery_url"),
        "auth_url": setting("auth_url"),
        "token_url": setting("token_url"),
        "user_info_url": setting("user_info_url"),
        "requires_pkce": connection.flag("requires_pkce"),
        "logo_public_url": null,
        "created_at": connection.created_at,
        "updated_at": connection.updated_at,
    })
}
