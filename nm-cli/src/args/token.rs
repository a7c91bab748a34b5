//! The token of a lease. It is a secret: no message, view or argument of ours shows one.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Write;

use crate::exit::{Failure, code};

/// Says it where the command line does not.
pub const VARIABLE: &str = "NAME_MANAGER_TOKEN";

/// 128 random bits, as text.
pub fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    let mut text = String::with_capacity(32);
    for byte in bytes {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// Compares in full, however early two tokens differ.
pub fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let pairs = one.iter().zip(other);
    one.len() == other.len() && pairs.fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// The token that a user brings, with `--token` or the variable. Not read by clap, whose
/// errors show the value, and call a variable by the name of the option.
pub fn given(option: Option<&OsStr>) -> Result<Option<String>, Failure> {
    match option {
        Some(token) => check(token, "the value of --token is").map(Some),
        None => {
            let token = env::var_os(VARIABLE);
            let check = |token: OsString| check(&token, "NAME_MANAGER_TOKEN has a token of");
            token.map(check).transpose()
        }
    }
}

fn check(token: &OsStr, what: &str) -> Result<String, Failure> {
    let wrong = |text: String| Err(Failure::new(code::USAGE, text));
    match (token.to_str(), token.len()) {
        (Some(token), 8..=256) => Ok(token.to_owned()),
        (None, _) => wrong(format!("{what} bytes that are not UTF-8; expected text")),
        (_, length) => wrong(format!("{what} {length} bytes; expected 8 to 256")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_same_as_a_whole_only() {
        let token = random().unwrap();
        assert_eq!(token.len(), 32);
        assert!(is_same(&token, &token.clone()));
        for other in ["", &token[..31], &format!("{token}0"), &random().unwrap()] {
            assert!(!is_same(&token, other));
        }
    }
}
