//! `status --json`, as `docs/json.md` describes it.

use nm_runtime::Access;
use nm_runtime::inspect::{self, Code, Left, NameView, PoolHook, View, Waiter};
use nm_runtime::record::{State, Tenure};
use serde::Serialize;

#[derive(Serialize)]
pub struct Status<'a> {
    version: u32,
    pools: Vec<Pool<'a>>,
}

#[derive(Serialize)]
struct Pool<'a> {
    pool: &'a str,
    capacity: Option<usize>,
    said_last: Option<Said<'a>>,
    hooks: Option<&'a str>,
    allocator: Option<&'a str>,
    hook: Option<Hook<'a>>,
    cleaning: &'a [String],
    left: Option<NotCleaned<'a>>,
    names: Vec<Name<'a>>,
    waiters: Vec<Waiting<'a>>,
}

#[derive(Serialize)]
struct Said<'a> {
    place: &'a str,
    run: &'a str,
}

#[derive(Serialize)]
struct Hook<'a> {
    hook: &'static str,
    since: u64,
    test: &'a str,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    run: &'a str,
}

#[derive(Serialize)]
struct Name<'a> {
    name: &'a str,
    held: bool,
    state: Option<&'static str>,
    reason: Option<&'a str>,
    holder_died: bool,
    hook: Option<&'static str>,
    awaits_cleanup: Option<&'a str>,
    left: Option<NotCleaned<'a>>,
    fence: Option<u64>,
    created: Option<u64>,
    lent: Option<u64>,
    holders: Vec<Holder<'a>>,
}

#[derive(Serialize)]
struct NotCleaned<'a> {
    why: &'static str,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct Holder<'a> {
    test: &'a str,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    process: Option<&'static str>,
    run: &'a str,
    since: u64,
    file: &'a str,
    line: u32,
    access: &'static str,
    waits_for_pool: Option<&'a str>,
    body_ended: Option<u64>,
}

#[derive(Serialize)]
struct Waiting<'a> {
    id: &'a str,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    process: Option<&'static str>,
    test: Option<&'a str>,
    run: Option<&'a str>,
    since: Option<u64>,
    wants: Option<&'a str>,
    name: Option<&'a str>,
    access: Option<&'static str>,
}

impl<'a> Status<'a> {
    pub fn new(views: &'a [View]) -> Self {
        let pools = views.iter().map(|view| Pool {
            pool: &view.pool,
            capacity: view.capacity,
            said_last: view.said_last.as_ref().map(|said| Said {
                place: &said.place,
                run: &said.run,
            }),
            hooks: place(&view.code.resource),
            allocator: place(&view.code.allocator),
            hook: view.hook.as_ref().map(hook),
            cleaning: &view.cleaning,
            left: view.left.as_ref().map(left),
            names: view.names.iter().map(name).collect(),
            waiters: view.waiters.iter().map(waiter).collect(),
        });
        Self {
            version: 1,
            pools: pools.collect(),
        }
    }
}

fn place(code: &Option<Code>) -> Option<&str> {
    code.as_ref().map(|code| &*code.place)
}

fn left(left: &Left) -> NotCleaned<'_> {
    NotCleaned {
        why: left.as_str(),
        error: match left {
            Left::Failed(error) => Some(error),
            Left::Kept | Left::Undone => None,
        },
    }
}

fn hook(hook: &PoolHook) -> Hook<'_> {
    Hook {
        hook: hook.kind.as_str(),
        since: hook.since,
        test: &hook.holder.test,
        pid: hook.holder.pid,
        host: hook.holder.host.as_deref(),
        run: &hook.holder.run,
    }
}

fn name(view: &NameView) -> Name<'_> {
    let record = view.record.as_ref();
    Name {
        name: &view.name,
        held: view.held,
        state: record.map(|record| State::as_str(record.state)),
        reason: record.and_then(|record| record.reason.as_deref()),
        holder_died: view.holder_died(),
        hook: view.hook.as_ref().map(|hook| hook.kind.as_str()),
        awaits_cleanup: view.awaits_cleanup.as_deref(),
        left: view.left.as_ref().map(left),
        fence: record.map(|record| record.fence),
        created: record.map(|record| record.created),
        lent: record.map(|record| record.lent),
        holders: view.holders.iter().map(holder).collect(),
    }
}

fn holder(tenure: &Tenure) -> Holder<'_> {
    let holder = &tenure.holder;
    Holder {
        test: &holder.test,
        pid: holder.pid,
        host: holder.host.as_deref(),
        process: inspect::process(holder).as_str(),
        run: &holder.run,
        since: holder.since,
        file: &holder.file,
        line: holder.line,
        access: tenure.access.as_str(),
        waits_for_pool: tenure.waiting.as_ref().map(|waiting| waiting.pool.as_str()),
        body_ended: tenure.body_ended,
    }
}

fn waiter(waiter: &Waiter) -> Waiting<'_> {
    let event = waiter.event.as_ref();
    Waiting {
        id: &waiter.id,
        pid: waiter.pid,
        host: event.and_then(|event| event.holder.host.as_deref()),
        process: event.and_then(|event| inspect::process(&event.holder).as_str()),
        test: event.map(|event| event.holder.test.as_str()),
        run: event.map(|event| event.holder.run.as_str()),
        since: event.map(|event| event.time),
        wants: event.and_then(|event| event.detail.as_deref()),
        name: event.and_then(|event| event.name.as_deref()),
        access: event.and_then(|event| event.access.map(Access::as_str)),
    }
}
