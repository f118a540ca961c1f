mod auth;
mod claims;
mod has;
mod machine;
mod meets;
mod organization;
mod session;
mod template;
mod user;
mod webhook;

pub use self::{
    auth::Auth,
    claims::Claims,
    has::{Has, Requirement},
    machine::{ApiKey, M2mToken, Machine, OAuthToken},
    meets::{Meets, SessionRule},
    organization::{ActiveOrganization, ClerkOrganization},
    session::Session,
    template::TemplateToken,
    user::ClerkUser,
    webhook::Webhook,
};
