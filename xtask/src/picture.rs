//! Draws the README's picture: the timeline of a real run of `examples/bookshop`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::build;
use crate::result::Result;

/// Below the root.
const PICTURE: &str = "docs/timeline.svg";

pub fn run() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let bookshop = root.join("examples/bookshop");
    let target = build::target()?;
    build::command_line(&root, &target)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    // By its id this run is told from others in the same journal.
    let run = format!("picture-{}", now.as_micros());
    let test = |args: &[&str]| {
        let mut cargo = build::cargo();
        cargo
            .args(["test", "--quiet", "--package", "orders"])
            .args(args)
            .current_dir(&bookshop)
            .env("CARGO_TARGET_DIR", target.join("bookshop"))
            .env("NAME_MANAGER_RUN_ID", &run);
        build::succeed(&mut cargo)
    };
    test(&["--no-run"])?;
    test(&["--", "--test-threads=5"])?;
    let drawn = target.join("timeline.svg");
    build::succeed(
        Command::new(target.join("debug/name-manager"))
            .args(["timeline", "--run", &run, "--output"])
            .arg(&drawn)
            .current_dir(&bookshop),
    )?;
    let picture = fs::read_to_string(&drawn)?.replace(&run, "bookshop");
    fs::write(root.join(PICTURE), picture)?;
    println!("{PICTURE} is drawn");
    Ok(())
}
