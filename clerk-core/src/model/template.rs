//! Templates: of e-mails and text messages, and of tokens.
//!
//! ```
//! use clerk_core::model::JwtTemplate;
//!
//! let template: JwtTemplate = serde_json::from_str(r#"{
//!     "id": "jtmp_1", "name": "shop", "claims": {"aud": "shop"}, "lifetime": 60
//! }"#).unwrap();
//! assert_eq!((template.name.as_str(), template.lifetime), ("shop", 60));
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{Metadata, Timestamp, decode::lenient, id::Id, opaque::opaque, open_enum::open_enum};

/// A template of an e-mail or a text message.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Template {
    /// Its identifier.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// The instance it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// Whether it is Clerk's or was changed, `system` or `user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// What it is for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub template_type: TemplateType,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// Its name for the API, such as `invitation`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub slug: String,
    /// Where it stands in the list.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub position: Option<i64>,
    /// Whether it was changed and can be put back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_revert: Option<bool>,
    /// Whether it can be deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_delete: Option<bool>,
    /// Whether its body can be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_edit_body: Option<bool>,
    /// Whether it can be switched on and off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_toggle: Option<bool>,
    /// The subject of the e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The body as the editor has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub markup: Option<String>,
    /// The text, with variables.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub body: String,
    /// The variables the body may have.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub available_variables: Vec<String>,
    /// The variables the body must have.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub required_variables: Vec<String>,
    /// What stands before the `@` in the address the e-mail comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_email_name: Option<String>,
    /// What stands before the `@` in the address that answers go to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to_email_name: Option<String>,
    /// Whether Clerk delivers the messages; else the application does, when its webhook is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_by_clerk: Option<bool>,
    /// Whether its messages are sent at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether its content was found suspicious.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flagged_as_suspicious: Option<bool>,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

opaque!(Template, id);

open_enum! {
    /// What a template is for.
    TemplateType {
        /// E-mails.
        Email = "email",
        /// Text messages.
        Sms = "sms",
    }
}

/// Which claims a token for another service has.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JwtTemplate {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The claims, in which shortcodes such as `{{user.id}}` are filled in.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub claims: Metadata,
    /// How many seconds a token is good for.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub lifetime: i64,
    /// By how many seconds clocks may differ, 0 to 300.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub allowed_clock_skew: i64,
    /// Whether the tokens are signed with a key of the application's own.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub custom_signing_key: bool,
    /// The algorithm the tokens are signed with, such as `RS256`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub signing_algorithm: String,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(JwtTemplate, id);
