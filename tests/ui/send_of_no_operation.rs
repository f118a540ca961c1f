//~ `&str` is not an operation of Clerk's Backend API
//~ expected an operation, such as `users::get("user_1")`
//~ the functions in the modules of `api` create operations
use clerk_tests::mistakes::{clerk_axum::Clerk, clerk_tower::Error};

pub async fn run(clerk: Clerk) -> Result<(), Error> {
    clerk.send("user_1").await?;
    Ok(())
}

fn main() {}
