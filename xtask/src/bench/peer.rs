//! What name-manager is compared with.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::result::Result;

/// A name that the program of `xtask/peers` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    pub name: &'static str,
    /// As it is called in tables.
    pub title: &'static str,
    pub has_readers: bool,
    pub has_pools: bool,
}

pub const FLOCK: Peer = Peer {
    name: "flock",
    title: "`flock`, nothing else",
    has_readers: true,
    has_pools: false,
};

pub const SERIAL_TEST: Peer = Peer {
    name: "serial_test",
    title: "serial_test `file_serial`",
    ..FLOCK
};

pub const OURS: Peer = Peer {
    name: "name-manager",
    title: "**name-manager**",
    has_readers: true,
    has_pools: true,
};

/// The package that takes serial_test's place.
pub const DROP_IN: Peer = Peer {
    name: "nm-serial-test",
    title: "**nm-serial-test**, in its place",
    ..OURS
};

/// A limit: what name-manager asks of the system, and nothing of its own.
pub const CALLS: Peer = Peer {
    name: "calls",
    title: "name-manager's system calls alone",
    has_readers: false,
    has_pools: false,
};

/// All that lock, the limit first.
pub const ALL: [Peer; 6] = [
    FLOCK,
    Peer {
        name: "std",
        title: "std `File::lock`",
        ..FLOCK
    },
    Peer {
        name: "fd-lock",
        title: "fd-lock",
        ..FLOCK
    },
    Peer {
        name: "named-lock",
        title: "named-lock",
        has_readers: false,
        ..FLOCK
    },
    SERIAL_TEST,
    OURS,
];

impl Peer {
    /// Whether this repository has it.
    pub fn is_ours(self) -> bool {
        self == OURS || self == DROP_IN
    }

    /// As a line of a manifest's dependencies.
    pub fn in_manifest(self) -> String {
        match self.name {
            "name-manager" => format!("name-manager = {{ path = {:?} }}", repository()),
            "nm-serial-test" => {
                let path = repository().join("nm-serial-test");
                format!("serial_test = {{ package = \"nm-serial-test\", path = {path:?} }}")
            }
            "serial_test" => {
                "serial_test = { version = \"4.0\", features = [\"file_locks\"] }".to_owned()
            }
            "fd-lock" => "fd-lock = \"4.0\"".to_owned(),
            "named-lock" => "named-lock = \"0.4\"".to_owned(),
            _ => String::new(),
        }
    }
}

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The directory for everything that the benchmarks build.
pub fn target() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    repository().join(target).join("bench")
}

/// Builds the peers, and answers with their program.
pub fn build() -> Result<PathBuf> {
    let target = target().join("peers");
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--manifest-path"])
        .arg(manifest())
        .arg("--target-dir")
        .arg(&target)
        .status()?;
    match status.success() {
        true => Ok(target.join("release/peers")),
        false => Err(format!("the peers could not be built: {status}").into()),
    }
}

fn manifest() -> PathBuf {
    repository().join("xtask/peers/Cargo.toml")
}

/// The versions with which [`build`] built.
pub fn lock_file() -> PathBuf {
    manifest().with_file_name("Cargo.lock")
}
