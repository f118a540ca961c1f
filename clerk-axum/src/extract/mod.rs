mod auth;
mod has;
mod machine;
mod session;
mod user;

pub use self::{
    auth::Auth,
    has::{Has, Requirement},
    machine::{ApiKey, M2mToken, OAuthToken},
    session::Session,
    user::ClerkUser,
};
