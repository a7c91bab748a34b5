use std::collections::BTreeMap;
#[cfg(test)]
use std::path::Path;
use std::path::PathBuf;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A build, as `cargo nextest list --message-format json` describes it.
#[derive(Debug, Deserialize)]
pub struct Build {
    #[serde(rename = "rust-build-meta")]
    meta: Meta,
    #[serde(rename = "rust-suites")]
    suites: BTreeMap<String, Suite>,
}

/// A test binary.
#[derive(Debug, Deserialize)]
pub struct Suite {
    /// `package`, `package::test` or `package::kind/name`.
    #[serde(rename = "binary-id")]
    pub id: String,
    #[serde(rename = "binary-path")]
    pub path: PathBuf,
    /// The package's directory.
    pub cwd: PathBuf,
    #[serde(rename = "testcases")]
    tests: BTreeMap<String, IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Meta {
    #[serde(rename = "target-directory")]
    target_directory: PathBuf,
    #[serde(rename = "linked-paths", default)]
    linked_paths: Vec<PathBuf>,
    #[serde(rename = "base-output-directories", default)]
    output_directories: Vec<PathBuf>,
    platforms: Option<Platforms>,
}

#[derive(Debug, Deserialize)]
struct Platforms {
    host: Platform,
    #[serde(default)]
    targets: Vec<Platform>,
}

#[derive(Debug, Deserialize)]
struct Platform {
    libdir: Option<LibDir>,
}

#[derive(Debug, Deserialize)]
struct LibDir {
    path: Option<PathBuf>,
}

/// A build that was listed, as `cargo nextest run --binaries-metadata` reads it.
#[derive(Deserialize, Serialize)]
pub struct Binaries {
    #[serde(rename = "rust-build-meta")]
    meta: Value,
    #[serde(rename(deserialize = "rust-suites", serialize = "rust-binaries"))]
    binaries: BTreeMap<String, Binary>,
}

/// A test binary, without its tests: nextest lists them again.
#[derive(Deserialize, Serialize)]
struct Binary {
    #[serde(skip_serializing, rename = "testcases")]
    _tests: IgnoredAny,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl Build {
    /// Those whose tests nextest knows.
    pub fn suites(&self) -> impl Iterator<Item = &Suite> {
        self.suites.values().filter(|suite| !suite.tests.is_empty())
    }

    /// Where the binaries find shared libraries.
    pub fn library_paths(&self) -> Vec<PathBuf> {
        let target = &self.meta.target_directory;
        let within = |path: &PathBuf| target.join(path);
        let mut paths: Vec<_> = self.meta.linked_paths.iter().map(within).collect();
        for output in &self.meta.output_directories {
            paths.push(target.join(output).join("deps"));
            paths.push(target.join(output));
        }
        if let Some(platforms) = &self.meta.platforms {
            let all = platforms.targets.iter().chain([&platforms.host]);
            let dirs = all.filter_map(|platform| platform.libdir.as_ref()?.path.clone());
            paths.extend(dirs);
        }
        paths
    }
}

impl Suite {
    /// The tests of a function: itself, or its cases (rstest, test-case), which
    /// stand in a module of its name.
    pub fn cases<'a>(&'a self, function: &'a str) -> impl Iterator<Item = &'a str> {
        let itself = self.tests.get_key_value(function).map(|(name, _)| name);
        let module = format!("{function}::");
        let cases = self.tests.keys();
        let cases = cases.filter(move |name| itself.is_none() && name.starts_with(&module));
        itself.into_iter().chain(cases).map(String::as_str)
    }

    /// For tests of grouping.
    #[cfg(test)]
    pub fn new(id: &str, path: &Path, tests: &[&str]) -> Self {
        Self {
            id: id.to_owned(),
            path: path.to_owned(),
            cwd: path.to_owned(),
            tests: tests
                .iter()
                .map(|test| (test.to_string(), IgnoredAny))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_stand_in_a_module_of_the_functions_name() {
        let tests = ["a", "a::x", "b::case_1", "b::case_2", "bb::case_1"];
        let suite = Suite::new("p", Path::new("p"), &tests);
        assert_eq!(suite.cases("a").collect::<Vec<_>>(), ["a"]);
        assert_eq!(
            suite.cases("b").collect::<Vec<_>>(),
            ["b::case_1", "b::case_2"]
        );
        assert_eq!(suite.cases("c").count(), 0);
    }
}
