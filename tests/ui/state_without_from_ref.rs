//~ expected `Clerk`, found `App`
//~ .with_state(App {})
use clerk_tests::mistakes::{
    axum::{Router, extract::State, routing::get},
    clerk_axum::Clerk,
};

#[derive(Clone)]
struct App {}

async fn index(_: State<Clerk>) {}

fn main() {
    let _: Router = Router::new().route("/", get(index)).with_state(App {});
}
