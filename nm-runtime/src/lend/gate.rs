//! Limits how many names one process requests and holds at once. Each costs
//! descriptors, and a process must not run out of them because many threads ask at the
//! same time: requests beyond the limit wait here, first come first served, before they
//! join the pool's queue.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use once_cell::sync::Lazy;

/// What a request keeps open while it waits (ticket, the ticket before, sign,
/// queue) or holds (lock, record).
const DESCRIPTORS_EACH: u64 = 4;
/// Left to the tests themselves, and to the processes that a head watches.
const DESCRIPTORS_FOR_OTHERS: u64 = 96;

struct Gate {
    room: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    inside: u64,
    next_ticket: u64,
    waiting: Vec<u64>,
}

static GATE: Lazy<Gate> = Lazy::new(|| Gate {
    room: room(nm_os::descriptor_limit()),
    state: Mutex::default(),
    changed: Condvar::new(),
});

fn room(limit: Option<u64>) -> u64 {
    let limit = limit.unwrap_or(u64::MAX);
    (limit.saturating_sub(DESCRIPTORS_FOR_OTHERS) / DESCRIPTORS_EACH).clamp(8, 4096)
}

/// Room for one request; leaves when dropped.
#[derive(Debug)]
pub(crate) struct Permit(u64);

impl Permit {
    /// For a thread that already holds something: if it waited here for others that
    /// wait for what it holds, that deadlock would not be detected.
    pub(crate) fn unlimited() -> Self {
        Self(0)
    }

    /// Waits for room for this many names; `None` if the deadline passes.
    pub(crate) fn wait(names: u64, deadline: Instant) -> Option<Self> {
        let gate = &*GATE;
        let names = names.min(gate.room);
        let mut state = gate.lock();
        let fits = |state: &State| state.inside + names <= gate.room;
        if state.waiting.is_empty() && fits(&state) {
            state.inside += names;
            return Some(Self(names));
        }
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.push(ticket);
        while state.waiting.first() != Some(&ticket) || !fits(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.waiting.retain(|waiting| *waiting != ticket);
                gate.changed.notify_all();
                return None;
            }
            let woken = gate.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.waiting.remove(0);
        state.inside += names;
        gate.changed.notify_all();
        Some(Self(names))
    }
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Under this lock there is only counting: a panic leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.0 > 0 {
            let gate = &*GATE;
            let mut state = gate.lock();
            state.inside -= self.0;
            if !state.waiting.is_empty() {
                gate.changed.notify_all();
            }
        }
    }
}
