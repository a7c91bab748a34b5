//! Pools that decide for themselves what to hand out.

#[cfg(unix)]
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use name_manager::{
    Allocator, Asked, Assigned, Assignment, BoxError, Lease, Pool, shared_resource,
};
#[cfg(unix)]
use rustix::fs::{FlockOperation, flock};

const BLOCK: u16 = 4;
const BLOCKS: u16 = 3;

/// Other checkouts may run the same tests at the same time, on the same machine's ports.
fn first_of_all() -> u16 {
    let path = env!("CARGO_MANIFEST_DIR").bytes();
    let hash = path.fold(0, |hash: u16, byte| {
        hash.wrapping_mul(31).wrapping_add(byte.into())
    });
    20_000 + hash % 1000 * BLOCKS * BLOCK
}

/// Blocks of ports on which nobody listens. `held` are the first ports.
#[derive(Default)]
struct Ports;

#[name_manager::resource(pool = "ports")]
impl Allocator for Ports {
    type State = Vec<u16>;

    fn load(&self, text: &str) -> Result<Vec<u16>, BoxError> {
        let ports = text.split_whitespace().map(str::parse);
        Ok(ports.collect::<Result<_, _>>()?)
    }

    fn save(&self, held: &Vec<u16>) -> String {
        held.iter().map(|port| format!("{port} ")).collect()
    }

    fn assign(&self, held: &mut Vec<u16>, _asked: &Asked<'_>) -> Assignment {
        let blocks = (0..BLOCKS).map(|block| first_of_all() + block * BLOCK);
        let free = |first: &u16| !held.contains(first) && listen(*first).is_ok();
        match blocks.into_iter().find(free) {
            None => Assignment::Busy,
            Some(first) => {
                held.push(first);
                Assigned::name(format!("ports-{first}"))
                    .env("FIRST_PORT", first.to_string())
                    .arg(format!("--port={first}"))
                    .into()
            }
        }
    }

    fn release(&self, held: &mut Vec<u16>, name: &str) {
        held.retain(|first| name != format!("ports-{first}"));
    }
}

fn listen(first: u16) -> std::io::Result<Vec<TcpListener>> {
    let ports = first..first + BLOCK;
    ports
        .map(|port| TcpListener::bind(("127.0.0.1", port)))
        .collect()
}

/// Grows as long as it fits into the memory that there is, in megabytes.
#[derive(Default)]
struct Machines;

const MEMORY: u32 = 1000;
const EACH: u32 = 400;

#[name_manager::resource(pool = "machines")]
impl Allocator for Machines {
    /// The number of the next machine, and the memory in use.
    type State = (u32, u32);

    fn load(&self, text: &str) -> Result<(u32, u32), BoxError> {
        match text.split_once(' ') {
            None => Ok((0, 0)),
            Some((next, used)) => Ok((next.parse()?, used.parse()?)),
        }
    }

    fn save(&self, (next, used): &(u32, u32)) -> String {
        format!("{next} {used}")
    }

    fn assign(&self, (next, used): &mut (u32, u32), asked: &Asked<'_>) -> Assignment {
        if asked.test.ends_with("more_than_there_is") {
            return Assignment::Never(format!("it needs more than {MEMORY} MB"));
        }
        if *used + EACH > MEMORY {
            return Assignment::Busy;
        }
        (*next, *used) = (*next + 1, *used + EACH);
        Assigned::name(format!("machine-{next}")).into()
    }

    fn release(&self, (_, used): &mut (u32, u32), _name: &str) {
        *used -= EACH;
    }
}

#[shared_resource(pool = "ports")]
#[test]
fn a_test_is_told_its_ports(ports: Lease) {
    let first = ports.env("FIRST_PORT").unwrap();
    assert_eq!(*ports.args(), [format!("--port={first}")]);
    assert_eq!(ports.name(), format!("ports-{first}"));
    listen(first.parse().unwrap()).unwrap();
}

#[test]
fn blocks_of_ports_are_never_handed_out_twice() {
    let hold = || {
        for _ in 0..5 {
            let ports = Pool::open("ports").unwrap().acquire().unwrap();
            let first = ports.env("FIRST_PORT").unwrap().parse().unwrap();
            // Fails when somebody else has them.
            drop(listen(first).unwrap());
        }
    };
    let threads: Vec<_> = (0..8).map(|_| thread::spawn(hold)).collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// Also the process that is killed below.
#[test]
#[ignore = "started by the test that kills it"]
fn holder() {
    let _machine = Pool::open("machines").unwrap().acquire().unwrap();
    println!("\nholding");
    thread::park();
}

#[test]
fn a_killed_holder_is_taken_back_before_the_next_decision() {
    let pool = Pool::open("machines").unwrap();
    let holder = |_| {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "holder", "--ignored", "--nocapture"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines
            .map_while(Result::ok)
            .find(|line| line == "holding")
            .unwrap();
        child
    };
    let mut holders: Vec<_> = (0..MEMORY / EACH).map(holder).collect();
    assert!(
        pool.try_acquire().unwrap().is_none(),
        "the memory is in use"
    );
    let error = pool.acquire_timeout(Duration::from_millis(20)).unwrap_err();
    assert!(error.is_timeout(), "{error}");
    holders[0].kill().unwrap();
    holders[0].wait().unwrap();
    let machine = pool.acquire_timeout(Duration::from_secs(60)).unwrap();
    assert!(machine.starts_with("machine-"));
    for mut holder in holders {
        holder.kill().unwrap();
        holder.wait().unwrap();
    }
}

#[test]
fn more_than_there_is() {
    let error = Pool::open("machines").unwrap().acquire().unwrap_err();
    assert!(error.is_never());
    let text = "pool `machines` can never grant this: it needs more than 1000 MB";
    assert_eq!(error.to_string(), text);
}

/// Grants whatever it is asked for.
#[derive(Default)]
struct Generous;

#[name_manager::resource(pool = "generous")]
impl Allocator for Generous {
    type State = u32;

    fn load(&self, text: &str) -> Result<u32, BoxError> {
        Ok(text.parse().unwrap_or(0))
    }

    fn save(&self, next: &u32) -> String {
        next.to_string()
    }

    fn assign(&self, next: &mut u32, _asked: &Asked<'_>) -> Assignment {
        *next += 1;
        Assigned::name(format!("generous-{next}")).into()
    }

    fn release(&self, _next: &mut u32, _name: &str) {}
}

#[shared_resource(pool = "generous", max = 1)]
#[test]
fn a_limit_holds_whatever_an_allocator_would_grant() {
    let pool = Pool::open("generous").unwrap();
    let second = std::thread::spawn(move || pool.try_acquire().unwrap());
    assert!(second.join().unwrap().is_none());
}

/// One desk at a time, of two.
#[derive(Default)]
struct Desks;

#[name_manager::resource(pool = "desks")]
impl Allocator for Desks {
    /// The turn, and whether a desk is taken.
    type State = (u32, bool);

    fn load(&self, text: &str) -> Result<(u32, bool), BoxError> {
        match text.split_once(' ') {
            None => Ok((0, false)),
            Some((turn, taken)) => Ok((turn.parse()?, taken.parse()?)),
        }
    }

    fn save(&self, (turn, taken): &(u32, bool)) -> String {
        format!("{turn} {taken}")
    }

    fn assign(&self, (turn, taken): &mut (u32, bool), _asked: &Asked<'_>) -> Assignment {
        if *taken {
            return Assignment::Busy;
        }
        (*turn, *taken) = (*turn + 1, true);
        Assigned::name(format!("desk-{}", *turn % 2)).into()
    }

    fn release(&self, (_, taken): &mut (u32, bool), _name: &str) {
        *taken = false;
    }
}

/// As a process does that looks who holds what, for a message or for deadlocks.
#[cfg(unix)]
#[test]
fn a_process_that_looks_at_a_name_is_not_taken_for_its_holder() {
    let pool = Pool::open("desks").unwrap();
    let lease = pool.acquire().unwrap();
    let first = lease.name().to_owned();
    lease.release().unwrap();
    let look = File::open(pool.directory().join(format!("names/{first}.lock"))).unwrap();
    flock(&look, FlockOperation::NonBlockingLockShared).unwrap();
    let second = pool.try_acquire().unwrap().expect("the first is back");
    assert_ne!(*second.name(), first);
    second.release().unwrap();
    // Found locked a thousand times in a row: decided, tried, and not had.
    let mut in_a_row = 0;
    let turn = File::open(pool.directory().join("decisions.lock")).unwrap();
    let asks = thread::spawn(move || pool.acquire().unwrap().name().to_owned());
    while in_a_row < 1000 && !asks.is_finished() {
        match flock(&turn, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => in_a_row = 0,
            Err(_) => in_a_row += 1,
        }
        flock(&turn, FlockOperation::Unlock).unwrap();
        thread::yield_now();
    }
    drop(look);
    assert_eq!(asks.join().unwrap(), first);
}

#[test]
fn it_cannot_be_asked_for_several() {
    let several = Pool::open("machines").unwrap().request().count(2).acquire();
    assert!(several.unwrap_err().is_config());
}
