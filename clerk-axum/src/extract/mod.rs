mod auth;
mod machine;
mod session;
mod user;

pub use self::{
    auth::Auth,
    machine::{ApiKey, M2mToken, OAuthToken},
    session::Session,
    user::ClerkUser,
};
