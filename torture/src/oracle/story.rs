//! Histories, put together to requests, leases and calls of hooks.

use std::collections::BTreeMap;

use crate::history::{Access, Ask, Event, Hook, Line, What, first_of_container};

/// All that happened.
#[derive(Debug, Default)]
pub struct Story<'a> {
    pub(crate) pools: BTreeMap<&'a str, Pool>,
    pub(crate) processes: BTreeMap<&'a str, Process<'a>>,
    pub(crate) requests: Vec<Request<'a>>,
    pub(crate) calls: Vec<Call<'a>>,
    /// What allocators were asked and told, in order: one at a time is.
    pub(crate) decisions: Vec<Decision<'a>>,
    /// Where processes of hooks, each on one name, have worked last.
    pub(crate) works: BTreeMap<&'a str, (&'a str, &'a Line)>,
    /// What such processes have found that should not be so.
    pub(crate) wrong: Vec<&'a Line>,
    /// That all processes have ended.
    pub(crate) over: Option<&'a Line>,
}

/// A pool.
#[derive(Debug)]
pub(crate) struct Pool {
    /// `None` if it is unbounded.
    pub(crate) max: Option<usize>,
    pub(crate) hooks: bool,
    pub(crate) allocator: bool,
}

/// A process.
#[derive(Debug, Default)]
pub(crate) struct Process<'a> {
    pub(crate) role: &'a str,
    pub(crate) run: &'a str,
    /// The process whose hook it is, if it is one: the calls are that one's.
    pub(crate) of: Option<&'a str>,
    pub(crate) first: Option<&'a Line>,
    /// Just before it was killed. What it holds ends no earlier.
    pub(crate) killed: Option<&'a Line>,
    pub(crate) last: Option<&'a Line>,
    pub(crate) gone: Option<&'a Line>,
}

/// A request, and the leases that it was granted.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) process: &'a str,
    pub(crate) thread: u32,
    pub(crate) ask: &'a Ask,
    pub(crate) asked: &'a Line,
    pub(crate) turns: Vec<Turn<'a>>,
    pub(crate) blocks: Option<&'a Line>,
    pub(crate) reserved: Option<&'a Line>,
    pub(crate) granted: Option<&'a Line>,
    pub(crate) leases: &'a [(String, Option<u64>)],
    /// The process that makes the request, and whose end is the end of the leases. If
    /// it is not the one that asks, the request was made at some time after `asked`, and
    /// nothing is known of it until `granted`.
    pub(crate) owner: &'a str,
    pub(crate) releases: Option<&'a Line>,
    pub(crate) dirty: bool,
    pub(crate) released: Option<&'a Line>,
    /// It was told that it had lost what it was about to give back.
    pub(crate) lost: Option<&'a Line>,
    pub(crate) gave_up: Option<(&'a Line, &'a str)>,
    pub(crate) error: Option<&'a Line>,
}

/// A place in the queue, and what came of it. A request has another when readers
/// lose their name to a writer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Turn<'a> {
    pub(crate) waits: Option<&'a Line>,
    pub(crate) first: Option<&'a Line>,
    pub(crate) heads: Option<&'a Line>,
    pub(crate) taken: Option<&'a Line>,
}

/// A call of a hook.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// The caller.
    pub(crate) process: &'a str,
    pub(crate) thread: u32,
    /// The process that does it: the caller, unless the hook is a command.
    pub(crate) own: &'a str,
    pub(crate) hook: &'a Hook,
    /// The request that it is for; `None` for the reaper's.
    pub(crate) request: Option<usize>,
    pub(crate) begins: &'a Line,
    pub(crate) done: Option<&'a Line>,
    pub(crate) failed: Option<&'a Line>,
}

/// What an allocator said, or was told.
#[derive(Debug)]
pub(crate) struct Decision<'a> {
    pub(crate) line: &'a Line,
    pub(crate) pool: &'a str,
    /// The request that it was asked for.
    pub(crate) request: Option<usize>,
    pub(crate) what: Decided<'a>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Decided<'a> {
    Grants { name: &'a str, turn: u64 },
    Busy,
    TakesBack(&'a str),
}

/// The process whose hook writes this.
fn own_caller<'l>(processes: &BTreeMap<&str, Process<'l>>, line: &'l Line) -> &'l str {
    let own = processes.get(line.process.as_str());
    own.and_then(|own| own.of).unwrap_or(&line.process)
}

/// For how long a name was surely held.
#[derive(Debug)]
pub(crate) struct Span<'a> {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) shared: bool,
    pub(crate) lines: Vec<&'a Line>,
}

impl<'a> Story<'a> {
    /// Puts lines together that are in the order of time.
    pub fn new(lines: &'a [Line]) -> Self {
        let mut story = Self::default();
        let mut by_number: BTreeMap<(&str, u64), usize> = BTreeMap::new();
        for line in lines {
            story.note(line);
            let process = line.process.as_str();
            if let Event::Ask(ask) = &line.event {
                by_number.insert((process, ask.r), story.requests.len());
                story.requests.push(Request::new(line, ask));
            } else if let Some(r) = line.event.request()
                && let Some(at) = by_number.get(&(line.event.of().unwrap_or(process), r))
            {
                story.requests[*at].add(line);
            }
        }
        story.end_containers();
        story
    }

    /// With the first process of a container, all others there end.
    fn end_containers(&mut self) {
        let ends: BTreeMap<_, _> = self
            .processes
            .iter()
            .map(|(name, first)| (*name, (first.killed, first.gone)))
            .collect();
        for (name, process) in &mut self.processes {
            let first = first_of_container(name);
            let Some((killed, gone)) = first.and_then(|first| ends.get(first.as_str())) else {
                continue;
            };
            let has_ended = |killed: &&Line| process.gone.is_some_and(|gone| gone.at < killed.at);
            let killed = killed.filter(|killed| !has_ended(killed));
            process.killed = process.killed.or(killed);
            process.gone = process.gone.or(*gone);
        }
    }

    fn note(&mut self, line: &'a Line) {
        let own = self.processes.entry(&line.process).or_default();
        own.last = Some(line);
        own.first.get_or_insert(line);
        match &line.event {
            Event::Pool {
                pool,
                max,
                hooks,
                allocator,
            } => {
                let (max, hooks, allocator) = (*max, *hooks, *allocator);
                self.pools.insert(
                    pool,
                    Pool {
                        max,
                        hooks,
                        allocator,
                    },
                );
            }
            Event::Begins { role, run, of } => {
                own.role = role;
                own.run = run;
                own.of = of.as_deref();
            }
            Event::Dies(_) => {
                own.killed.get_or_insert(line);
            }
            Event::Kills { process, .. } => {
                let other = self.processes.entry(process).or_default();
                other.killed.get_or_insert(line);
            }
            // It writes nothing, and may end with its container.
            Event::By { process, .. } => {
                self.processes.entry(process).or_default();
            }
            Event::Granted {
                holder: Some(holder),
                ..
            } => {
                self.processes.entry(holder).or_default();
            }
            Event::Gone(process) => {
                self.processes.entry(process).or_default().gone = Some(line);
            }
            Event::HookBegins(hook) => {
                let request = self.open_request(line, &hook.pool);
                let caller = own_caller(&self.processes, line);
                if caller != line.process {
                    self.note_caller(caller, line);
                }
                self.calls.push(Call {
                    process: caller,
                    thread: request.map_or(line.thread, |at| self.requests[at].thread),
                    own: &line.process,
                    hook,
                    request,
                    begins: line,
                    done: None,
                    failed: None,
                });
            }
            Event::HookDone(hook) | Event::HookFails(hook) => {
                let begun = |call: &&mut Call<'_>| {
                    call.own == line.process
                        && (call.own != call.process || call.thread == line.thread)
                        && call.hook.what == hook.what
                        && call.hook.pool == hook.pool
                        && call.hook.name == hook.name
                        && call.ended().is_none()
                };
                if let Some(call) = self.calls.iter_mut().rev().find(begun) {
                    match &line.event {
                        Event::HookDone(_) => call.done = Some(line),
                        _ => call.failed = Some(line),
                    }
                }
            }
            Event::Decides { pool, turn, name } => {
                let what = match name {
                    Some(name) => Decided::Grants { name, turn: *turn },
                    None => Decided::Busy,
                };
                self.decided(line, pool, what);
            }
            Event::TakesBack { pool, name } => self.decided(line, pool, Decided::TakesBack(name)),
            Event::Works { name, .. } if !name.is_empty() => {
                self.works.insert(&line.process, (name, line));
            }
            Event::Wrong(_) => self.wrong.push(line),
            Event::Over => self.over = Some(line),
            _ => {}
        }
    }

    /// A reaper whose hooks are commands writes nothing itself.
    fn note_caller(&mut self, caller: &'a str, line: &'a Line) {
        let run = self.run(&line.process);
        let caller = self.processes.entry(caller).or_default();
        if caller.role.is_empty() {
            caller.role = "reaper";
            caller.run = run;
        }
    }

    fn decided(&mut self, line: &'a Line, pool: &'a str, what: Decided<'a>) {
        let request = self.open_request(line, pool);
        self.decisions.push(Decision {
            line,
            pool,
            request,
            what,
        });
    }

    /// The request of the thread to that pool that is not answered yet.
    fn open_request(&self, line: &Line, pool: &str) -> Option<usize> {
        let caller = own_caller(&self.processes, line);
        let open = |request: &Request<'_>| {
            request.process == caller
                // One thread alone asks for what a process of its own makes.
                && (caller != line.process || request.thread == line.thread)
                && request.ask.pool == pool
                && !request.is_answered()
        };
        self.requests.iter().rposition(open)
    }

    /// When that process was killed, if it was.
    pub(crate) fn killed(&self, process: &str) -> Option<&'a Line> {
        self.processes.get(process)?.killed
    }

    /// Just before the process that writes this was killed, or the one whose hook that is.
    pub(crate) fn killed_with(&self, line: &Line) -> Option<&'a Line> {
        self.killed(&line.process)
            .or_else(|| self.killed(own_caller(&self.processes, line)))
    }

    /// Just before the process that makes the request was killed, or its client.
    pub(crate) fn killed_for(&self, request: &Request<'a>) -> Option<&'a Line> {
        self.killed(request.owner)
            .or_else(|| self.killed(request.process))
    }

    /// The run of that process.
    pub(crate) fn run(&self, process: &str) -> &'a str {
        self.processes
            .get(process)
            .map_or("", |process| process.run)
    }

    /// The names of a pool; none if it is unbounded.
    pub(crate) fn names(&self, pool: &str) -> Vec<String> {
        let max = self.pools.get(pool).and_then(|pool| pool.max).unwrap_or(0);
        (0..max).map(|index| format!("{pool}-{index}")).collect()
    }

    /// By when what a request was granted has surely not ended yet.
    pub(crate) fn held_until(&self, request: &Request<'_>) -> u64 {
        let released = request.releases.map(|line| line.at);
        let killed = [request.owner, request.process]
            .into_iter()
            .filter_map(|process| self.killed(process))
            .map(|line| line.at)
            .min();
        released.unwrap_or(u64::MAX).min(killed.unwrap_or(u64::MAX))
    }

    /// By when a call of a hook has surely ended; `None` if nobody knows.
    pub(crate) fn ended_by(&self, call: &Call<'a>) -> Option<(u64, &'a Line)> {
        if let Some(ended) = call.ended() {
            return Some((ended.at, ended));
        }
        let killed = self.killed(call.process)?;
        let gone = self.processes.get(call.process)?.gone;
        Some((gone.map_or(killed.at, |gone| gone.at), killed))
    }

    /// Whether a process that was killed may have begun a hook for a request to that pool
    /// between these times, without writing it down.
    pub(crate) fn may_have_begun(&self, pool: &str, from: u64, until: u64) -> bool {
        self.requests.iter().any(|request| {
            let killed = self.killed(request.process).is_some();
            let gone = self.processes.get(request.process);
            let gone = gone.and_then(|process| process.gone);
            request.ask.pool == pool
                && request.granted.is_none()
                && killed
                && request.asked.at < until
                && gone.is_none_or(|gone| gone.at > from)
        })
    }

    /// Whether the request's holder was killed while it had the leases.
    pub(crate) fn died_with(&self, request: &Request<'_>) -> Option<&'a Line> {
        if request.granted.is_none() || request.releases.is_some() {
            return None;
        }
        self.killed(request.owner)
    }

    /// When each name was surely held: by leases, and by hooks.
    pub(crate) fn spans(&self) -> BTreeMap<&'a str, Vec<Span<'a>>> {
        let mut spans: BTreeMap<&str, Vec<Span<'_>>> = BTreeMap::new();
        for request in &self.requests {
            let Some(granted) = request.granted else {
                continue;
            };
            let killed = self.killed(request.owner);
            for (name, _) in request.leases {
                spans.entry(name).or_default().push(Span {
                    from: granted.at,
                    to: self.held_until(request),
                    shared: request.ask.access == Access::Shared,
                    lines: [Some(granted), request.releases, killed]
                        .into_iter()
                        .flatten()
                        .collect(),
                });
            }
        }
        for call in self.calls.iter().filter(|call| !call.hook.name.is_empty()) {
            let killed = self.killed(call.process);
            let to = [call.ended(), killed].into_iter().flatten();
            spans.entry(&call.hook.name).or_default().push(Span {
                from: call.begins.at,
                to: to.map(|line| line.at).min().unwrap_or(u64::MAX),
                shared: false,
                lines: [Some(call.begins), call.ended(), killed]
                    .into_iter()
                    .flatten()
                    .collect(),
            });
        }
        for spans in spans.values_mut() {
            spans.retain(|span| span.from < span.to);
            spans.sort_by_key(|span| span.from);
        }
        spans
    }
}

impl<'a> Call<'a> {
    /// Well or not; `None` if its process ended before.
    pub(crate) fn ended(&self) -> Option<&'a Line> {
        self.done.or(self.failed)
    }
}

impl<'a> Request<'a> {
    fn new(line: &'a Line, ask: &'a Ask) -> Self {
        Self {
            process: &line.process,
            thread: line.thread,
            ask,
            asked: line,
            turns: Vec::new(),
            blocks: None,
            reserved: None,
            granted: None,
            leases: &[],
            owner: &line.process,
            releases: None,
            dirty: false,
            released: None,
            lost: None,
            gave_up: None,
            error: None,
        }
    }

    fn add(&mut self, line: &'a Line) {
        match &line.event {
            Event::Waits(_) => self.turns.push(Turn {
                waits: Some(line),
                ..Turn::default()
            }),
            Event::First(_) => self.turn().first = Some(line),
            Event::Heads(_) => self.turn().heads = Some(line),
            Event::Taken(_) => {
                if self.turn().taken.is_some() {
                    self.turns.push(Turn::default());
                }
                self.turn().taken = Some(line);
            }
            Event::By { process, .. } => self.owner = process,
            Event::Blocks(_) => self.blocks = Some(line),
            Event::Reserved(_) => self.reserved = Some(line),
            Event::Granted { leases, holder, .. } => {
                self.granted = Some(line);
                self.leases = leases;
                if let Some(holder) = holder {
                    self.owner = holder;
                }
            }
            Event::Releases { dirty, .. } => {
                self.releases = Some(line);
                self.dirty = *dirty;
            }
            Event::Released(_) => self.released = Some(line),
            Event::Lost(_) => self.lost = Some(line),
            Event::GaveUp { why, .. } => self.gave_up = Some((line, why)),
            Event::Error { .. } => self.error = Some(line),
            _ => {}
        }
    }

    fn turn(&mut self) -> &mut Turn<'a> {
        if self.turns.is_empty() {
            self.turns.push(Turn::default());
        }
        let last = self.turns.len() - 1;
        &mut self.turns[last]
    }

    /// Whether another process makes it, which writes no history.
    pub(crate) fn is_outside(&self) -> bool {
        self.owner != self.process
    }

    pub(crate) fn taken(&self) -> Option<&'a Line> {
        self.turns.last()?.taken
    }

    /// Whether the library has answered, and all that it gave is given back.
    pub(crate) fn has_ended(&self) -> bool {
        self.released.is_some() || self.gave_up.is_some() || self.error.is_some()
    }

    /// Whether the library has answered.
    pub(crate) fn is_answered(&self) -> bool {
        self.granted.is_some() || self.gave_up.is_some() || self.error.is_some()
    }

    /// The wanted name, if it is a certain one.
    pub(crate) fn name(&self) -> Option<&'a str> {
        match &self.ask.what {
            What::Name(name) => Some(name),
            _ => None,
        }
    }
}
