//! After all have ended, every name must be there for the taking.

use torture::history::{Access, Ask, Event, How, What};

use crate::task::Task;
use crate::{request, seen};

/// Takes them all, one by one.
pub fn run(task: &Task) {
    let mut taken = Vec::new();
    for (pool, max) in &task.pools {
        for index in 0..max.unwrap_or(2) {
            let what = match (max, pool.as_str()) {
                (None, _) | (_, request::DECIDED) => What::Any,
                _ => What::Name(format!("{pool}-{index}")),
            };
            let ask = Ask {
                r: seen::next_request(),
                pool: pool.clone(),
                what,
                count: 1,
                access: Access::Exclusive,
                how: How::Try,
            };
            if let Some(leases) = request::acquire(std::slice::from_ref(&ask)) {
                taken.push((ask.r, leases));
            }
        }
    }
    for (r, leases) in taken {
        seen::write(Event::Releases {
            r,
            of: None,
            dirty: false,
        });
        drop(leases);
        seen::write(Event::Released(r));
    }
}
