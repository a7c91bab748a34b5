//! What is said of names and of options that are wrong.

use nm_words::{name, nearest};

/// Says what is wrong with the name of a pool.
pub fn pool(text: &str) -> Result<(), String> {
    name::check_pool(text).map_err(|wrong| format!("this pool name {wrong}"))
}

/// Says what is wrong with the name of a resource.
pub fn resource(text: &str) -> Result<(), String> {
    name::check(text).map_err(|wrong| format!("this name {wrong}"))
}

/// Says which options there are, the one nearest to `word` first.
pub fn unknown_option(word: &str, options: &[&str]) -> String {
    let hint = nearest::nearest(word, options)
        .map_or(String::new(), |known| format!("did you mean `{known}`; "));
    let known: Vec<_> = options.iter().map(|known| format!("`{known}`")).collect();
    format!(
        "unknown option `{word}`; {hint}expected one of {}",
        known.join(", ")
    )
}
