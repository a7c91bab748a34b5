//! The commands and the code of `docs/pytest.md`, with pytest and pytest-xdist.

use crate::page;
use crate::pytest_plugin::install;
use crate::shop::{Shop, command};

const PAGE: &str = "docs/pytest.md";

/// Runs a command of the page where the plugin is installed.
fn run(shop: &Shop, command: &str) {
    let plugin = shop.lab.path().join("plugin");
    let command = format!("PYTHONPATH='{}' {command}", plugin.display());
    let said = shop.run(&command, None);
    assert_eq!(said.code, 0, "{command}: {said:?}");
    assert!(said.out.contains(" passed"), "{said:?}");
}

#[test]
fn a_whole_run_of_pytest_has_one_database() {
    let Some(shop) = Shop::of(PAGE) else { return };
    if install(&shop.lab).is_none() {
        return;
    }
    let test = "import os\ndef test_it(): assert os.environ['SHOP_DB'] .endswith('/db-0.sqlite')\n";
    shop.write("test_whole.py", test);
    run(&shop, &command(PAGE, "run db -- pytest"));
    shop.check(1);
}

#[test]
fn each_test_of_pytest_has_a_database() {
    let Some(shop) = Shop::of(PAGE) else { return };
    if install(&shop.lab).is_none() {
        return;
    }
    let python = page::written_in("python", PAGE);
    assert_eq!(python.len(), 2, "{python:?}");
    for (code, test) in python.iter().zip(["test_orders", "test_settings"]) {
        assert!(code.contains(&format!("def {test}(")), "{code}");
        for number in 0..4 {
            shop.write(&format!("{test}_{number}.py"), code);
        }
    }
    run(&shop, &command(PAGE, "run -- pytest -n"));
    shop.check(8);
    let shown = shop.run("name-manager log --run last", None).answer();
    for test in ["test_orders", "test_settings"] {
        for number in 0..4 {
            let test = format!("{test}_{number}.py::{test} [gw");
            assert!(shown.contains(&test), "{shown}");
        }
    }
}
