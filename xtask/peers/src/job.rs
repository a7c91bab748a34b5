use std::thread;
use std::time::Duration;

use crate::body::{self, Body};
use crate::clock::now;
use crate::lock::Lock;
use crate::result::Result;
use crate::talk::{listen, say};

pub fn run(lock: &mut dyn Lock, job: &[&str]) -> Result<()> {
    match job {
        ["pairs", count] => pairs(lock, count.parse()?),
        ["counted", access, count] => counted(lock, access, count.parse()?),
        ["turns", access] => turns(lock, access),
        ["leases", count, hold] => leases(lock, count.parse()?, micros(hold)?),
        ["reads", hold, time] => reads(lock, micros(hold)?, micros(time)?),
        ["writes", hold, time] => writes(lock, micros(hold)?, micros(time)?),
        _ => Err("no such job".into()),
    }
}

fn micros(text: &str) -> Result<Duration> {
    Ok(Duration::from_micros(text.parse()?))
}

/// Whenever told, locks and unlocks `count` times; says how long one took, in
/// picoseconds.
fn pairs(lock: &mut dyn Lock, count: u64) -> Result<()> {
    lock.exclusive()?;
    say(&[])?;
    while listen()? {
        let start = now();
        for _ in 0..count {
            lock.exclusive()?;
        }
        say(&[(now() - start) * 1000 / count])?;
    }
    Ok(())
}

/// Locks and unlocks `count` times, told by nobody.
fn counted(lock: &mut dyn Lock, access: &str, count: u64) -> Result<()> {
    for _ in 0..count {
        take(lock, access)?;
    }
    Ok(())
}

fn take(lock: &mut dyn Lock, access: &str) -> Result<()> {
    match access {
        "shared" => lock.shared(),
        _ => lock.exclusive(),
    }
}

/// Whenever told, takes the lock and says when it had it; told again, gives it
/// back and says when it began to.
fn turns(lock: &mut dyn Lock, access: &str) -> Result<()> {
    Body::UntilTold.select();
    say(&[])?;
    while listen()? {
        take(lock, access)?;
        say(&body::times())?;
    }
    Ok(())
}

/// Takes `count` leases, each held for `hold`; says of each: asked, granted, given back.
fn leases(lock: &mut dyn Lock, count: usize, hold: Duration) -> Result<()> {
    Body::Hold(hold).select();
    say(&[])?;
    listen()?;
    for _ in 0..count {
        body::note(now());
        lock.exclusive()?;
    }
    say(&body::times())
}

/// Reads again and again for `time`; says of each: granted, given back.
fn reads(lock: &mut dyn Lock, hold: Duration, time: Duration) -> Result<()> {
    Body::Hold(hold).select();
    say(&[])?;
    listen()?;
    let end = now() + time.as_nanos() as u64;
    while now() < end {
        lock.shared()?;
    }
    say(&body::times())
}

/// Writes from time to time for `time`; says of each: asked, granted, given back.
fn writes(lock: &mut dyn Lock, hold: Duration, time: Duration) -> Result<()> {
    Body::Hold(hold).select();
    say(&[])?;
    listen()?;
    let end = now() + time.as_nanos() as u64;
    while now() < end {
        thread::sleep(hold * 4);
        body::note(now());
        lock.exclusive()?;
    }
    say(&body::times())
}
