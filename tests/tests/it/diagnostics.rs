//! Tests of compiler errors: each program in `tests/ui` makes one mistake, and lists lines that the message must
//! contain.
//!
//! Why not `trybuild`: it builds all dependencies again in its own target folder, and compares rustc's whole messages,
//! which differ between the supported versions of Rust. These tests use the libraries they are linked with, and compare
//! only the important lines.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::SystemTime,
};

/// Returns the latest build of this test support library, in this program's folder. It links everything else.
fn library() -> Option<PathBuf> {
    let folder = env::current_exe().ok()?.parent()?.to_owned();
    let is_it = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("libclerk_tests-") && name.ends_with(".rlib")
    };
    let paths = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let built = |path: &PathBuf| {
        fs::metadata(path).and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
    };
    paths.filter(is_it).max_by_key(built)
}

fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// Compiles one program, and returns what is wrong with the compiler's message.
fn check(program: &Path, library: &Path) -> Result<(), String> {
    let text = fs::read_to_string(program).unwrap();
    // Some mistakes are reported only during code generation.
    let emit = if text.contains("//@ build") { "obj" } else { "metadata" };
    let name = program.file_stem().unwrap().to_str().unwrap();
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.out"));
    let output = rustc()
        .args(["--edition=2024", "--crate-type=bin", "--color=never", "--error-format=human"])
        .arg(format!("--emit={emit}"))
        .arg("--extern")
        .arg(format!("clerk_tests={}", library.display()))
        .arg("-L")
        .arg(format!("dependency={}", library.parent().unwrap().display()))
        .arg("-o")
        .arg(out)
        .arg(program)
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Err(format!("{name} compiles"));
    }
    let mut expected = text.lines().filter_map(|line| line.strip_prefix("//~ ")).peekable();
    assert!(expected.peek().is_some(), "{name} expects nothing");
    match expected.find(|line| !message.contains(line)) {
        Some(line) => Err(format!("{name}: the compiler does not say {line:?}, but\n{message}")),
        None => Ok(()),
    }
}

#[test]
fn compiler_errors_explain_mistakes() {
    let Some(library) = library() else {
        eprintln!("SKIPPED: the support library is not beside this program");
        return;
    };
    if rustc().arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no rustc here");
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let programs: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!programs.is_empty());
    let faults: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> =
            programs.iter().map(|program| scope.spawn(|| check(program, &library))).collect();
        running.into_iter().filter_map(|one| one.join().unwrap().err()).collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
