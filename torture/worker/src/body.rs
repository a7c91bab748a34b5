//! What `name-manager run` runs: its lease is its parent's, the request its client's.

use std::thread;
use std::time::Duration;

use torture::history::Event;

use crate::seen;
use crate::task::Task;

/// `body CLIENT R NAMES`: holds the names for a moment.
pub fn run(task: &Task, args: &[&str]) {
    let [client, r, names] = args else {
        panic!("expected client, number and names, found {args:?}");
    };
    seen::begin("body", "none");
    let r: u64 = r.parse().expect("a number");
    let of = Some((*client).to_owned());
    let mut random = fastrand::Rng::with_seed(task.seed ^ u64::from(std::process::id()));
    seen::write(Event::Granted {
        r,
        leases: names
            .split(',')
            .map(|name| (name.to_owned(), None))
            .collect(),
        // The client knows.
        holder: None,
        of: of.clone(),
    });
    thread::sleep(Duration::from_millis(random.u64(0..30)));
    let dirty = false;
    seen::write(Event::Releases { r, of, dirty });
}
