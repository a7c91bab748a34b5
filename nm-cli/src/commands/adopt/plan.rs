//! Which keys become pools: all that has a key does, or nothing, so that whoever kept out of
//! each other's way still does.

use std::collections::{BTreeMap, BTreeSet};

use nm_runtime::inspect;
use nm_runtime::private::key;

use super::source::{Family, Key, Source, Undecided};

#[derive(Debug)]
pub struct Plan {
    /// The pool of each key that becomes one.
    pub pools: BTreeMap<Key, String>,
    /// What stays as it is, and why: by file and line.
    pub undecided: Vec<String>,
}

impl Plan {
    /// `configured` are the pools that the workspace has already.
    pub fn new(sources: &[Source], configured: &BTreeSet<String>) -> Self {
        let uses = || sources.iter().flat_map(|source| &source.uses);
        let keys: BTreeSet<Key> = uses().flat_map(|it| it.keys.clone()).collect();
        let mut undecided = Vec::new();
        let mut kept = BTreeSet::new();
        for source in sources {
            for it in source.undecided.iter().chain(&calls(source)) {
                undecided.push(said(source, it.line, &it.why));
                kept.extend(
                    it.keys
                        .clone()
                        .unwrap_or_else(|| keys.iter().cloned().collect()),
                );
            }
        }
        let mut pools = BTreeMap::new();
        for key in &keys {
            match pool(key, &keys).filter(|pool| !configured.contains(pool)) {
                Some(pool) if !pools.values().any(|other| *other == pool) => {
                    pools.insert(key.clone(), pool);
                }
                _ => {
                    undecided.push(format!(
                        "{}: no pool of a similar name is free; give these tests a pool by hand",
                        shown(key)
                    ));
                    kept.insert(key.clone());
                }
            }
        }
        // An attribute that keeps one of its keys keeps all of them.
        while let Some(held_back) = uses().find(|it| {
            let is_kept = |key: &Key| kept.contains(key);
            it.keys.iter().any(is_kept) && !it.keys.iter().all(is_kept)
        }) {
            kept.extend(held_back.keys.iter().cloned());
        }
        pools.retain(|key, _| !kept.contains(key));
        for source in sources {
            for it in &source.uses {
                let why = "it stays, as something else of its key does";
                let place = said(source, it.line, "");
                let is_said = undecided.iter().any(|said| said.starts_with(&place));
                if it.keys.iter().any(|key| kept.contains(key)) && !is_said {
                    undecided.push(said(source, it.line, why));
                }
            }
        }
        undecided.dedup();
        Self { pools, undecided }
    }
}

fn said(source: &Source, line: usize, why: &str) -> String {
    format!("{}:{line}: {why}", source.path.display())
}

/// Tests that call others of the same key.
fn calls(source: &Source) -> Vec<Undecided> {
    let mut found = Vec::new();
    for caller in &source.uses {
        for callee in &source.uses {
            let shares = callee.keys.iter().any(|key| caller.keys.contains(key));
            if shares && !callee.function.is_empty() && caller.calls.contains(&callee.function) {
                found.push(Undecided {
                    line: caller.line,
                    why: format!(
                        "it calls `{}`, which has the same key: pools are not reentrant",
                        callee.function
                    ),
                    keys: Some(caller.keys.clone()),
                });
            }
        }
    }
    found
}

/// What a key is in a message.
fn shown((family, key): &Key) -> String {
    let name = match family {
        Family::Process => "serial",
        Family::File => "file_serial",
    };
    match key.is_empty() {
        true => format!("`{name}`"),
        false => format!("`{name}({key})`"),
    }
}

/// The pool of a key: `db-main` of `dbMain`. That of `file_serial` says so only if there is
/// a `serial` of the same key.
fn pool(key: &Key, keys: &BTreeSet<Key>) -> Option<String> {
    let (family, text) = key;
    let mut pool = String::new();
    for c in text.chars() {
        let after_small = pool.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if c.is_ascii_uppercase() && after_small {
            pool.push('-');
        }
        pool.push(c.to_ascii_lowercase());
    }
    if text.is_empty() {
        pool.push_str("serial");
    }
    if *family == Family::File && keys.contains(&(Family::Process, text.clone())) {
        pool.push_str("-file");
    }
    let is_valid = inspect::check_pool(&pool).is_ok() && !key::is_across_processes(&pool);
    is_valid.then_some(pool)
}
