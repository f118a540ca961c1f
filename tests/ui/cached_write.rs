//@ build
//~ only operations with the method GET can be cached
use clerk_tests::mistakes::{
    clerk_axum::{Clerk, api::users},
    tokio,
};

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let clerk = Clerk::from_env().unwrap();
    runtime.block_on(async { clerk.cached(users::delete("user_1")).await }).unwrap();
}
