use std::fmt::Write;

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

/// A token that a user brings.
pub fn check(text: &str) -> Result<String, String> {
    match text.len() {
        8..=256 => Ok(text.to_owned()),
        length => Err(format!(
            "expected a token of 8 to 256 bytes, found {length}"
        )),
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
