//! Hooks that write down what they are called with.

use std::fs::OpenOptions;
use std::io::Write;

use name_manager::{BoxError, Name, Resource};

#[derive(Default)]
struct Kit;

#[name_manager::resource(pool = "app")]
impl Resource for Kit {
    fn init(&self, name: &Name) -> Result<(), BoxError> {
        say("init", name)
    }

    fn cleanup(&self, name: &Name) -> Result<(), BoxError> {
        say("cleanup", name)
    }

    fn teardown(&self) -> Result<(), BoxError> {
        write("teardown\n")
    }
}

fn say(what: &str, name: &Name) -> Result<(), BoxError> {
    let url = name.env("URL").unwrap_or_default();
    write(&format!("{what} {name} {} {url}\n", name.index()))
}

fn write(line: &str) -> Result<(), BoxError> {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(std::env::var("KIT_CALLS")?)?;
    Ok(file.write_all(line.as_bytes())?)
}
