//! Takes names that a server lends, and says how each lease ended.

use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use name_manager::Lease;
use torture::history::{Access, Ask, Event, How, What};

use crate::task::Task;
use crate::{menu, request, seen};

/// How often somebody who holds looks whether all are to end.
const LOOKS: Duration = Duration::from_millis(50);

/// Asks until all are to end.
pub fn run(task: &Task) {
    let mut random = Rng::with_seed(task.seed ^ (u64::from(std::process::id()) << 20));
    for _ in 0..task.requests {
        if task.is_over() {
            return;
        }
        let (pool, max) = &task.pools[random.usize(0..task.pools.len())];
        let mut ask = menu::ask(&mut random, pool, *max, false);
        if ask.how != How::Try {
            ask.how = How::Within(task.patience.as_nanos() as u64);
        }
        match request::acquire(std::slice::from_ref(&ask)) {
            Some(leases) => {
                hold(task, &mut random);
                give_back(&ask, leases.into_iter().flatten());
            }
            // Who was refused does not ask all the time.
            None => thread::sleep(Duration::from_millis(random.u64(10..200))),
        }
    }
}

/// Takes every name, one after the other, and waits for it.
pub fn take_all(task: &Task) {
    for (pool, max) in &task.pools {
        for index in 0..max.unwrap_or(0) {
            let ask = Ask {
                r: seen::next_request(),
                pool: pool.clone(),
                what: What::Name(format!("{pool}-{index}")),
                count: 1,
                access: Access::Exclusive,
                how: How::Within(task.patience.as_nanos() as u64),
            };
            if let Some(leases) = request::acquire(std::slice::from_ref(&ask)) {
                give_back(&ask, leases.into_iter().flatten());
            }
        }
    }
}

/// Some hold what they have for longer than a machine may be silent.
fn hold(task: &Task, random: &mut Rng) {
    let time = match random.u32(0..100) {
        0..55 => random.u64(0..60),
        55..80 => random.u64(60..1000),
        _ => random.u64(1000..9000),
    };
    let until = Instant::now() + Duration::from_millis(time);
    while !task.is_over() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        thread::sleep(left.min(LOOKS));
    }
}

fn give_back(ask: &Ask, leases: impl Iterator<Item = Lease>) {
    let r = ask.r;
    let (of, dirty) = (None, false);
    seen::write(Event::Releases { r, of, dirty });
    let mut end = Some(Event::Released(r));
    for lease in leases {
        match lease.release() {
            Ok(()) => {}
            Err(error) if error.is_lost() => end = end.map(|_| Event::Lost(r)),
            Err(error) => {
                request::failed(ask, &error);
                end = None;
            }
        }
    }
    end.into_iter().for_each(seen::write);
}
