//! What is asked of a pool, in the words of the line protocol:
//! `db shared name=db-1 count=2 all timeout=50`.

use std::time::Duration;

use name_manager::{Access, Error, Lease, Request};

use super::home::Home;

/// The request that the words describe.
pub fn request(words: &str, home: &dyn Home) -> Result<Request, Error> {
    let mut words = words.split_whitespace();
    let pool = words.next().expect("an ask begins with the pool");
    let mut request = home.pool(pool)?.request();
    for word in words {
        request = match word.split_once('=') {
            None if word == "shared" => request.access(Access::Shared),
            None if word == "all" => request.all(),
            Some(("name", name)) => request.name(name),
            Some(("count", count)) => request.count(count.parse().expect("count is a number")),
            Some(("timeout", millis)) => {
                let millis = millis.parse().expect("timeout is in milliseconds");
                request.timeout(Duration::from_millis(millis))
            }
            _ => panic!("unknown word in an ask: {word}"),
        };
    }
    Ok(request)
}

/// `granted db-0:1 db-1:4`: the names and their fences.
pub fn granted(leases: &[Lease]) -> String {
    let each = leases
        .iter()
        .map(|lease| format!(" {}:{}", lease.name(), lease.fence()));
    format!("granted{}", each.collect::<String>())
}

/// `error KIND MESSAGE`.
pub fn failed(error: &Error) -> String {
    let kinds = [
        ("timeout", error.is_timeout()),
        ("deadlock", error.is_deadlock()),
        ("already-held", error.is_already_held()),
        ("config", error.is_config()),
        ("broken", error.is_broken()),
        ("lost", error.is_lost()),
        ("never", error.is_never()),
        ("format-too-new", error.is_format_too_new()),
    ];
    let kind = kinds
        .iter()
        .find(|(_, is)| *is)
        .map_or("io", |(kind, _)| kind);
    let mut text = format!("error {kind} {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.contains(&told) {
            text.push_str(&format!(": {told}"));
        }
        cause = error.source();
    }
    text.replace('\n', " ")
}
