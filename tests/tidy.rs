//! The repository's own rules.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGES: [&str; 11] = [
    "",
    "nm-agent",
    "nm-cli",
    "nm-macros",
    "nm-os",
    "nm-postgres",
    "nm-register",
    "nm-runtime",
    "nm-serial-test",
    "nm-words",
    "xtask",
];

/// Where `unsafe` may stand: code before `main`, what the linker gathers, changes of the
/// environment, calls into libc and of Windows, and descriptors without an owner.
const UNSAFE: [&str; 18] = [
    "nm-runtime/src/modes/before_main.rs",
    "nm-runtime/src/declared/section.rs",
    "nm-runtime/src/identity/alone.rs",
    "nm-os/src/unix/calls.rs",
    "nm-os/src/unix/kinfo.rs",
    "nm-os/src/unix/kqueue.rs",
    "nm-os/src/unix/process.rs",
    "nm-os/src/windows/console.rs",
    "nm-os/src/windows/file_info.rs",
    "nm-os/src/windows/generations.rs",
    "nm-os/src/windows/job.rs",
    "nm-os/src/windows/lock.rs",
    "nm-os/src/windows/owner.rs",
    "nm-os/src/windows/pipe.rs",
    "nm-os/src/windows/process.rs",
    "nm-os/src/windows/spawn.rs",
    "nm-os/src/windows/wait.rs",
    "nm-os/src/windows/watcher.rs",
];

#[test]
fn packages_pin_each_other_and_share_one_version() {
    let version = version();
    for package in PACKAGES {
        let manifest = read(&Path::new(package).join("Cargo.toml"));
        assert!(manifest.contains("version.workspace = true"), "{package}");
        for line in manifest.lines() {
            let Some(pinned) = line.split("version = \"=").nth(1) else {
                continue;
            };
            let pinned = pinned.split('"').next().unwrap();
            assert_eq!(pinned, version, "{package}: {line}");
        }
    }
    for (package, pins) in [
        ("", 2),
        ("nm-agent", 2),
        ("nm-cli", 4),
        ("nm-macros", 1),
        ("nm-postgres", 1),
        ("nm-runtime", 2),
        ("nm-serial-test", 2),
    ] {
        let manifest = read(&Path::new(package).join("Cargo.toml"));
        let found = manifest.matches("version = \"=").count();
        assert_eq!(found, pins, "{package}: packages pinned with `=`");
    }
}

#[test]
fn what_is_fuzzed_is_built_like_what_is_used() {
    for package in ["nm-cli", "nm-macros"] {
        let fuzzed = read(&Path::new("fuzz").join(package).join("Cargo.toml"));
        let fuzzed = dependencies(&fuzzed.replace("path = \"../", "path = \""));
        let used = dependencies(&read(&Path::new(package).join("Cargo.toml")));
        assert!(used.len() > 3, "{package}: {used:?}");
        // What its feature `server` builds: it is fuzzed without.
        let of_server = |line: &&String| {
            let mut keys = ["nm-agent", "nm-postgres", "tokio"].into_iter();
            package == "nm-cli" && keys.any(|key| line.starts_with(&format!("{key} = ")))
        };
        let missing = used.difference(&fuzzed).filter(|line| !of_server(line));
        let missing: Vec<_> = missing.collect();
        assert!(missing.is_empty(), "fuzz/{package}: {missing:?}");
    }
}

#[test]
fn private_code_bears_the_patch_version() {
    let version = version();
    let patch = version.rsplit('.').next().unwrap();
    let private = format!("pub use nm_runtime::private as __private{patch};");
    assert!(
        read(Path::new("src/lib.rs")).contains(&private),
        "{private}"
    );
}

#[test]
fn the_changelog_has_the_current_version() {
    let heading = format!("## {}", version());
    let changelog = read(Path::new("CHANGELOG.md"));
    let mut headings = changelog.lines().filter(|line| line.starts_with("## "));
    let first = headings.next().unwrap();
    assert!(first.starts_with(&heading), "{first:?}, not {heading:?}");
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    // Taken apart, or this file would be the first that does.
    let forbidden = [
        ["/ro", "ot/"],
        ["/ho", "me/"],
        ["/wo", "rk/"],
        ["crates", ".io"],
        ["docs", ".rs/"],
        ["lib", ".rs/"],
        ["pypi", ".org"],
        ["npmjs", ".org"],
        ["deb", "ian.org"],
        ["shields", ".io"],
    ]
    .map(|parts| parts.concat());
    for path in files() {
        let Ok(text) = fs::read_to_string(root().join(&path)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            for word in &forbidden {
                assert!(
                    !line.contains(word),
                    "{}:{}: {line}",
                    path.display(),
                    number + 1
                );
            }
        }
    }
}

#[test]
fn every_variable_is_in_platform_md() {
    let platform = read(Path::new("PLATFORM.md"));
    let source = read(Path::new("nm-runtime/src/config/variables.rs"));
    let mut variables = BTreeSet::new();
    for (table, prefix) in [
        ("GLOBAL", "NAME_MANAGER_"),
        ("OWN", "NAME_MANAGER_"),
        ("OF_POOL", "NAME_MANAGER_POOL_{POOL}_"),
    ] {
        let keys = table_of(&source, table);
        assert!(!keys.is_empty(), "variables.rs has no table {table}");
        variables.extend(keys.iter().map(|key| format!("`{prefix}{key}`")));
    }
    for variable in variables {
        assert!(platform.contains(&variable), "PLATFORM.md lacks {variable}");
    }
}

#[test]
fn every_file_of_a_pool_is_in_platform_md() {
    let platform = read(Path::new("PLATFORM.md"));
    for path in files().iter().filter(|path| is_runtime(path)) {
        let source = read(path);
        for line in source.lines().filter(|line| line.contains(": &str = \"")) {
            let name = line.split('"').nth(1).unwrap();
            let is_file = [".lock", ".json", ".jsonl"]
                .iter()
                .any(|end| name.ends_with(end));
            assert!(
                !is_file || platform.contains(name),
                "PLATFORM.md lacks {name}, of {}",
                path.display()
            );
        }
    }
}

#[test]
fn unsafe_stands_where_it_is_allowed() {
    let mut found = BTreeSet::new();
    for path in files() {
        if path.extension().is_some_and(|end| end == "rs") && has_unsafe(&read(&path)) {
            found.insert(path.to_str().unwrap().to_owned());
        }
    }
    assert_eq!(found, UNSAFE.map(str::to_owned).into());
    for root in [
        "src/lib.rs",
        "nm-agent/src/lib.rs",
        "nm-macros/src/lib.rs",
        "nm-postgres/src/lib.rs",
        "nm-register/src/lib.rs",
        "nm-serial-test/src/lib.rs",
        "nm-words/src/lib.rs",
        "nm-cli/src/main.rs",
        "xtask/src/main.rs",
    ] {
        let text = read(Path::new(root));
        assert!(text.contains("#![forbid(unsafe_code)]"), "{root}");
    }
    for root in ["nm-os/src/lib.rs", "nm-runtime/src/lib.rs"] {
        let text = read(Path::new(root));
        assert!(text.contains("#![deny(unsafe_code)]"), "{root}");
    }
}

#[test]
fn dependencies_need_no_newer_rust_than_we_say() {
    let (metadata, ours) = (metadata(), rust_version());
    assert!(metadata.packages.len() > 20, "{}", metadata.packages.len());
    for package in metadata.packages {
        let Some(needs) = package.rust_version else {
            continue;
        };
        assert!(
            parts(&needs) <= parts(&ours),
            "{} {} needs Rust {needs}, name-manager says {ours}",
            package.name,
            package.version
        );
    }
}

#[test]
fn the_guide_and_ci_run_the_same_commands() {
    let (guide, ci) = (read(Path::new("README.md")), read(Path::new(".ci/run")));
    assert!(guide.contains("\ncargo test --workspace "));
    assert!(ci.contains("\nstep cargo test --workspace\n"));
    for example in fs::read_dir(root().join("examples")).unwrap() {
        let path = example.unwrap().path();
        if path.extension().is_some_and(|end| end == "rs") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let command = format!("cargo run --example {name}");
            assert!(guide.contains(&command), "README.md lacks `{command}`");
        }
    }
}

#[test]
fn links_lead_to_files_that_are_there() {
    let pages = files().into_iter().filter(|path| ends_in(path, "md"));
    for page in pages {
        let text = read(&page);
        for link in text.split("](").skip(1) {
            let link = link.split([')', '#']).next().unwrap();
            if link.is_empty() || link.contains("://") {
                continue;
            }
            let target = root().join(&page).with_file_name(link);
            assert!(target.exists(), "{}: {link}", page.display());
        }
    }
}

/// Pages that name paths, tests and commands of this repository.
const MAPS: [&str; 4] = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "RELIABILITY.md",
    CASES,
];

/// What was tried, in tables: what, where it was found, a verdict, and what keeps it so.
const CASES: &str = "tests/CASES.md";

#[test]
fn paths_on_the_maps_exist() {
    for page in MAPS {
        let spans = code_spans(&read(Path::new(page)));
        let paths: Vec<_> = spans.iter().filter(|span| is_path(span)).collect();
        assert!(paths.len() > 10, "{page}: {paths:?}");
        for path in paths.into_iter().flat_map(|path| alternatives(path)) {
            let exists = ["", "nm-runtime/src"]
                .iter()
                .any(|base| root().join(base).join(&path).exists());
            assert!(exists, "{page}: there is no `{path}`");
        }
    }
}

#[test]
fn every_folder_of_the_engine_is_on_the_map() {
    let map = read(Path::new("ARCHITECTURE.md"));
    for entry in fs::read_dir(root().join("nm-runtime/src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            !path.is_dir() || map.contains(&format!("`{name}`")),
            "ARCHITECTURE.md lacks `{name}`"
        );
    }
}

#[test]
fn tests_on_the_maps_exist() {
    let is_test = |span: &&String| {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        span.chars().all(is_name) && span.matches('_').count() > 2
    };
    let rust = files().into_iter().filter(|path| ends_in(path, "rs"));
    let sources: String = rust.map(|path| read(&path)).collect();
    let mut found = 0;
    for page in MAPS {
        for test in code_spans(&read(Path::new(page))).iter().filter(is_test) {
            assert!(
                sources.contains(&format!("fn {test}("))
                    || sources.contains(&format!("fn {test}<")),
                "{page}: there is no test `{test}`"
            );
            found += 1;
        }
    }
    assert!(found > 5, "{found}");
}

#[test]
fn every_case_names_the_test_or_the_page_that_keeps_it_so() {
    let page = read(Path::new(CASES));
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let rows = rows.map(|row| row.trim_end_matches(" |").split(" | ").collect::<Vec<_>>());
    let (counts, cases): (Vec<_>, Vec<_>) = rows.partition(|row| row.len() == 3);
    let mut verdicts = BTreeMap::new();
    for case in cases {
        let &[what, source, verdict, kept_by] = case.as_slice() else {
            panic!("{CASES}: expected four columns: {case:?}");
        };
        if verdict == "verdict" {
            continue; // the head of a table
        }
        assert!(what.ends_with('.') && !source.is_empty(), "{CASES}: {what}");
        let (paths, tests): (Vec<_>, Vec<_>) =
            code_spans(kept_by).into_iter().partition(|it| is_path(it));
        let has = |is: fn(&str) -> bool| paths.iter().any(|path| is(path));
        let is_said = has(|path| path.ends_with(".md"));
        let is_tested = has(|path| path.starts_with("tests/ui/")) || !tests.is_empty();
        let enough = match verdict {
            "right" | "refused" => is_tested,
            "limit" => is_said,
            "open" => is_said || is_tested || kept_by == "none yet",
            _ => panic!("{CASES}: {what}: there is no verdict `{verdict}`"),
        };
        assert!(enough, "{CASES}: {what}: nothing keeps it {verdict}");
        let sources: String = paths.iter().map(|path| read(Path::new(path))).collect();
        for test in tests {
            let is_there = ["(", "<"].map(|next| sources.contains(&format!("fn {test}{next}")));
            assert!(
                is_there.contains(&true),
                "{CASES}: there is no `{test}` there"
            );
        }
        *verdicts.entry(verdict).or_insert(0) += 1;
    }
    for (verdict, count) in verdicts {
        let count = count.to_string();
        let says = |row: &&Vec<&str>| row[..2] == [verdict, &count];
        assert!(
            counts.iter().any(|row| says(&row)),
            "{CASES}: its first table lacks `{verdict} | {count}`"
        );
    }
}

#[test]
fn commands_on_the_maps_find_what_they_name() {
    let mut found = 0;
    for page in MAPS {
        for command in commands(&read(Path::new(page))) {
            check_command(&command).unwrap_or_else(|what| panic!("{page}: `{command}`: {what}"));
            found += 1;
        }
    }
    assert!(found > 15, "{found}");
}

/// What a command of cargo names is there: packages, targets, tests, chores.
fn check_command(command: &str) -> Result<(), String> {
    let there = |path: &Path| match root().join(path).exists() {
        true => Ok(()),
        false => Err(format!("there is no {}", path.display())),
    };
    let mut words = command.split_whitespace().skip(1);
    let verb = words.next().unwrap_or_default();
    if verb == "xtask" {
        let source = match words.next() {
            Some("bench") => "xtask/src/bench/mod.rs",
            Some("torture") => "torture/src/main.rs",
            Some("picture") => "xtask/src/picture.rs",
            other => return Err(format!("there is no chore {other:?}")),
        };
        let Some(what) = words.next() else {
            return Ok(());
        };
        let knows = read(Path::new(source)).contains(&format!("\"{what}\""));
        return knows.then_some(()).ok_or(format!("{source} has no {what}"));
    }
    let (mut package, mut target, mut filter) = (PathBuf::new(), None, None);
    while let Some(word) = words.next() {
        match word {
            "--" => break,
            "--manifest-path" => {
                let manifest = Path::new(words.next().unwrap());
                if manifest.starts_with("target") {
                    return Ok(()); // made by a test
                }
                there(manifest)?;
                package = manifest.parent().unwrap().to_owned();
            }
            "-p" | "--package" => package = words.next().unwrap().into(),
            "--test" => target = words.next(),
            word if verb == "test" && !word.starts_with('-') => filter = Some(word),
            _ => {}
        }
    }
    there(&package.join("Cargo.toml"))?;
    let sources = match target {
        None => package.join("src"),
        Some(target) => {
            let tests = package.join("tests");
            let file = tests.join(format!("{target}.rs"));
            match root().join(&file).exists() {
                true => file,
                false => {
                    there(&tests.join(target).join("main.rs"))?;
                    tests.join(target)
                }
            }
        }
    };
    let Some(filter) = filter else {
        return Ok(());
    };
    let mut of_target = files()
        .into_iter()
        .filter(|path| path.starts_with(&sources));
    let matches = of_target.any(|path| {
        let is_module = path.file_stem().is_some_and(|stem| stem == filter);
        let source = read(&path);
        source.contains(&format!("fn {filter}")) || is_module && source.contains("#[test]")
    });
    matches
        .then_some(())
        .ok_or(format!("no test is called {filter}"))
}

/// The text between backticks, outside of blocks of code.
fn code_spans(page: &str) -> Vec<String> {
    let prose = page.split("```").step_by(2);
    prose
        .flat_map(|prose| prose.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

/// The commands of cargo, in blocks of code and between backticks.
fn commands(page: &str) -> Vec<String> {
    let blocks = page.split("```").skip(1).step_by(2);
    let lines = blocks.flat_map(str::lines).map(str::to_owned);
    lines
        .chain(code_spans(page))
        .filter_map(|line| {
            let line = line.split(" #").next().unwrap();
            Some(line[line.find("cargo ")?..].trim().to_owned())
        })
        .collect()
}

fn is_path(span: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./{},".contains(c);
    let ends = [".md", ".toml"];
    span.chars().all(is_plain) && (span.contains('/') || ends.iter().any(|end| span.ends_with(end)))
}

/// `a/{b,c}.rs` is `a/b.rs` and `a/c.rs`.
fn alternatives(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else {
        return vec![path.to_owned()];
    };
    let (inner, after) = rest.split_once('}').unwrap();
    let inner = inner.split(',');
    inner.map(|part| format!("{before}{part}{after}")).collect()
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    rust_version: Option<String>,
}

/// Of what this machine builds: the sources of other systems' packages are not here.
fn metadata() -> Metadata {
    let host = output(Command::new("rustc").arg("-vV"));
    let host = host.lines().find_map(|line| line.strip_prefix("host: "));
    let text = output(
        Command::new(env!("CARGO"))
            .args(["metadata", "--format-version=1", "--offline"])
            .args(["--filter-platform", host.unwrap()]),
    );
    serde_json::from_str(&text).unwrap()
}

fn output(command: &mut Command) -> String {
    let output = command.current_dir(root()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// `1.89` and `1.89.0` are the same.
fn parts(version: &str) -> [u32; 3] {
    let mut parts = version.split('.').map(|part| part.parse().unwrap());
    [(); 3].map(|()| parts.next().unwrap_or(0))
}

fn version() -> String {
    workspace_key("version")
}

fn rust_version() -> String {
    workspace_key("rust-version")
}

fn workspace_key(key: &str) -> String {
    let manifest = read(Path::new("Cargo.toml"));
    let begin = format!("{key} = \"");
    let mut lines = manifest.lines();
    let value = lines.find_map(|line| line.strip_prefix(&begin)).unwrap();
    value.trim_end_matches('"').to_owned()
}

/// The lines of a manifest that say on what the package depends, without comments.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let mut is_one = false;
    for line in manifest.lines() {
        let line = line.split(" #").next().unwrap().trim_end();
        match line.starts_with('[') {
            true => is_one = line.ends_with("dependencies]") && !line.contains("dev-"),
            false if is_one && line.contains(" = ") => drop(lines.insert(line.to_owned())),
            false => {}
        }
    }
    lines
}

/// The strings of `const TABLE: [&str; n] = [..]`.
fn table_of(source: &str, table: &str) -> Vec<String> {
    let begin = format!("const {table}: [&str;");
    let (_, rest) = source.split_once(&begin).unwrap_or_default();
    let (_, rest) = rest.split_once('=').unwrap_or_default();
    let (list, _) = rest.split_once(';').unwrap_or_default();
    list.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Whether code, rather than a comment or a string, says `unsafe`.
fn has_unsafe(source: &str) -> bool {
    source.lines().any(|line| {
        let code = line.split("//").next().unwrap();
        [
            "unsafe {",
            "unsafe fn",
            "unsafe impl",
            "(unsafe)",
            "unsafe extern",
        ]
        .iter()
        .any(|form| code.contains(form) && !code.contains(&format!("\"{form}")))
    })
}

fn is_runtime(path: &Path) -> bool {
    path.starts_with("nm-runtime/src") && ends_in(path, "rs")
}

fn ends_in(path: &Path, end: &str) -> bool {
    path.extension().is_some_and(|found| found == end)
}

fn read(path: &Path) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the repository, relative to its root.
fn files() -> Vec<PathBuf> {
    // Also those that are not committed yet, but not what git ignores.
    let listed = output(Command::new("git").args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
    ]));
    let files: Vec<_> = listed.lines().map(PathBuf::from).collect();
    assert!(files.contains(&"tests/tidy.rs".into()), "{files:?}");
    files
        .into_iter()
        .filter(|path| root().join(path).is_file())
        .collect()
}
