# One word for each task. `just` without a word lists them. Everything here can also be typed: see CONTRIBUTING.md.

# The workspaces that stand alone because of heavy dependencies
alone := "examples/heavy tests/peers clerk-core/fuzz clerk-tower/fuzz"

[private]
default:
    @{{just_executable()}} --list --unsorted

# Format all workspaces
format:
    cargo fmt --all
    for folder in {{alone}}; do cargo fmt --all --manifest-path "$folder/Cargo.toml"; done

# Run clippy with default features, with all, and with none
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings
    cargo clippy --workspace --exclude clerk-tests --all-targets --all-features --locked -- -D warnings
    cargo clippy -p clerk-core -p clerk-tower -p clerk-local -p clerk-axum --no-default-features --locked -- -D warnings

# Run the tests, or those whose names contain FILTER
test filter="":
    cargo test --workspace --locked -- {{filter}}

# Run the tests in a real browser (needs Chromium and chromedriver)
browser:
    CLERK_BROWSER=required cargo test --manifest-path tests/browser/Cargo.toml --target-dir target --locked

# Fuzz one target for some seconds (needs cargo-fuzz and a nightly compiler)
fuzz target seconds="60" crate="clerk-core":
    cd {{crate}}/fuzz && cargo +nightly fuzz run --fuzz-dir . {{target}} -- -max_total_time={{seconds}}

# Count instructions and allocations, and compare them with what is recorded (needs valgrind)
bench:
    cargo bench -p clerk-counts --locked

# Write the generated API again, from the document that it was made from
regenerate document:
    cargo run -p clerk-codegen -- {{document}}

# Go to a newer OpenAPI document of Clerk's
update document date:
    cargo run -p clerk-codegen -- update {{document}} --date {{date}}

# Run everything that a change must pass
ci:
    .ci/run

# Run the checks that take too long for every change
slow:
    .ci/slow

# Check whether this version can be released; publishes nothing
release-check:
    .ci/release-check
