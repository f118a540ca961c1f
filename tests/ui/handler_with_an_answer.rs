//~ a webhook handler cannot return `String`
//~ expected `()`, or `Result<(), E>` with an error that converts into `BoxError`
use clerk_tests::mistakes::clerk_axum::{Clerk, ClerkWebhooks, ConfigError, webhook::kind};

pub fn run(clerk: Clerk) -> Result<(), ConfigError> {
    let _ = ClerkWebhooks::new(&clerk)?.on(kind::USER_CREATED, |user, _| async move { user.id.to_string() });
    Ok(())
}

fn main() {}
