//! The paths that every request or call takes, as jobs whose instructions and allocations can be counted. The counts are
//! recorded in `counts.toml`.
//!
//! They repeat where times do not: on a busy machine, on a slow one, in CI.
//!
//! ```text
//! cargo bench -p clerk-counts                               checks them; without valgrind, the allocations only
//! cargo bench -p clerk-counts -- --record                   records the counts of today
//! ```
//!
//! To see where the instructions go, build with line numbers, and look at callgrind's files, of which there are two for
//! each path: with the path, and without it (`.baseline`).
//!
//! ```text
//! CARGO_PROFILE_BENCH_DEBUG=line-tables-only cargo bench -p clerk-counts
//! callgrind_annotate --threshold=100 target/tmp/counts/known-token-in-the-header
//! ```

pub mod bad_tokens;
pub mod cases;
pub mod jobs;
pub mod world;
