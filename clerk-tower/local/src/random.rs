//! Random strings: identifiers, keys and trace IDs.

use std::{cell::RefCell, thread};

use aws_lc_rs::rand;

/// Retries until `attempt` succeeds. For operations that fail only while the system's source of randomness fails.
pub(super) fn until_ok<T, E>(mut attempt: impl FnMut() -> Result<T, E>) -> T {
    loop {
        if let Ok(value) = attempt() {
            return value;
        }
        thread::yield_now();
    }
}

/// `length` random letters and digits, with five bits of randomness each.
pub(super) fn string(length: usize) -> String {
    let mut bytes = vec![0; length];
    until_ok(|| rand::fill(&mut bytes));
    letters(&bytes)
}

/// One letter or digit for each byte.
pub(super) fn letters(bytes: &[u8]) -> String {
    const ALPHABET: [char; 32] = [
        'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'u', 'v',
        'w', 'x', 'y', 'z', '2', '3', '4', '5', '6', '7', '8', '9',
    ];
    bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).collect()
}

thread_local! {
    static CHOSEN: RefCell<Vec<(&'static str, String)>> = const { RefCell::new(Vec::new()) };
}

/// Runs a function in which the first new identifiers or secrets with these prefixes are these ones.
pub(super) fn with_chosen<T>(chosen: Vec<(&'static str, String)>, run: impl FnOnce() -> T) -> T {
    CHOSEN.set(chosen);
    let result = run();
    CHOSEN.take();
    result
}

fn chosen(prefix: &str) -> Option<String> {
    CHOSEN.with_borrow_mut(|chosen| {
        let at = chosen.iter().position(|(other, _)| *other == prefix)?;
        Some(chosen.remove(at).1)
    })
}

/// Creates a new secret: a prefix followed by `length` letters and digits.
pub(super) fn secret(prefix: &str, length: usize) -> String {
    chosen(prefix).unwrap_or_else(|| format!("{prefix}{}", string(length)))
}

/// Creates a new identifier, for example `user_` followed by 27 letters and digits.
pub(super) fn id(prefix: &str) -> String {
    chosen(prefix).unwrap_or_else(|| format!("{prefix}{}", string(27)))
}

/// `length` random decimal digits.
pub(super) fn digits(length: usize) -> String {
    let mut digits = String::with_capacity(length);
    while digits.len() < length {
        let mut byte = [0];
        until_ok(|| rand::fill(&mut byte));
        // Bytes from 250 would make the first digits more likely than the last ones.
        digits.extend(byte.iter().filter(|byte| **byte < 250).map(|byte| char::from(b'0' + byte % 10)));
    }
    digits
}

/// `bytes` random bytes as hexadecimal digits.
pub(super) fn hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    until_ok(|| rand::fill(&mut random));
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}
