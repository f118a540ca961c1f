//~ credential::MachineSecretKey` cannot be sent with a
//~ this operation is sent with another kind of key
//~ what needs a machine's secret key is sent by `MachineClerk`
use clerk_tests::mistakes::{
    clerk_axum::{Clerk, api::m2m},
    clerk_tower::Error,
};

pub async fn run(clerk: Clerk) -> Result<(), Error> {
    clerk.send(m2m::create_token()).await?;
    Ok(())
}

fn main() {}
