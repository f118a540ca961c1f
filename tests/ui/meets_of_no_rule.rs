//~ `InPerson` does not implement `SessionRule`
//~ implement it: `impl clerk_axum::SessionRule for InPerson`
use clerk_tests::mistakes::clerk_axum::Meets;

struct InPerson;

pub async fn delete(_: Meets<InPerson>) {}

fn main() {}
