use std::env;
use std::sync::LazyLock;

/// The variable with the number of the container that a process is in.
pub const CONTAINER: &str = "TORTURE_CONTAINER";

/// What histories call the process that has this id here. In each container ids begin at
/// 1, so those in a container have its number before them: `3-17`.
#[must_use]
pub fn process(id: u32) -> String {
    static CONTAINER_NUMBER: LazyLock<Option<String>> = LazyLock::new(|| env::var(CONTAINER).ok());
    match &*CONTAINER_NUMBER {
        None => id.to_string(),
        Some(number) => in_container(number, id),
    }
}

/// What histories call the process that has this id in the container with this number.
#[must_use]
pub fn in_container(number: &str, id: u32) -> String {
    format!("{number}-{id}")
}

/// The first process of the container that a process is in, with which all others there
/// end.
#[must_use]
pub fn first_of_container(process: &str) -> Option<String> {
    let (number, _) = process.split_once('-')?;
    Some(in_container(number, 1))
}
