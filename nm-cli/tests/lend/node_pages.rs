//! The commands and the code of the pages about runners for Node.js, with these runners.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use nm_runtime::record::State;

use crate::shop::{OPEN_IN_NODE, Shop, command, source};
use crate::{page, skip};

/// Where `.ci/run` installs Jest and Playwright, from the registry of their packages.
fn modules() -> PathBuf {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../node");
    target.join("node_modules")
}

/// A project with what the page's tests need, unless there is no such runner.
fn prepared(page: &str, runner: Option<&str>) -> Option<Shop> {
    let version = Command::new("node").arg("--version").output();
    if !version.is_ok_and(|version| version.status.success()) {
        skip::because("no node");
        return None;
    }
    if runner.is_some() && std::env::var_os("WITHOUT_NODE_RUNNERS").is_some() {
        eprintln!("skipped: .ci/run could not install the runners");
        return None;
    }
    if runner.is_some_and(|runner| !modules().join(".bin").join(runner).exists()) {
        let what = format!(
            "no {}: npm install --prefix target/node jest @playwright/test",
            runner.unwrap()
        );
        skip::because(&what);
        return None;
    }
    let shop = Shop::of(page)?;
    let lend = fs::read_to_string(source("integrations/node/lend.js")).unwrap();
    shop.write("lend.js", &lend);
    shop.write("package.json", "{}");
    // Node itself stumbles over a link that leads nowhere.
    if runner.is_some() {
        std::os::unix::fs::symlink(modules(), shop.lab.path().join("node_modules")).unwrap();
    }
    Some(shop)
}

/// Runs the last command of the page, over four files with the same test.
fn check(shop: &Shop, page: &str, test: &str, suffix: &str) {
    for file in ["orders", "stock", "users", "mail"] {
        shop.write(
            &format!("{file}.{suffix}"),
            &format!("{OPEN_IN_NODE}{test}"),
        );
    }
    let command = command(page, "name-manager run -- ");
    let said = shop.run(&command, Some(&modules().join(".bin")));
    assert_eq!(said.code, 0, "{command}: {said:?}");
    shop.check(4);
    let events = shop.lab.events("db");
    for file in ["orders", "stock", "users", "mail"] {
        let file = format!("{file}.{suffix}");
        let named = |label: &str| label.starts_with(&file);
        assert!(
            events.iter().any(|event| named(&event.holder.test)),
            "{file}: {events:?}"
        );
    }
}

#[test]
fn each_test_file_of_jest_has_a_database() {
    const PAGE: &str = "docs/jest.md";
    let Some(shop) = prepared(PAGE, Some("jest")) else {
        return;
    };
    shop.write("jest.setup.js", &page::written_in("js", PAGE)[0]);
    shop.write("package.json", &page::written_in("json", PAGE)[0]);
    let test = r#"
test("takes an order", () => {
  const shop = open(process.env.SHOP_DB);
  expect(shop.orders()).toBe(0);
  shop.takeOrder();
  expect(shop.orders()).toBe(1);
});
"#;
    check(&shop, PAGE, test, "test.js");
}

#[test]
fn each_test_of_playwright_has_a_database() {
    const PAGE: &str = "docs/playwright.md";
    let Some(shop) = prepared(PAGE, Some("playwright")) else {
        return;
    };
    let code = page::written_in("js", PAGE);
    assert_eq!(code.len(), 2, "{code:?}");
    shop.write("fixtures.js", &code[0]);
    check(&shop, PAGE, &code[1], "spec.js");

    // One that fails leaves its database dirty.
    let fails = code[1].replace("toBe(1)", "toBe(2)");
    shop.write("fails.spec.js", &format!("{OPEN_IN_NODE}{fails}"));
    let said = shop.run(
        "name-manager run -- playwright test fails",
        Some(&modules().join(".bin")),
    );
    assert_eq!(said.code, 1, "{said:?}");
    let events = shop.lab.events("db");
    let mut states = events
        .iter()
        .filter(|event| event.holder.test.starts_with("fails"));
    let state = states.find_map(|event| event.state);
    assert_eq!(state, Some(State::Dirty), "{events:?}");
}

#[test]
fn each_test_file_of_node_has_a_database() {
    const PAGE: &str = "docs/node-test.md";
    let Some(shop) = prepared(PAGE, None) else {
        return;
    };
    check(&shop, PAGE, &page::written_in("js", PAGE)[0], "test.js");
}

/// Its end of the pipe is open in what it has started.
#[test]
fn a_process_of_node_that_is_killed_leaves_its_name_free_and_dirty() {
    let Some(shop) = prepared("docs/node-test.md", None) else {
        return;
    };
    let killed = r#"
require("./lend").lend("db", "killed", "--name", "db-0").then(() => {
  require("node:child_process").spawn("sleep", ["60"], { stdio: "ignore", detached: true }).unref();
  process.kill(process.pid, "SIGKILL");
});
"#;
    shop.write("killed.js", killed);
    let next = r#"name-manager run db --name db-0 --for next -- true"#;
    let said = shop.run(
        &format!("name-manager run -- sh -c 'node killed.js; {next}'"),
        None,
    );
    assert_eq!(said.code, 0, "{said:?}");
    let events = shop.lab.events("db");
    let mut ended = events.iter().filter(|event| event.holder.test == "killed");
    let state = ended.find_map(|event| event.state);
    assert_eq!(state, Some(State::Dirty), "{events:?}");
    shop.nothing_is_left();
}
