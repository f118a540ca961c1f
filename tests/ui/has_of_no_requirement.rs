//~ `Reports` does not implement `Requirement`
//~ implement it: `impl clerk_axum::Requirement for Reports`
use clerk_tests::mistakes::clerk_axum::Has;

struct Reports;

pub async fn reports(_: Has<Reports>) {}

fn main() {}
