//! Temporary.
#![allow(missing_docs)]
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct User {
    pub id: crate::id::UserId,
    pub banned: bool,
    pub locked: bool,
    pub first_name: Option<String>,
}
