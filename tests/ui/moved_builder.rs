//~ error[E0382]: use of moved value: `builder`
use clerk_tests::mistakes::clerk_axum::Clerk;

fn main() {
    let builder = Clerk::builder();
    builder.secret_key("sk_test_abc");
    drop(builder.build());
}
