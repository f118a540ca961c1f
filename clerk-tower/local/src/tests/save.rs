//! Tests of saved files: their size, their permissions, and what killed processes leave behind.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::PathBuf,
};

use super::Fixture;
use crate::{LocalClerk, random, save};

/// A directory that is deleted at the end of the test.
pub(super) struct Directory(pub(super) PathBuf);

impl Directory {
    pub(super) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("clerk-local-{}", random::string(12)));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_is_saved_can_be_loaded_up_to_the_same_limit() {
    let directory = Directory::new();
    let path = directory.0.join("clerk.json");
    let fixture = Fixture::seeded();
    fixture.local.save(&path).unwrap();
    let before = fs::read(&path).unwrap();
    let size = u64::try_from(before.len()).unwrap();
    fixture.local.save_within(&path, size).unwrap();
    save::read_within(&path, size).map(drop).unwrap();

    for error in [
        fixture.local.save_within(&path, size - 1).unwrap_err(),
        save::read_within(&path, size - 1).map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert!(error.to_string().contains("larger than 0 MiB"), "{error}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(directory.names(), ["clerk.json"]);
}

#[test]
fn leftovers_of_killed_processes_are_removed_and_nothing_else() {
    let directory = Directory::new();
    let path = directory.0.join("clerk.json");
    let create = |name: &str, text: &str| {
        let path = directory.0.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let others = [
        ".clerk.json.abcdefgh2345.backup",
        ".clerk.json.mine.saving",
        ".other.json.abcdefgh2345.saving",
        "clerk.json.abcdefgh2345.saving",
    ];
    for name in others {
        create(name, "not ours");
    }
    fs::create_dir(directory.0.join(".clerk.json.aaaaaaaaaaaa.saving")).unwrap();
    // Another process writes one, and has just created another one.
    let in_use = File::options().write(true).open(create(".clerk.json.bbbbbbbbbbbb.saving", "half")).unwrap();
    in_use.lock().unwrap();
    create(".clerk.json.cccccccccccc.saving", "");
    let mut kept: Vec<_> = others.to_vec();
    kept.extend([".clerk.json.aaaaaaaaaaaa.saving", ".clerk.json.bbbbbbbbbbbb.saving"]);
    kept.extend([".clerk.json.cccccccccccc.saving", "clerk.json"]);
    kept.sort_unstable();

    let local = LocalClerk::new();
    local.save(&path).unwrap();
    for leftover in [".clerk.json.dddddddddddd.saving", ".clerk.json.eeeeeeee2345.saving"] {
        create(leftover, "{\"signing_key\": …");
    }
    local.save(&path).unwrap();
    assert_eq!(directory.names(), kept);
    create(".clerk.json.dddddddddddd.saving", "{\"signing_key\": …");
    LocalClerk::load(&path).unwrap();
    assert_eq!(directory.names(), kept);
    drop(in_use);
    LocalClerk::load(&path).unwrap();
    assert!(!directory.names().contains(&".clerk.json.bbbbbbbbbbbb.saving".to_owned()));
}

/// While the file is written under its other name, too.
#[cfg(unix)]
#[test]
fn only_the_owner_can_read_what_is_saved() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = Directory::new();
    let path = directory.0.join("clerk.json");
    fs::write(&path, "older").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    LocalClerk::new().save(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // A directory in which nothing can be renamed to the target: a directory is in its place.
    let taken = directory.0.join("taken");
    fs::create_dir_all(taken.join("inside")).unwrap();
    LocalClerk::new().save(&taken).unwrap_err();
    assert_eq!(directory.names(), ["clerk.json", "taken"]);
}
