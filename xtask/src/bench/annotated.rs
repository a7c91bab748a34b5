//! Test binaries with the same tests: bare, with `#[file_serial]`, and with
//! `#[shared_resource]`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use crate::bench::package::Package;
use crate::bench::peer::{OURS, Peer, SERIAL_TEST};
use crate::result::Result;

/// With how many tests there is a binary.
pub const SIZES: [usize; 3] = [1, 100, 1000];

/// What stands above each test.
pub struct Annotation {
    pub title: &'static str,
    package: &'static str,
    peer: Option<Peer>,
    attribute: &'static str,
    parameter: &'static str,
}

/// The tests alone, which all others are compared with.
pub const BARE: usize = 0;
pub const FILE_SERIAL: usize = 1;
pub const SHARED_RESOURCE: usize = 2;

pub const ALL: [Annotation; 4] = [
    Annotation {
        title: "bare tests, no dependency",
        package: "bare",
        peer: None,
        attribute: "",
        parameter: "",
    },
    Annotation {
        title: "serial_test `#[file_serial]`",
        package: "file-serial",
        peer: Some(SERIAL_TEST),
        attribute: "#[serial_test::file_serial(db)]\n",
        parameter: "",
    },
    Annotation {
        title: "**name-manager** `#[shared_resource]`",
        package: "shared-resource",
        peer: Some(OURS),
        attribute: "#[name_manager::shared_resource(pool = \"db\", max = 2)]\n",
        parameter: "",
    },
    Annotation {
        title: "the same, with a parameter `db: Lease`",
        package: "shared-resource-lease",
        peer: Some(OURS),
        attribute: "#[name_manager::shared_resource(pool = \"db\", max = 2)]\n",
        parameter: "db: name_manager::Lease",
    },
];

impl Annotation {
    /// With binaries `none`, and `tests_1` and so on.
    pub fn package(&self) -> Result<Package> {
        let package = Package::of_users(self.package, self.peer.as_slice())?;
        package.write("tests/none.rs", "")?;
        for size in SIZES {
            package.write(&Self::file(size), &self.tests(size))?;
        }
        Ok(package)
    }

    pub fn file(size: usize) -> String {
        format!("tests/tests_{size}.rs")
    }

    /// One more, that is bare in any case.
    fn tests(&self, size: usize) -> String {
        let mut text = "#[test]\nfn free() {}\n".to_owned();
        for test in 0..size {
            let (attribute, parameter) = (self.attribute, self.parameter);
            let used = match parameter.split_once(':') {
                Some((name, _)) => format!("assert!({name}.index() < 2);"),
                None => String::new(),
            };
            let _ = writeln!(
                text,
                "{attribute}#[test]\nfn test_{test}({parameter}) {{ {used} }}"
            );
        }
        text
    }
}

/// Builds the package's test binaries, and says where they are.
pub fn build(package: &Package) -> Result<BTreeMap<String, PathBuf>> {
    let mut cargo = package.cargo();
    let output = cargo
        .args(["test", "--no-run", "--quiet", "--message-format=json"])
        .output()?;
    if !output.status.success() {
        return Err(format!("{cargo:?}: {}", String::from_utf8_lossy(&output.stdout)).into());
    }
    let mut binaries = BTreeMap::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: serde_json::Value = serde_json::from_str(line)?;
        let name = message["target"]["name"].as_str();
        if let (Some(name), Some(path)) = (name, message["executable"].as_str()) {
            binaries.insert(name.to_owned(), path.into());
        }
    }
    Ok(binaries)
}
