//! Which of a thread's requests a failpoint is about.

use std::cell::RefCell;
use std::collections::VecDeque;

use torture::history::Event;

#[derive(Default)]
struct Order {
    /// One call may make several requests, in this order.
    calls: Vec<VecDeque<u64>>,
    taken: bool,
    blocked: bool,
}

thread_local! {
    static ORDER: RefCell<Order> = RefCell::default();
}

/// A call begins that makes these requests.
pub fn begin(requests: impl IntoIterator<Item = u64>) {
    ORDER.with_borrow_mut(|order| {
        order.calls.push(requests.into_iter().collect());
        order.taken = false;
        order.blocked = false;
    });
}

/// The call has returned.
pub fn end() {
    ORDER.with_borrow_mut(|order| order.calls.pop());
}

/// What a failpoint says of the thread's request.
pub fn at(site: &str) -> Option<Event> {
    ORDER.with_borrow_mut(|order| {
        let calls = order.calls.last_mut()?;
        let begins = ["queue: locked", "line: announced", "run: joined"].contains(&site);
        if begins && order.taken {
            calls.pop_front();
            (order.taken, order.blocked) = (false, false);
        }
        let r = *calls.front()?;
        Some(match site {
            "line: drawn" => Event::Waits(r),
            "line: first" => Event::First(r),
            "queue: locked by the first in line" => Event::Heads(r),
            "head: waits" if !order.blocked => {
                order.blocked = true;
                Event::Blocks(r)
            }
            "given name: reserved" => Event::Reserved(r),
            // Before it gives up its reservation, which another may have then.
            "given name: locked" | "grant: taken" if !order.taken => {
                order.taken = true;
                Event::Taken(r)
            }
            // It asks again.
            "share: lost" => {
                (order.taken, order.blocked) = (false, false);
                return None;
            }
            _ => return None,
        })
    })
}
