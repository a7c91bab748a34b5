//! The commands and the code of `docs/go-test.md`, with go.

use std::process::Command;

use crate::shop::{Shop, command};
use crate::{page, skip};

const PAGE: &str = "docs/go-test.md";

/// In place of the driver: it takes an order in a database that has none.
const DRIVER: &str = r#"
func connect(database string) error {
	order := "INSERT INTO orders VALUES ('tea'); SELECT count(*) FROM orders;"
	output, err := exec.Command("sqlite3", database, order).CombinedOutput()
	if err == nil && strings.TrimSpace(string(output)) != "1" {
		err = fmt.Errorf("%q is not fresh: %s", database, output)
	}
	return err
}

type sqlite struct{ driver.Conn }

func (sqlite) Open(database string) (driver.Conn, error) { return sqlite{}, connect(database) }
func (sqlite) Close() error                              { return nil }

func init() { sql.Register("sqlite", sqlite{}) }
"#;

const IMPORTS: [&str; 10] = [
    "bufio",
    "database/sql",
    "database/sql/driver",
    "fmt",
    "os",
    "os/exec",
    "path/filepath",
    "strings",
    "syscall",
    "testing",
];

/// A module whose packages each have this test code, unless there is no go.
fn prepared(packages: &[&str], code: &str) -> Option<Shop> {
    if Command::new("go").arg("version").output().is_err() {
        skip::because("no go");
        return None;
    }
    let shop = Shop::of(PAGE)?;
    shop.write("go.mod", "module example.com/shop\n");
    let body = format!("{DRIVER}{code}");
    let used = |import: &&str| body.contains(&format!("{}.", import.rsplit('/').next().unwrap()));
    let imports: Vec<_> = IMPORTS.into_iter().filter(used).collect();
    let imports = imports.iter().map(|import| format!("import {import:?}\n"));
    let imports: String = imports.collect();
    for package in packages {
        let path = format!("{package}/it_test.go");
        shop.write(&path, &format!("package {package}\n{imports}{body}"));
    }
    Some(shop)
}

#[test]
fn each_package_of_go_has_a_database() {
    let open = page::written_in("go", PAGE).swap_remove(0);
    let code = format!(
        "func TestIt(t *testing.T) {{\n{open}\nif err == nil {{ err = db.Ping() }}\nif err != nil {{ t.Fatal(err) }}\n}}\n"
    );
    let packages = ["orders", "stock", "users"];
    let Some(shop) = prepared(&packages, &code) else {
        return;
    };
    let said = shop.run(&command(PAGE, "-exec"), None);
    assert_eq!(said.code, 0, "{said:?}");
    for package in packages {
        let ok = format!("ok  \texample.com/shop/{package}");
        assert!(said.out.contains(&ok), "{said:?}");
    }
    shop.check(packages.len());
}

#[test]
fn each_test_of_go_has_a_database() {
    let mut code = page::written_in("go", PAGE).swap_remove(1);
    for test in ["TestA", "TestB", "TestC", "TestD"] {
        code += &format!(
            "\nfunc {test}(t *testing.T) {{\nt.Parallel()\nif err := connect(Database(t)); err != nil {{ t.Fatal(err) }}\n}}\n"
        );
    }
    let Some(shop) = prepared(&["shop"], &code) else {
        return;
    };
    let said = shop.run("name-manager run -- go test ./...", None);
    assert_eq!(said.code, 0, "{said:?}");
    shop.check(4);
    let log = shop.run("name-manager log --run last", None).answer();
    for test in ["TestA", "TestB", "TestC", "TestD"] {
        assert!(log.contains(test), "{log}");
    }
}
