//! The commands and the test of `docs/from-test-threads.md`.

use crate::command::Command;
use crate::{Package, REPOSITORY, page};

const PAGE: &str = "docs/from-test-threads.md";

#[test]
fn what_is_on_the_page_works_before_and_after() {
    let tests = page::written_in("rust,ignore", PAGE);
    let commands = page::written_in("sh", PAGE);
    let ([test], [before, after]) = (&tests[..], &commands[..]) else {
        panic!("{tests:?}, {commands:?}")
    };
    let dependency = format!("[dev-dependencies]\nname-manager = {{ path = {REPOSITORY:?} }}");
    let tests = format!("use name_manager::shared_resource;\n\n{test}\n");
    let package = Package::new("test-threads", &dependency, &tests);
    for command in [before, after] {
        let run = Command::new("sh", &package.root).args(&["-c", command.as_str()]);
        let run = package.with_surroundings(run).finish();
        run.success().says(&["test result: ok. 1 passed"]);
    }
    let log = package.name_manager(&["log"]);
    let leases = log.stdout.matches("it::writes_the_registry").count();
    assert!(leases >= 2, "{log}");
}
