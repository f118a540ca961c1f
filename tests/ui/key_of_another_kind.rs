//~ credential is `NeedsMachineSecretKey` cannot be sent with a
//~ this operation needs another kind of key
//~ operations that need a machine's secret key are sent by `MachineClerk`
use clerk_tests::mistakes::{
    clerk_axum::{Clerk, api::m2m},
    clerk_tower::Error,
};

pub async fn run(clerk: Clerk) -> Result<(), Error> {
    clerk.send(m2m::create_token()).await?;
    Ok(())
}

fn main() {}
