mod auth;
mod session;
mod user;

pub use self::{auth::Auth, session::Session, user::ClerkUser};
