//! `adopt`, over a generated workspace whose tests run before and after.

#![cfg(unix)]

#[path = "../groups/command.rs"]
#[allow(dead_code, reason = "tests/groups uses the rest")]
mod command;

use std::fs;
use std::path::{Path, PathBuf};

use command::{Command, Finished};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

const TESTS: &str = r#"//! Tests of the shop.

use serial_test::{parallel, serial};

/// Kept as it is: `serial`.
fn  odd_spacing( ) { }

/// Lists users.
#[test]
#[serial(dbMain)] // one at a time
fn lists() { odd_spacing() }

    #[tokio::test]
    #[ignore]
    // why it reads
    #[parallel(dbMain, cache)]
    async fn reads() {
        let _a = 1 ;
    }

#[serial_test::file_serial]
#[test] fn of_all_processes() {}

#[test]   #[serial]   fn on_one_line() {}

#[serial(module)]
mod reports {
    use serial_test::serial;

    #[test]
    fn monthly() -> Result<(), String> { Ok(()) }

    #[serial(yearly)]
    #[test]
    fn yearly() {}
}
"#;

const ADOPTED: &str = r#"//! Tests of the shop.

use name_manager::shared_resource;

/// Kept as it is: `serial`.
fn  odd_spacing( ) { }

/// Lists users.
#[shared_resource(pool = "db-main")]
#[test]
// one at a time
fn lists() { odd_spacing() }

    #[shared_resource(pool = "cache", access = "shared")]
    #[shared_resource(pool = "db-main", access = "shared")]
    #[tokio::test]
    #[ignore]
    // why it reads
    async fn reads() {
        let _a = 1 ;
    }

#[name_manager::shared_resource(pool = "serial-file")]
#[test] fn of_all_processes() {}

#[shared_resource(pool = "serial")]
#[test]   fn on_one_line() {}

#[shared_resource(pool = "module")]
mod reports {
    use name_manager::shared_resource;

    #[test]
    fn monthly() -> Result<(), String> { Ok(()) }

    #[shared_resource(pool = "yearly")]
    #[test]
    fn yearly() {}
}
"#;

/// Each for a reason of its own.
const UNDECIDED: &str = r#"use serial_test::{file_serial, is_locked_serially, parallel, serial};

#[test]
#[serial(asked)]
fn asks() { assert!(is_locked_serially(Some("asked"))); }

#[test]
#[file_serial(path => "/tmp/name-manager-adopt.lock")]
fn at_a_path() {}

#[test]
#[serial(inner, inner_attrs = [inline(never)])]
fn inner() {}

#[serial(helper)]
pub fn helper() {}

#[test]
#[parallel(helper, other)]
fn is_held_back() { let _ = helper; }

#[test]
#[serial(calls)]
fn called() {}

#[test]
#[serial(calls)]
fn calls() { called() }

macro_rules! tests {
    ($($name:ident)*) => {$(
        #[test]
        #[serial(in_a_macro)]
        fn $name() {}
    )*};
}
tests!(a b);

#[cfg_attr(all(), serial(conditional))]
#[test]
fn conditional() {}

#[test]
#[serial(decided)]
fn decided() {}
"#;

struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// At a place of its own, so that the tests of this file can run at once.
    fn new(name: &str, tests: &str) -> Self {
        let checkout = env!("CARGO_TARGET_TMPDIR").replace(['/', '\\', ':'], "_");
        let root = std::env::temp_dir()
            .join(format!("name-manager-adopt{checkout}"))
            .join(name);
        let _ = fs::remove_dir_all(&root);
        let workspace = Self { root };
        let path = format!("{REPOSITORY}/nm-serial-test");
        workspace.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"shop\"] # all\n",
        );
        workspace.write(
            "shop/Cargo.toml",
            &format!(
                "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[lints.rust]\nwarnings = \"deny\"\n\n[dev-dependencies]\n# Keys\nserial_test = {{ package = \"nm-serial-test\", path = {path:?} }}\ntokio = {{ version = \"*\", default-features = false, features = [\"macros\", \"rt\"] }}\n"
            ),
        );
        workspace.write("shop/src/lib.rs", "");
        workspace.write("shop/tests/it.rs", tests);
        let locked = Path::new(REPOSITORY).join("Cargo.lock");
        if locked.is_file() {
            fs::copy(locked, workspace.root.join("Cargo.lock")).unwrap();
        }
        workspace
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap()
    }

    fn adopt(&self, args: &[&str]) -> Finished {
        let command = Command::name_manager(&self.root)
            .args(&["adopt"])
            .args(args);
        command.finish().success()
    }

    #[track_caller]
    fn passes(&self, tests: usize) {
        let run = Command::cargo(&self.root)
            .args(&["test", "--test", "it"])
            .env("XDG_STATE_HOME", self.root.join("state"))
            .finish()
            .success();
        assert!(run.stdout.contains(&format!("ok. {tests} passed")), "{run}");
    }
}

#[test]
fn a_workspace_is_shown_what_would_change_and_is_left_alone() {
    let workspace = Workspace::new("adopt-shown", TESTS);
    let shown = workspace.adopt(&[]);
    for line in [
        "shop/tests/it.rs\n",
        "+#[shared_resource(pool = \"db-main\")]\n #[test]\n-#[serial(dbMain)] // one at a time\n",
        "+name-manager = { path = ",
        "+[workspace.metadata.name-manager.pools.db-main]\n+max = 1\n",
        "+[workspace.metadata.name-manager.pools.serial-file]\n+max = 1\n+scope = \"user\"\n",
    ] {
        assert!(shown.stdout.contains(line), "{line}: {shown}");
    }
    assert_eq!(shown.stderr, "");
    assert_eq!(workspace.read("shop/tests/it.rs"), TESTS);
    assert!(!workspace.read("Cargo.toml").contains("max"));
}

#[test]
fn what_is_adopted_keeps_its_comments_and_passes() {
    let workspace = Workspace::new("adopt-written", TESTS);
    workspace.passes(5);
    let written = workspace.adopt(&["--write"]);
    assert_eq!(
        written.stdout,
        "shop/tests/it.rs\nshop/Cargo.toml\nCargo.toml\n"
    );
    assert_eq!(workspace.read("shop/tests/it.rs"), ADOPTED);
    let manifest = workspace.read("shop/Cargo.toml");
    assert!(
        manifest.contains("# Keys\nname-manager = { path = "),
        "{manifest}"
    );
    assert!(!manifest.contains("serial_test"), "{manifest}");
    assert!(
        workspace
            .read("Cargo.toml")
            .contains("members = [\"shop\"] # all\n")
    );
    workspace.passes(5);
    let again = workspace.adopt(&[]);
    assert_eq!(again.stdout, "");
    assert!(
        again
            .stderr
            .contains("no package here depends on serial_test"),
        "{again}"
    );
}

#[test]
fn what_cannot_be_decided_is_listed_and_stays() {
    let workspace = Workspace::new("adopt-undecided", UNDECIDED);
    workspace.passes(10);
    let written = workspace.adopt(&["--write"]);
    for (line, why) in [
        (5, "pools have no `is_locked_serially`"),
        (8, "a pool is shared by its `scope` or `dir`"),
        (12, "where these attributes go is yours to say"),
        (15, "this is no test"),
        (19, "it stays, as something else of its key does"),
        (27, "it calls `called`, which has the same key"),
        (33, "it stands in a macro"),
        (39, "it stands in a `cfg_attr`"),
    ] {
        let line = format!("left to you: shop/tests/it.rs:{line}: ");
        let found = written.stderr.lines().find(|said| said.contains(&line));
        assert!(
            found.is_some_and(|said| said.contains(why)),
            "{line}{why}\n{written}"
        );
    }
    let adopted = UNDECIDED
        .replace(
            "use serial_test::{file_serial, is_locked_serially, parallel, serial};",
            "use name_manager::shared_resource;\nuse serial_test::{is_locked_serially, file_serial, parallel, serial};",
        )
        .replace(
            "#[test]\n#[serial(decided)]",
            "#[shared_resource(pool = \"decided\")]\n#[test]",
        );
    assert_eq!(workspace.read("shop/tests/it.rs"), adopted);
    let manifest = workspace.read("shop/Cargo.toml");
    assert!(
        manifest.contains("\nname-manager = ") && manifest.contains("\nserial_test = "),
        "{manifest}"
    );
    workspace.passes(10);
}
