//! Recipes of the guide that need heavy dependencies. Each module is an application of its own, or a part of one. The
//! tests in `tests/it` run them over sockets, against a Clerk instance in their process.

pub mod admins;
pub mod error;
pub mod openapi_aide;
pub mod openapi_utoipa;
pub mod streams;
pub mod tenants;
pub mod users;
