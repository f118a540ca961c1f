//! A batch job: lists all users at a steady rate, and counts those with an email address.
//!
//! With `CLERK_SECRET_KEY` it lists the users of that instance, otherwise those of a `LocalClerk` in this process.

use std::{env, process::ExitCode, time::Duration};

use clerk_core::api::users;
use clerk_local::LocalClerk;
use clerk_tower::{Clerk, ClerkBuilder, Error, client::middleware::pacing::PacingLayer};
use futures_util::TryStreamExt as _;

#[tokio::main]
async fn main() -> ExitCode {
    let clerk = match builder().and_then(ClerkBuilder::build) {
        Ok(clerk) => clerk,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match count(&clerk).await {
        Ok((all, with_email)) => {
            println!("{all} users, {with_email} of them with an email address");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn builder() -> Result<ClerkBuilder, clerk_tower::ConfigError> {
    let builder = if env::var_os("CLERK_SECRET_KEY").is_some_and(|key| !key.is_empty()) {
        ClerkBuilder::from_env()
    } else {
        let local = LocalClerk::seeded();
        Clerk::builder().secret_key(local.secret_key()).transport(local)
    };
    // A fifth of a production instance's rate limit. The rest is for requests that users wait for.
    Ok(builder.layer(PacingLayer::per_second(20)).timeout(Duration::from_secs(30)).max_attempts(5))
}

/// Lists users by cursor: none is skipped or repeated, even if users are created or deleted meanwhile.
async fn count(clerk: &Clerk) -> Result<(u64, u64), Error> {
    let mut users = clerk.stream(users::list().limit(100));
    let (mut all, mut with_email) = (0, 0);
    while let Some(user) = users.try_next().await? {
        all += 1;
        with_email += u64::from(user.primary_email().is_some());
    }
    Ok((all, with_email))
}
