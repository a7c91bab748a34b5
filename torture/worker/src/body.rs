//! What `name-manager run` runs: its lease is its parent's.

use std::thread;
use std::time::Duration;

use rustix::process::getppid;
use torture::history::Event;

use crate::seen;
use crate::task::Task;

/// `body OWNER POOL R NAME..`: holds the names for a moment.
pub fn run(task: &Task, args: &[&str]) {
    let [pool, r, names] = args else {
        panic!("expected pool, number and names, found {args:?}");
    };
    seen::begin("body", "none");
    let Some(owner) = getppid() else { return };
    let r: u64 = r.parse().expect("a number");
    let mut random = fastrand::Rng::with_seed(task.seed ^ u64::from(std::process::id()));
    let ask = torture::history::Ask {
        r,
        pool: (*pool).to_owned(),
        what: torture::history::What::Any,
        count: names.split(',').count(),
        access: torture::history::Access::Exclusive,
        how: torture::history::How::Within(task.patience.as_nanos() as u64),
    };
    seen::write(Event::Ask(ask));
    seen::write(Event::Taken(r));
    seen::write(Event::Granted {
        r,
        leases: names
            .split(',')
            .map(|name| (name.to_owned(), None))
            .collect(),
        holder: Some(owner.as_raw_nonzero().to_string()),
    });
    thread::sleep(Duration::from_millis(random.u64(0..30)));
    seen::write(Event::Releases { r, dirty: false });
    // It has ended when its owner has.
    seen::write(Event::Released(r));
}
