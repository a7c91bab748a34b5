//! The commands and the code of `docs/go-test.md`, with go.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::lab::{self, Lab, Said};
use crate::{page, skip};

const PAGE: &str = "docs/go-test.md";

/// In place of the driver: it knows that nobody else can have what it connects to.
const DRIVER: &str = r#"
func connect(url string) error {
	name := strings.TrimPrefix(url, "postgres://localhost/")
	err := exec.Command("name-manager", "try-acquire", "db", "--name", name).Run()
	if exit, ok := err.(*exec.ExitError); ok && exit.ExitCode() == 75 {
		return nil
	}
	return fmt.Errorf("%q is not held: %v", url, err)
}

type postgres struct{ driver.Conn }

func (postgres) Open(url string) (driver.Conn, error) { return postgres{}, connect(url) }
func (postgres) Close() error                         { return nil }

func init() { sql.Register("postgres", postgres{}) }
"#;

const IMPORTS: [&str; 8] = [
    "bufio",
    "database/sql",
    "database/sql/driver",
    "fmt",
    "os",
    "os/exec",
    "strings",
    "testing",
];

/// A module whose packages each have this test code, unless there is no go.
fn prepared(packages: &[&str], code: &str) -> Option<Lab> {
    if Command::new("go").arg("version").output().is_err() {
        skip::because("no go");
        return None;
    }
    let lab = Lab::new();
    let write = |path: &Path, text: &str| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(&lab.path().join("go.mod"), "module example.com/shop\n");
    let body = format!("{DRIVER}{code}");
    let used = |import: &&str| body.contains(&format!("{}.", import.rsplit('/').next().unwrap()));
    let imports: Vec<_> = IMPORTS.into_iter().filter(used).collect();
    let imports = imports.iter().map(|import| format!("import {import:?}\n"));
    let imports: String = imports.collect();
    for package in packages {
        let path = lab.path().join(package).join("it_test.go");
        write(&path, &format!("package {package}\n{imports}{body}"));
    }
    Some(lab)
}

/// Runs it after what the page has one set.
fn run(lab: &Lab, command: &str) -> Said {
    let set = page::written_in("", PAGE).swap_remove(0);
    assert!(set.starts_with("export "), "{set}");
    let mut shell = lab.program("sh");
    shell
        .args(["-c", &format!("{set}\n{command}")])
        .env("GOPROXY", "off")
        .env("GOFLAGS", "-count=1"); // nothing from its cache of results
    Said::of(shell.output().unwrap())
}

/// So many leases, at most two at once, in one run.
fn check(lab: &Lab, expected: usize) {
    let events = lab.events("db");
    let runs: BTreeSet<_> = events.iter().map(|event| &event.holder.run).collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    let (leases, most) = lab::leases(&events);
    assert_eq!(leases, expected, "{events:?}");
    assert!(most <= 2, "{events:?}");
}

#[test]
fn each_package_of_go_has_a_database() {
    let open = page::written_in("go", PAGE).swap_remove(0);
    let code = format!(
        "func TestIt(t *testing.T) {{\n{open}\nif err == nil {{ err = db.Ping() }}\nif err != nil {{ t.Fatal(err) }}\n}}\n"
    );
    let packages = ["orders", "stock", "users"];
    let Some(lab) = prepared(&packages, &code) else {
        return;
    };
    let commands = page::written_in("", PAGE);
    assert_eq!(commands.len(), 2, "{commands:?}");
    let said = run(&lab, &commands[1]);
    assert_eq!(said.code, 0, "{said:?}");
    for package in packages {
        let ok = format!("ok  \texample.com/shop/{package}");
        assert!(said.out.contains(&ok), "{said:?}");
    }
    check(&lab, packages.len());
}

#[test]
fn each_test_of_go_has_a_database() {
    let mut code = page::written_in("go", PAGE).swap_remove(1);
    for test in ["TestA", "TestB", "TestC", "TestD"] {
        code += &format!(
            "\nfunc {test}(t *testing.T) {{\nt.Parallel()\nif err := connect(Database(t)); err != nil {{ t.Fatal(err) }}\n}}\n"
        );
    }
    let Some(lab) = prepared(&["shop"], &code) else {
        return;
    };
    let said = run(&lab, "name-manager run -- go test ./...");
    assert_eq!(said.code, 0, "{said:?}");
    check(&lab, 4);
    let log = run(&lab, "name-manager log --run last").answer();
    for test in ["TestA", "TestB", "TestC", "TestD"] {
        assert!(log.contains(test), "{log}");
    }
}
