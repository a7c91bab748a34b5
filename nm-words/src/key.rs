//! The pools behind the keys of serial_test, and what a pool's name says of itself:
//! attributes, functions and commands must come to the same.

use std::fmt::Write;
use std::path::{Component, Path, PathBuf};

/// Of `serial` and `parallel`: each process takes a name of its own in it.
const IN_PROCESS: &str = "serial";
/// Of `file_serial` and `file_parallel`: one name for all processes.
const ACROSS: &str = "file-serial";
/// Of the same, with a `path`.
const AT_PATH: &str = "file-path";

/// An encoded key that is longer is replaced by its digest: with the prefix it is a
/// valid name of a pool.
const LONGEST: usize = 50;

/// So much of the name of a file stands before the digest of its path.
const LONGEST_FILE: usize = 18;

/// The pool of `#[serial(key)]`; of `#[serial]`, if the key is empty.
pub fn in_process(key: &str) -> String {
    pool(IN_PROCESS, key)
}

/// The pool of `#[file_serial(key)]`; of `#[file_serial]`, if the key is empty.
pub fn across_processes(key: &str) -> String {
    pool(ACROSS, key)
}

/// The pool of `#[file_serial(path => "..")]`, for an absolute path. Nothing need be there
/// yet, so its text alone decides: its digest stands behind the name of the file, which is
/// for people.
pub fn at_path(path: &Path) -> String {
    let mut straight = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                straight.pop();
            }
            Component::CurDir => {}
            component => straight.push(component),
        }
    }
    let file = straight.file_name().unwrap_or_default().to_string_lossy();
    let mut file = encoded(&file);
    file.truncate(LONGEST_FILE);
    if !file.is_empty() {
        file.insert(0, '-');
    }
    let digest = digest(&straight.to_string_lossy());
    format!("{AT_PATH}{file}{DIGEST}{digest:032x}")
}

/// The name of the file in the name of its pool, as far as it is there; `None` if it is no
/// pool of a path. Unlike the path, it is the same on every machine.
pub fn file_of(pool: &str) -> Option<&str> {
    let (file, _) = pool.strip_prefix(AT_PATH)?.rsplit_once(DIGEST)?;
    Some(file.strip_prefix('-').unwrap_or(file))
}

/// Whether this is a pool of `file_serial`. Nobody configures these: they have one name,
/// and all workspaces of a user share them, as the lock files of serial_test are shared.
pub fn is_across_processes(pool: &str) -> bool {
    [ACROSS, AT_PATH].iter().any(|prefix| {
        let rest = pool.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}

/// The attribute whose keys have pools like this one; `None` if it is no key's.
pub fn attribute_of(pool: &str) -> Option<&'static str> {
    match pool.strip_prefix(IN_PROCESS) {
        Some(rest) if rest.is_empty() || rest.starts_with('-') => Some("serial"),
        _ => is_across_processes(pool).then_some("file_serial"),
    }
}

fn pool(prefix: &str, key: &str) -> String {
    match key.is_empty() {
        true => prefix.to_owned(),
        false => format!("{prefix}-{}", encoded(key)),
    }
}

/// The key in what a pool's name may have, such that no two keys become one: `dbMain` is
/// `db-main`, and any other character is a number between `-0` and `-`.
fn encoded(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for c in key.chars() {
        match c {
            'a'..='z' | '0'..='9' | '_' => text.push(c),
            'A'..='Z' => text.extend(['-', c.to_ascii_lowercase()]),
            _ => {
                let _ = write!(text, "-0{:x}-", c as u32);
            }
        }
    }
    match text.len() > LONGEST {
        true => format!("{DIGEST}{:032x}", digest(key)),
        false => text,
    }
}

/// Before a digest: after a `-`, no key has a 9.
const DIGEST: &str = "-9";

/// FNV-1a, of 128 bits: two keys of one digest would merely wait for each other.
fn digest(key: &str) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    key.bytes().fold(OFFSET, |digest, byte| {
        (digest ^ u128::from(byte)).wrapping_mul(PRIME)
    })
}

#[cfg(test)]
mod tests {
    use super::{
        ACROSS, IN_PROCESS, across_processes, at_path, attribute_of, file_of, in_process,
        is_across_processes, pool,
    };
    use crate::name::check_pool;
    use std::path::Path;

    #[test]
    fn a_key_can_be_read_in_the_name_of_its_pool() {
        for (key, pool) in [
            ("", "serial"),
            ("db", "serial-db"),
            ("db_2", "serial-db_2"),
            ("dbMain", "serial-db-main"),
            ("DB", "serial--d-b"),
            ("a-b", "serial-a-02d-b"),
            ("r#type", "serial-r-023-type"),
            ("é", "serial--0e9-"),
        ] {
            assert_eq!(in_process(key), pool, "{key}");
        }
        assert_eq!(across_processes(""), "file-serial");
        assert_eq!(across_processes("db"), "file-serial-db");
    }

    #[test]
    fn a_path_is_a_digest_behind_the_name_of_its_file() {
        let of = |path: &str| at_path(Path::new(path));
        assert_eq!(of("/tmp/x"), of("/tmp/y/.././x"));
        assert_ne!(of("/tmp/x"), of("/tmp/y/x"));
        assert_ne!(of("/tmp/x"), of("/tmp/X"));
        for (path, file) in [
            ("/tmp/x", "x"),
            ("/tmp/Db.lock", "-db-02e-lock"),
            ("/", ""),
            ("/tmp/a-9b", "a-02d-9b"),
            ("/tmp/a_very_long_name_of_a_file", "a_very_long_name_o"),
        ] {
            let pool = of(path);
            assert_eq!(file_of(&pool), Some(file), "{pool}");
            assert_eq!(check_pool(&pool), Ok(()), "{pool}");
        }
        let long = across_processes(&"x".repeat(60));
        for pool in ["file-path", "file-path-x", "db", &long] {
            assert_eq!(file_of(pool), None, "{pool}");
        }
    }

    #[test]
    fn every_key_has_a_valid_pool_and_no_two_have_the_same() {
        let long = "x".repeat(51);
        let keys = [
            "",
            "a",
            "A",
            "-a",
            "_",
            "-",
            "02d",
            "-02d-",
            "9",
            "-9",
            "a b",
            "A_b",
            "aB",
            "a-b",
            "a--b",
            "path",
            "path-a",
            "/tmp/a",
            "ä",
            "\u{1f980}",
            &"x".repeat(50),
            &long,
            &long.to_uppercase(),
            &"日".repeat(40),
        ];
        let kinds = [IN_PROCESS, ACROSS];
        let pools = kinds
            .iter()
            .flat_map(|kind| keys.map(|key| pool(kind, key)));
        let mut pools: Vec<_> = pools.collect();
        for pool in &pools {
            assert_eq!(check_pool(pool), Ok(()), "{pool}");
        }
        pools.sort();
        pools.dedup();
        assert_eq!(pools.len(), 2 * keys.len());
    }

    #[test]
    fn a_pool_says_whether_it_spans_processes() {
        for pool in [
            &across_processes(""),
            &across_processes("A"),
            &at_path(Path::new("/")),
        ] {
            assert!(is_across_processes(pool), "{pool}");
        }
        for pool in ["db", "serial", "serial-file", "file-serials", "file"] {
            assert!(!is_across_processes(pool), "{pool}");
        }
        for (pool, attribute) in [
            (in_process(""), Some("serial")),
            (in_process("db"), Some("serial")),
            (across_processes("db"), Some("file_serial")),
            (at_path(Path::new("/a")), Some("file_serial")),
            ("serials".to_owned(), None),
        ] {
            assert_eq!(attribute_of(&pool), attribute, "{pool}");
        }
    }
}
