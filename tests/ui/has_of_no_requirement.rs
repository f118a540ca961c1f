//~ `Reports` does not say what a session must have
//~ say it: `impl clerk_axum::Requirement for Reports`
use clerk_tests::mistakes::clerk_axum::Has;

struct Reports;

pub async fn reports(_: Has<Reports>) {}

fn main() {}
