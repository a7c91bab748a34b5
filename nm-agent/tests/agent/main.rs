//! Agents of several machines at a real PostgreSQL, with real processes. A machine is a
//! directory; an agent, and a process that is to be killed, is this program once more.
#![cfg(unix)]

mod between;
mod child;
mod cuts;
mod forgets;
mod hints;
#[path = "../../../tests/support/instance.rs"]
mod instance;
mod lends;
mod lives;
mod machine;
#[path = "../../../tests/support/pooler.rs"]
mod pooler;
mod process;
mod proxy;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../../../nm-postgres/tests/server/wire.rs"]
mod wire;
