//! Processes that take names and are killed, judged by marks that they make themselves: a
//! file for each name, which must not be there when it is taken.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use name_manager::Pool;

use crate::patience;

const NAMES: usize = 3;
const WORKERS: u32 = 6;
/// So many leases has each worker, unless it is killed.
const LEASES: u32 = 40;

/// For how long: `STORM_SECONDS`, a few by default.
fn length() -> Duration {
    let asked = env::var("STORM_SECONDS").ok();
    let asked = asked.map(|asked| asked.parse().expect("STORM_SECONDS is a number"));
    Duration::from_secs(asked.unwrap_or(3))
}

#[test]
fn no_name_is_ever_in_two_hands_whoever_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut random = Random(u64::from(std::process::id()) | 1);
    let until = Instant::now() + length();
    let mut workers: BTreeMap<u32, Child> = BTreeMap::new();
    let (mut started, mut killed, mut ended) = (0, 0, 0);
    while Instant::now() < until || !workers.is_empty() {
        while workers.len() < WORKERS as usize && Instant::now() < until {
            workers.insert(started, start(dir.path(), started));
            started += 1;
        }
        thread::sleep(Duration::from_millis(random.below(60)));
        if random.below(4) == 0 && Instant::now() < until {
            let victim = *workers.keys().nth(random.below(6) as usize).unwrap_or(&0);
            if let Some(mut worker) = workers.remove(&victim) {
                // It may have just ended.
                let _ = worker.kill();
                worker.wait().unwrap();
                // Only now: who finds its mark waits for this.
                fs::write(dir.path().join(format!("killed-{victim}")), "").unwrap();
                killed += 1;
            }
        }
        let mut over = Vec::new();
        for (number, worker) in &mut workers {
            if let Some(status) = worker.try_wait().unwrap() {
                let said = crate::text(&dir.path().join(format!("said-{number}")));
                assert!(status.success(), "worker {number}: {status}: {said}");
                over.push(*number);
            }
        }
        ended += over.len();
        over.iter().for_each(|number| drop(workers.remove(number)));
    }
    assert!(ended > 0 && killed > 0, "{ended} ended, {killed} killed");
    println!("{started} processes, {killed} of them killed");
}

fn start(dir: &Path, number: u32) -> Child {
    let said = fs::File::create(dir.join(format!("said-{number}"))).unwrap();
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "storm::worker", "--ignored", "--nocapture"])
        .env("NAME_MANAGER_DIR", dir.join("state"))
        .env("NAME_MANAGER_POOL_STORM_MAX", NAMES.to_string())
        .env("STORM_DIR", dir)
        .env("STORM_WORKER", number.to_string())
        .stdin(Stdio::null())
        .stdout(said.try_clone().unwrap())
        .stderr(said)
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "started by the storm"]
fn worker() {
    let dir = PathBuf::from(env::var_os("STORM_DIR").unwrap());
    let own = env::var("STORM_WORKER").unwrap();
    let mut random = Random(u64::from(std::process::id()) << 8 | 1);
    let pool = Pool::open("storm").unwrap();
    for _ in 0..LEASES {
        let lease = pool.acquire().unwrap();
        let mark = dir.join(format!("mark-{}", lease.name()));
        make(&mark, &dir, &own);
        thread::sleep(Duration::from_micros(random.below(3000)));
        fs::remove_file(&mark).unwrap();
        lease.release().unwrap();
    }
}

/// Makes the mark of a name; that of a worker which was killed may be there.
fn make(mark: &Path, dir: &Path, own: &str) {
    loop {
        match OpenOptions::new().write(true).create_new(true).open(mark) {
            Ok(mut file) => return file.write_all(own.as_bytes()).unwrap(),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => panic!("{}: {error}", mark.display()),
        }
        let whose = fs::read_to_string(mark).unwrap();
        patience::until(&format!("the end of `{whose}`, whose name we have"), || {
            // One that was killed before it could write down who it is.
            let is_killed = |number: u32| dir.join(format!("killed-{number}")).exists();
            let whose = whose.parse().ok();
            whose.is_none_or(is_killed).then_some(())
        });
        fs::remove_file(mark).unwrap();
    }
}

/// Enough to spread kills (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
