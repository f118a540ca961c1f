//! Instructions, counted by callgrind: this program runs itself under valgrind.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

use clerk_counts::jobs::Case;

/// The argument of the program that runs under valgrind.
pub(crate) const INSIDE: &str = "--inside-callgrind";

/// The function that runs a job: callgrind counts while it runs, and writes a file at its end.
const COUNTED: &str = "clerk_counts::jobs::counted";

/// Returns the instructions of each case's baseline and path; `None` if valgrind is not installed, or if this processor is
/// of another kind than the one that they are recorded for.
pub(crate) fn instructions(cases: &[Case]) -> Option<Vec<[u64; 2]>> {
    if !has_avx2() {
        println!("SKIPPED: instructions are recorded for x86-64 with AVX2, so only allocations are counted");
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("counts");
    fs::create_dir_all(&folder).unwrap();
    let out = folder.join("part");
    let status = Command::new("valgrind")
        // What a server frees is at hand for its next request. By default that holds for few pieces of each size, and
        // then the counts depend on what was allocated before.
        .env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=127")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(format!("--dump-after={COUNTED}"))
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(env::current_exe().unwrap())
        .arg(INSIDE)
        .stdout(Stdio::null())
        .status();
    let Ok(status) = status else {
        println!("SKIPPED: valgrind is not installed, so only allocations are counted");
        return None;
    };
    assert!(status.success(), "valgrind failed: {status}");
    // The parts are numbered in the order in which the program runs its jobs.
    let mut number = 0;
    let mut next = |name: String| {
        number += 1;
        let path = folder.join(name);
        fs::rename(format!("{}.{number}", out.display()), &path).unwrap();
        total(&path)
    };
    let count = |case: &Case| [next(format!("{}.baseline", case.name)), next(case.name.to_owned())];
    let counts = cases.iter().map(count).collect();
    println!("callgrind's files are in {}", folder.display());
    Some(counts)
}

/// Without it, copying and searching take other instructions.
#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}

/// Returns the sum in one of callgrind's files.
fn total(path: &Path) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let line = text.lines().rev().find_map(|line| line.strip_prefix("totals: "));
    line.unwrap_or_else(|| panic!("{}: no totals", path.display())).trim().parse().unwrap()
}
