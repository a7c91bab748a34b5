//! `{name}`, `{index}` and `{pool}` in the arguments of a command.

use std::ffi::{OsStr, OsString};

use nm_runtime::Lease;

/// Replaces them. Of several names each stands for all, separated by commas;
/// `{db.name}` and `{db.index}` are those of pool `db`. The contents of a name are
/// never replaced again, and other braces stay as they are.
pub fn fill(text: &str, leases: &[Lease]) -> String {
    fill_with(text, |key| value(key, leases))
}

/// Replaces each key by its value; keys without one stay as they are.
pub fn fill_with(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        filled.push_str(before);
        let value = from.find('}').and_then(|end| {
            let value = value(&from[1..end])?;
            Some((value, &from[end + 1..]))
        });
        match value {
            Some((value, after)) => {
                filled.push_str(&value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = &from[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// An argument that is not UTF-8 stays as it is.
pub fn fill_os(text: &OsStr, leases: &[Lease]) -> OsString {
    match text.to_str() {
        Some(text) => fill(text, leases).into(),
        None => text.to_owned(),
    }
}

fn value(key: &str, leases: &[Lease]) -> Option<String> {
    let (pool, key) = match key.rsplit_once('.') {
        Some((pool, key)) => (Some(pool), key),
        None => (None, key),
    };
    let of_pool = |lease: &&Lease| pool.is_none_or(|pool| lease.pool() == pool);
    let mut values: Vec<String> = Vec::new();
    for lease in leases.iter().filter(of_pool) {
        match key {
            "name" => values.push(lease.name().to_owned()),
            "index" => values.push(lease.index().to_string()),
            "pool" if values.last().is_some_and(|last| last == lease.pool()) => {}
            "pool" => values.push(lease.pool().to_owned()),
            _ => return None,
        }
    }
    (!values.is_empty()).then(|| values.join(","))
}
