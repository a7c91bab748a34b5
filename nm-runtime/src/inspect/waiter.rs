//! A waiter for names of a server, as one of this machine's pools is shown.

use crate::journal::{Event, Kind};
use crate::local::waiters::Waiter;
use crate::remote::wire;
use crate::terms::access::Access;
use crate::terms::record::FORMAT;

/// What the agent tells of a request in the line.
pub(super) fn of_server(pool: &str, waiting: wire::Waiter, ticket: Option<u64>) -> Waiter {
    let wire::Waiter {
        wants,
        access,
        id,
        who,
        ..
    } = waiting;
    let (name, wanted) = match wants {
        wire::Wanted::Name(name) => (Some(name.clone()), format!("`{name}`")),
        wire::Wanted::Count(1) | wire::Wanted::Assigned => (None, "a name".to_owned()),
        wire::Wanted::Count(count) => (None, format!("{count} names")),
    };
    let wanted = match access {
        Access::Exclusive => wanted,
        Access::Shared => format!("{wanted} to share"),
    };
    Waiter {
        pid: who.pid,
        ticket,
        event: Some(Event {
            v: FORMAT,
            time: who.since,
            kind: Kind::Waiting,
            pool: pool.to_owned(),
            name,
            fence: None,
            id: id.clone(),
            holder: who,
            detail: Some(wanted),
            waited: None,
            access: Some(access),
            state: None,
            phase: None,
        }),
        id,
    }
}
