//! A `name-manager.toml`, as test binaries see it.

use std::fs;

use crate::configuration::configured;

#[test]
fn a_file_of_our_own_beside_cargo_toml_configures_its_tests() {
    let app = configured();
    app.with("");
    let own = app.project.path("name-manager.toml");
    fs::write(
        &own,
        "[pools.bare]\nmax = 4\nenv = { URL = \"db:{name}\" }\n",
    )
    .unwrap();
    let ran = app.run("bare", &[]).success();
    ran.says(&["lent bare-0 of 4", "with URL Some(\"db:bare-0\")"]);
    assert!(app.project.pool("bare").is_dir());

    app.with_pool("bare", "max = 2");
    let refused = app.run("bare", &[]);
    fs::remove_file(&own).unwrap();
    refused.failure().says(&[
        "/Cargo.toml:4:21 and in `",
        "/name-manager.toml`;",
        "keep one of the two",
    ]);
}
