//! What groups are called: the same on every machine, since nextest's configuration is
//! committed.

use std::collections::BTreeMap;

use nm_runtime::private::key;

use crate::groups::pools::Pools;

/// The identifier of each bounded pool. Pools have no capitals, so an identifier with some is
/// never that of another pool.
pub fn of<'a>(pools: &Pools<'a>) -> BTreeMap<&'a str, String> {
    let mut ids = BTreeMap::new();
    let mut at_paths: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for pool in pools.bounded() {
        match key::file_of(pool) {
            Some(file) => {
                let tests = pools
                    .members(pool)
                    .map(|(test, _)| (&test.binary, &test.test));
                at_paths.entry(file).or_default().push((tests.min(), pool));
            }
            None if pool.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                ids.insert(pool, pool.to_owned());
            }
            None => {
                ids.insert(pool, format!("Pool-{pool}"));
            }
        }
    }
    // Paths differ between machines, but tests do not.
    for (file, mut pools) in at_paths {
        pools.sort();
        for (index, (_, pool)) in pools.into_iter().enumerate() {
            ids.insert(pool, numbered(format!("Path-{file}"), "Other", index));
        }
    }
    ids
}

/// The identifier of one of a pool's groups.
pub fn part(pool: &str, index: usize) -> String {
    numbered(pool.to_owned(), "Part", index)
}

fn numbered(id: String, word: &str, index: usize) -> String {
    match index {
        0 => id,
        more => format!("{id}-{word}-{}", more + 1),
    }
}
