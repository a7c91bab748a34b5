//! What we build on: who it comes from, on what terms, and what it may run.
//!
//! Read from `cargo metadata`, of what this machine builds. Nothing here knows of
//! advisories or yanked versions: `cargo audit` does, where its database on GitHub
//! can be reached. Nor does anything read what a build script does: each new one
//! waits for a person who does.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;

/// All that users of the library build by our choice, and why.
const DIRECT: [(&str, &str, &str); 21] = [
    ("name-manager", "nm-macros", "ours"),
    ("name-manager", "nm-runtime", "ours"),
    (
        "nm-macros",
        "humantime",
        "durations, checked while compiling",
    ),
    ("nm-macros", "nm-words", "ours"),
    ("nm-macros", "proc-macro2", "tokens"),
    ("nm-macros", "quote", "tokens"),
    ("nm-macros", "syn", "tokens"),
    (
        "nm-os",
        "libc",
        "system calls that std has not, where `dirs` builds it anyway",
    ),
    ("nm-os", "once_cell", "values that are made once, or fail"),
    (
        "nm-os",
        "windows-sys",
        "the system calls of Windows, where `dirs` builds it anyway",
    ),
    ("nm-runtime", "ctor", "the one hook before `main`"),
    ("nm-runtime", "dirs", "where a user's own state lives"),
    ("nm-runtime", "hifijson", "records and journal"),
    ("nm-runtime", "humantime", "durations"),
    ("nm-runtime", "itoa", "numbers in records and journal"),
    ("nm-runtime", "nm-os", "ours"),
    ("nm-runtime", "nm-words", "ours"),
    (
        "nm-runtime",
        "once_cell",
        "values that are made once, or fail",
    ),
    ("nm-runtime", "toml_parser", "`Cargo.toml`"),
    ("nm-serial-test", "nm-macros", "ours"),
    ("nm-serial-test", "nm-runtime", "ours"),
];

/// Terms as packages write them.
const LICENCES: [&str; 19] = [
    "(MIT OR Apache-2.0) AND Unicode-3.0",
    "Apache-2.0",
    "Apache-2.0 AND ISC",
    "Apache-2.0 OR BSL-1.0 OR MIT",
    "Apache-2.0 OR ISC OR MIT",
    "Apache-2.0 OR MIT",
    "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
    "Apache-2.0/MIT",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT OR Apache-2.0",
    "MIT OR Apache-2.0 OR LGPL-2.1-or-later",
    "MIT OR Apache-2.0 OR Zlib",
    "Apache-2.0 OR MIT OR Zlib",
    "MIT/Apache-2.0",
    "Unlicense OR MIT",
    "Unlicense/MIT",
    "Zlib OR Apache-2.0 OR MIT",
];

/// Terms that only this package may have, which somebody has looked at.
const LICENCE_OF: [(&str, &str); 1] = [
    // Of `dirs`. Asks for its own files' source, and we change none.
    ("option-ext", "MPL-2.0"),
];

/// Whose build script somebody has read: none fetches anything.
const BUILD_SCRIPTS: [&str; 24] = [
    "async-io",
    "crossbeam-utils",
    "getrandom",
    "libc",
    "nix",
    "num-traits",
    "oid-registry",
    "parking_lot_core",
    "portable-atomic",
    "portable-atomic-util",
    "proc-macro2",
    "quote",
    "ring",
    "rstest_macros",
    "rustix",
    "rustls",
    "serde",
    "serde_core",
    "serde_json",
    "signal-hook",
    "thiserror",
    "zmij",
    "zerocopy",
    "rustversion",
];

/// What a user's build has besides a compiler: fewer is quicker and safer.
#[test]
fn users_build_what_we_chose_with_a_reason() {
    let metadata = Metadata::read();
    let mut found = BTreeSet::new();
    for package in metadata.ours() {
        let normal = package.dependencies.iter().filter(|on| on.kind.is_none());
        found.extend(normal.map(|on| (package.name.as_str(), on.name.as_str())));
    }
    let known = DIRECT.map(|(package, on, _)| (package, on));
    assert_eq!(found, known.into(), "say in DIRECT what each is for");
}

#[test]
fn nobody_builds_the_pools_that_are_made_for_tests() {
    let made_for_tests = "memory".to_owned();
    let metadata = Metadata::read();
    let mut asked = 0;
    for package in &metadata.packages {
        for on in package
            .dependencies
            .iter()
            .filter(|on| on.name == "nm-runtime")
        {
            let asks = on.features.contains(&made_for_tests);
            assert!(
                !asks || on.kind.as_deref() == Some("dev"),
                "{}",
                package.name
            );
            asked += usize::from(asks);
        }
        if package.name == "nm-runtime" {
            let turned_on = package.features.values().flatten();
            assert_eq!(turned_on.filter(|on| **on == made_for_tests).count(), 0);
        }
    }
    assert_eq!(asked, 1, "only the conformance suite asks for it");
}

#[test]
fn users_build_nothing_twice() {
    let metadata = Metadata::read();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for id in metadata.of_users() {
        let package = metadata.package(id);
        versions
            .entry(&package.name)
            .or_default()
            .insert(&package.version);
    }
    assert!(versions.len() > 15, "{versions:?}");
    versions.retain(|_, versions| versions.len() > 1);
    assert_eq!(versions, BTreeMap::new());
}

#[test]
fn every_package_has_terms_that_we_accept() {
    for package in Metadata::read().packages {
        let Some(licence) = package.license.as_deref() else {
            assert!(package.source.is_none(), "{} has no licence", package.name);
            continue;
        };
        let accepted =
            LICENCES.contains(&licence) || LICENCE_OF.contains(&(&package.name, licence));
        assert!(accepted, "{} {}: {licence}", package.name, package.version);
    }
}

#[test]
fn every_package_comes_from_the_registry_or_from_here() {
    for package in Metadata::read().packages {
        match package.source {
            Some(source) => assert!(
                source.starts_with("registry+"),
                "{}: {source}",
                package.name
            ),
            None => assert!(package.id.starts_with("path+"), "{}", package.id),
        }
    }
}

#[test]
fn no_unknown_build_script_runs() {
    for package in Metadata::read().packages {
        let kinds = package.targets.iter().flat_map(|target| &target.kind);
        let builds = kinds.into_iter().any(|kind| kind == "custom-build");
        let known = BUILD_SCRIPTS.contains(&package.name.as_str());
        assert!(
            !builds || known,
            "{} {} has a build script: read it, then add it",
            package.name,
            package.version
        );
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    source: Option<String>,
    license: Option<String>,
    targets: Vec<Target>,
    dependencies: Vec<Dependency>,
    features: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// Nothing for a normal one.
    kind: Option<String>,
    features: Vec<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    kind: Option<String>,
}

impl Metadata {
    /// Of this machine's kind: the sources of other systems' packages are not here.
    fn read() -> Self {
        let host = output(Command::new("rustc").arg("-vV"));
        let host = host.lines().find_map(|line| line.strip_prefix("host: "));
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["metadata", "--format-version=1", "--offline"]);
        let text = output(cargo.args(["--filter-platform", host.unwrap()]));
        serde_json::from_str(&text).unwrap()
    }

    /// The packages that users of the library depend on.
    fn ours(&self) -> impl Iterator<Item = &Package> {
        let library = [
            "name-manager",
            "nm-macros",
            "nm-os",
            "nm-runtime",
            "nm-serial-test",
            "nm-words",
        ];
        self.packages
            .iter()
            .filter(move |package| library.contains(&package.name.as_str()))
    }

    /// All that users of the library build.
    fn of_users(&self) -> BTreeSet<&str> {
        let root = self
            .packages
            .iter()
            .find(|package| package.name == "name-manager");
        let mut found = BTreeSet::new();
        let mut next = vec![root.unwrap().id.as_str()];
        while let Some(id) = next.pop() {
            if !found.insert(id) {
                continue;
            }
            let node = self.resolve.nodes.iter().find(|node| node.id == id);
            for edge in &node.unwrap().deps {
                let is_dev = |kind: &EdgeKind| kind.kind.as_deref() == Some("dev");
                if !edge.dep_kinds.iter().all(is_dev) {
                    next.push(&edge.pkg);
                }
            }
        }
        found
    }

    fn package(&self, id: &str) -> &Package {
        self.packages
            .iter()
            .find(|package| package.id == id)
            .unwrap()
    }
}

fn output(command: &mut Command) -> String {
    let output = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}
