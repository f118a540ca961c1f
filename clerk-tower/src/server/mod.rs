//! Incoming requests: those to your service, and webhooks from Clerk.
//!
//! | module | contents |
//! |---|---|
//! | [`authenticate`] | the layer that decides who sent a request |
//! | [`require`] | guards: layers that reject requests whose session or token does not allow them |
//! | [`rejection`] | why a request is rejected, and the response that says so |
//! | [`webhook`] | the endpoint for Clerk's webhooks |
//! | [`proxy`] | the Frontend API proxy |
//! | [`resource`] | protected resources of OAuth clients, such as MCP servers |

pub mod authenticate;
mod body;
pub mod proxy;
pub mod rejection;
pub mod require;
pub mod resource;
pub mod webhook;

pub use self::body::{NoInner, ResponseBody};
