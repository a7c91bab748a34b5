//! The address of a server, and what tells projects apart there.

use std::fmt;
use std::path::{Path, PathBuf};

/// A server's address, which has a password in it: never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address(String);

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// Whether this is, or begins as, the address of a server.
pub(crate) fn is_address(text: &str) -> bool {
    let text = text.trim_start();
    let begins = |scheme: &&str| {
        let start = text.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    SCHEMES.iter().any(begins)
}

impl Address {
    /// `None` if it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_one = SCHEMES.iter().any(|scheme| text.starts_with(scheme));
        is_one.then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The same for all who mean the same server and user, whatever their password.
    fn without_password(&self) -> String {
        let (address, query) = self.0.split_once('?').unwrap_or((&self.0, ""));
        let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = match host.rsplit_once('@') {
            Some((user, host)) => {
                let user = user.split(':').next().unwrap_or_default();
                format!("{user}@{host}")
            }
            None => host.to_owned(),
        };
        let query: Vec<_> = query
            .split('&')
            .filter(|part| !part.is_empty() && !part.starts_with("password="))
            .collect();
        format!("{scheme}://{host}/{path}?{}", query.join("&"))
    }

    /// The directory of this machine's agent for this server. Another one after the machine was
    /// started anew, and on each machine that shares the base, or has restored it from a cache:
    /// those see nothing of each other's locks, and would take their holders for dead.
    pub(crate) fn dir(&self, base: &Path) -> PathBuf {
        let hash = fnv(format!("{} {}", self.without_password(), boot()).as_bytes());
        base.join(SERVERS).join(format!("{hash:016x}"))
    }
}

/// In a state directory: the agents' directories.
const SERVERS: &str = "servers";

/// Differs between machines, and with each start of one; empty where the system does not say.
fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

/// FNV-1a.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// What is wrong with a space, if anything.
pub(crate) fn check_space(space: &str) -> std::result::Result<(), &'static str> {
    let is_shown = |c: char| !c.is_control() && !c.is_whitespace();
    match space.len() {
        1..=200 if space.chars().all(is_shown) => Ok(()),
        _ => Err("1 to 200 bytes without white space, like \"acme/shop\""),
    }
}

/// A repository's address as a space: `github.com/acme/shop`.
pub(crate) fn space_of_repository(address: &str) -> Option<String> {
    let rest = address
        .split_once("://")
        .map_or(address, |(_, rest)| rest)
        .split(['?', '#'])
        .next()
        .unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let space = format!("{host}/{path}");
    let space = space.trim_end_matches('/');
    check_space(space).is_ok().then(|| space.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_neither_shown_nor_part_of_what_tells_servers_apart() {
        let dir = |address: &str| {
            let address = Address::parse(address).unwrap();
            assert!(!format!("{address:?}").contains("db.example.org"));
            address.dir(Path::new("/b"))
        };
        let one = dir("postgres://ci:secret@db.example.org:5432/names?sslmode=require");
        assert_eq!(one.parent(), Some(Path::new("/b/servers")));
        for same in [
            "postgres://ci:other@db.example.org:5432/names?sslmode=require",
            "postgres://ci:with@sign@db.example.org:5432/names?sslmode=require",
            "postgres://ci@db.example.org:5432/names?password=x&sslmode=require",
        ] {
            assert_eq!(dir(same), one, "{same}");
        }
        for other in [
            "postgres://cd:secret@db.example.org:5432/names?sslmode=require",
            "postgres://ci:secret@db.example.org:5432/other?sslmode=require",
            "postgres://ci:secret@db.example.com:5432/names?sslmode=require",
        ] {
            assert_ne!(dir(other), one, "{other}");
        }
        assert_eq!(fnv(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(Address::parse("mysql://db"), None);
    }

    #[test]
    fn a_repository_is_a_space_however_it_is_reached() {
        for address in [
            "https://github.com/acme/shop",
            "https://github.com/acme/shop/",
            "https://github.com/acme/shop.git",
            "ssh://git@github.com/acme/shop.git",
            "https://me:secret@github.com/acme/shop?x#readme",
        ] {
            let space = space_of_repository(address);
            assert_eq!(space.as_deref(), Some("github.com/acme/shop"), "{address}");
        }
        assert_eq!(space_of_repository(""), None);
        assert_eq!(space_of_repository("two words"), None);
    }
}
