use std::collections::BTreeMap;
#[cfg(test)]
use std::path::Path;
use std::path::PathBuf;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A build, as `cargo nextest list --message-format json` describes it, or a [`Binaries`].
#[derive(Debug, Deserialize)]
pub struct Build {
    #[serde(rename = "rust-build-meta")]
    meta: Meta,
    #[serde(rename = "rust-suites", alias = "rust-binaries")]
    suites: BTreeMap<String, Suite>,
}

/// A test binary.
#[derive(Clone, Debug, Deserialize)]
pub struct Suite {
    /// `package`, `package::test` or `package::kind/name`.
    #[serde(rename = "binary-id")]
    pub id: String,
    #[serde(rename = "binary-path")]
    pub path: PathBuf,
    /// The package's directory.
    pub cwd: PathBuf,
    /// `listed`, or why its tests were not.
    #[serde(default)]
    status: String,
    /// `None` if it is not known which tests it has now.
    #[serde(rename = "testcases", default)]
    tests: Option<BTreeMap<String, IgnoredAny>>,
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
    /// Those that may have tests which nextest runs.
    pub fn suites(&self) -> impl Iterator<Item = &Suite> {
        let may_have = |suite: &&Suite| {
            let is_empty = suite.tests.as_ref().is_some_and(BTreeMap::is_empty);
            !is_empty && !suite.status.starts_with("skipped")
        };
        self.suites.values().filter(may_have)
    }

    /// The paths of all test binaries.
    pub fn binaries(&self) -> Vec<PathBuf> {
        let suites = self.suites.values();
        suites.map(|suite| suite.path.clone()).collect()
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
        paths.extend(self.compiler_libraries().cloned());
        paths
    }

    /// Whether the compiler is still where it was.
    pub fn has_compiler(&self) -> bool {
        self.compiler_libraries().all(|dir| dir.is_dir())
    }

    fn compiler_libraries(&self) -> impl Iterator<Item = &PathBuf> {
        let all = self.meta.platforms.iter();
        let all = all.flat_map(|platforms| platforms.targets.iter().chain([&platforms.host]));
        all.filter_map(|platform| platform.libdir.as_ref()?.path.as_ref())
    }
}

impl Suite {
    /// Whether it is known which tests it has.
    pub fn is_listed(&self) -> bool {
        self.tests.is_some()
    }

    /// The same with these tests.
    pub fn with(&self, tests: impl Iterator<Item = String>) -> Self {
        Self {
            tests: Some(tests.map(|test| (test, IgnoredAny)).collect()),
            ..self.clone()
        }
    }

    /// The tests of a function: itself, or its cases (rstest, test-case), which
    /// stand in a module of its name.
    pub fn cases<'a>(&'a self, function: &'a str) -> impl Iterator<Item = &'a str> {
        let tests = self.tests.as_ref();
        let itself = tests.and_then(|tests| tests.get_key_value(function));
        let itself = itself.map(|(name, _)| name);
        let module = format!("{function}::");
        let cases = tests.into_iter().flat_map(BTreeMap::keys);
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
            status: "listed".to_owned(),
            tests: None,
        }
        .with(tests.iter().map(|test| test.to_string()))
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
