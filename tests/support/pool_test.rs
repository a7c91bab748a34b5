//! The story of a pool: who holds, who waits, who dies, who is granted.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nm_runtime::journal::{Event, Kind};
use nm_runtime::record::Record;
#[cfg(unix)]
use rustix::process::Signal;
use tempfile::TempDir;

use super::local::Local;
use super::patience;
use super::process::{Process, Start};
use super::stage::{Host, Stage};

/// A story of real processes.
pub type PoolTest = Story<Local>;

/// One stage and its actors. Every step returns only when it has happened; what must
/// not happen yet is seen to be waited for.
pub struct Story<S: Stage> {
    /// Ended first, then what they need.
    hosts: Vec<S::Host>,
    stage: S,
    dir: TempDir,
    pool: String,
    /// The place in `hosts` of each actor.
    actors: BTreeMap<String, usize>,
}

impl<S: Stage> Story<S> {
    /// A pool of so many names.
    pub fn new(pool: &str, max: u32) -> Self {
        let mut test = Self::unbounded(pool);
        test.also(pool, max);
        test
    }

    /// A pool that mints the next name when all are held.
    pub fn unbounded(pool: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut test = Self {
            stage: S::new(dir.path()),
            dir,
            pool: pool.to_owned(),
            hosts: Vec::new(),
            actors: BTreeMap::new(),
        };
        test.run("run-1");
        test
    }

    /// Another pool of so many names.
    pub fn also(&mut self, pool: &str, max: u32) -> &mut Self {
        self.stage.size(pool, max);
        self
    }

    /// Requests to this test's pool wait at most so long.
    pub fn wait_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.stage.wait_timeout(&self.pool, timeout);
        self
    }

    /// Actors started from here on belong to this run.
    pub fn run(&mut self, id: &str) -> &mut Self {
        self.stage.run(id);
        self
    }

    pub fn stage(&self) -> &S {
        &self.stage
    }

    /// For what a test keeps itself.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Starts an actor: a host whose thread bears its name.
    pub fn start(&mut self, actor: &str) -> &mut Self {
        let host = self.stage.start(actor);
        self.add(actor, host)
    }

    /// As [`Story::start`], with as few descriptors as macOS gives.
    pub fn start_with_few_descriptors(&mut self, actor: &str) -> &mut Self {
        let host = self.stage.start_with_few_descriptors(actor);
        self.add(actor, host)
    }

    fn add(&mut self, actor: &str, host: S::Host) -> &mut Self {
        self.hosts.push(host);
        self.actors.insert(actor.to_owned(), self.hosts.len() - 1);
        self
    }

    /// An actor that is a thread of the host of another one.
    pub fn thread(&mut self, actor: &str, in_host_of: &str) -> &mut Self {
        let at = self.place(in_host_of);
        self.actors.insert(actor.to_owned(), at);
        self
    }

    fn place(&mut self, actor: &str) -> usize {
        if !self.actors.contains_key(actor) {
            self.start(actor);
        }
        self.actors[actor]
    }

    fn host(&mut self, actor: &str) -> &mut S::Host {
        let at = self.place(actor);
        &mut self.hosts[at]
    }

    pub fn pid(&mut self, actor: &str) -> u32 {
        self.host(actor).id()
    }

    /// Tells an actor to do something and gives its answer.
    #[track_caller]
    pub fn tell(&mut self, actor: &str, command: &str) -> String {
        let host = self.host(actor);
        host.tell(actor, command);
        host.reply(actor)
    }

    /// Tells, without waiting for the answer.
    pub fn begin(&mut self, actor: &str, command: &str) -> &mut Self {
        self.host(actor).tell(actor, command);
        self
    }

    /// What the actor has answered by now.
    pub fn reply_by_now(&mut self, actor: &str) -> Option<String> {
        self.host(actor).replies().by_now(actor)
    }

    #[track_caller]
    pub fn expect(&mut self, actor: &str, command: &str, answer: &str) -> &mut Self {
        assert_eq!(
            self.tell(actor, command),
            answer,
            "`{command}` of `{actor}`"
        );
        self
    }

    /// The actor takes any name, which must be free.
    #[track_caller]
    pub fn hold(&mut self, actor: &str) -> &mut Self {
        let pool = self.pool.clone();
        self.holds(actor, &pool);
        self
    }

    /// The actor takes this, which must be free; gives the names.
    #[track_caller]
    pub fn holds(&mut self, actor: &str, ask: &str) -> Vec<String> {
        let answer = self.tell(actor, &format!("acquire {ask}"));
        names(&answer)
    }

    #[track_caller]
    pub fn release(&mut self, actor: &str) -> &mut Self {
        self.expect(actor, "release", "released")
    }

    /// The actor asks for any name, and blocks.
    #[track_caller]
    pub fn wait(&mut self, actor: &str) -> &mut Self {
        let pool = self.pool.clone();
        self.waits(actor, &pool)
    }

    /// The actor asks for this, and blocks: returns when it has its place, in the
    /// queue, at its head or beside it.
    #[track_caller]
    pub fn waits(&mut self, actor: &str, ask: &str) -> &mut Self {
        let before = self.count(actor, ask_pool(ask), Kind::Waiting);
        self.begin_to_wait(actor, ask);
        patience::until(&format!("`{actor}` waits for {ask}"), || {
            if let Some(reply) = self.reply_by_now(actor) {
                panic!("`{actor}` should wait for {ask}, but: {reply}");
            }
            let waits = self.count(actor, ask_pool(ask), Kind::Waiting) > before;
            (waits && self.is_parked(actor, ask)).then_some(())
        });
        self
    }

    /// The actor asks for this, and blocks: returns when it has its place, or
    /// with what it answered instead.
    #[track_caller]
    pub fn waits_or_answers(&mut self, actor: &str, ask: &str) -> Option<String> {
        self.begin_to_wait(actor, ask);
        let answer = patience::until(&format!("`{actor}` waits for {ask}, or not"), || {
            if let Some(reply) = self.reply_by_now(actor) {
                return Some(Some(reply));
            }
            self.is_parked(actor, ask).then_some(None)
        });
        if answer.is_some() {
            self.host(actor).waiting().pop();
        }
        answer
    }

    fn begin_to_wait(&mut self, actor: &str, ask: &str) {
        self.begin(actor, &format!("acquire {ask}"));
        self.host(actor).waiting().push(actor.to_owned());
    }

    fn is_parked(&mut self, actor: &str, ask: &str) -> bool {
        let at = self.place(actor);
        self.stage.is_parked(&self.hosts[at], actor, ask)
    }

    /// The actor that waited has what it asked for.
    #[track_caller]
    pub fn expect_granted(&mut self, actor: &str) -> Vec<String> {
        let reply = self.end_of_wait(actor);
        names(&reply)
    }

    /// The actor that waited was refused; gives the message.
    #[track_caller]
    pub fn expect_error(&mut self, actor: &str, kind: &str) -> String {
        let reply = self.end_of_wait(actor);
        error(&reply, kind)
    }

    #[track_caller]
    pub fn end_of_wait(&mut self, actor: &str) -> String {
        let host = self.host(actor);
        let reply = host.reply(actor);
        host.waiting().retain(|waiting| waiting != actor);
        reply
    }

    /// The actor is still where [`Story::waits`] left it.
    #[track_caller]
    pub fn expect_waiting(&mut self, actor: &str) -> &mut Self {
        patience::until(&format!("`{actor}` still waits"), || {
            let reply = self.reply_by_now(actor);
            assert_eq!(reply, None, "`{actor}` should still wait");
            let at = self.place(actor);
            let settled = self.stage.is_settled(&self.hosts[at], actor);
            settled.then_some(())
        });
        self
    }

    /// Ends the whole host of the actor, as it stands.
    pub fn kill(&mut self, actor: &str) -> &mut Self {
        let host = self.host(actor);
        host.kill();
        host.waiting().clear();
        let at = self.place(actor);
        patience::until(&format!("what `{actor}` leaves"), || {
            self.stage.has_left(&self.hosts[at]).then_some(())
        });
        self
    }

    /// Returns when no thread of the actor's host runs any more.
    #[track_caller]
    pub fn pause(&mut self, actor: &str) -> &mut Self {
        self.host(actor).stop();
        self
    }

    pub fn go_on(&mut self, actor: &str) -> &mut Self {
        self.host(actor).go_on();
        self
    }

    /// What the actor told people.
    pub fn notices(&mut self, actor: &str) -> String {
        let at = self.place(actor);
        self.stage.notices(&self.hosts[at], actor)
    }

    /// What is known of a name of this test's pool.
    pub fn record(&self, name: &str) -> Record {
        self.stage.record(&self.pool, name)
    }

    /// The journal of this test's pool.
    pub fn events(&self) -> Vec<Event> {
        self.events_in(&self.pool)
    }

    /// The journal of this pool.
    pub fn events_in(&self, pool: &str) -> Vec<Event> {
        self.stage.events(pool)
    }

    pub fn events_of(&self, kind: Kind) -> Vec<Event> {
        let mut events = self.events();
        events.retain(|event| event.kind == kind);
        events
    }

    /// Who was lent a name, in the order in which it happened.
    pub fn order(&self) -> Vec<String> {
        let acquired = self.events_of(Kind::Acquired).into_iter();
        acquired.map(|event| event.holder.test).collect()
    }

    fn count(&self, actor: &str, pool: &str, kind: Kind) -> usize {
        let events = self.events_in(pool);
        let its = events
            .iter()
            .filter(|event| event.kind == kind && event.holder.test == actor);
        its.count()
    }
}

/// What only processes do, and only files tell.
impl Story<Local> {
    /// Actors started from here on keep their state there.
    pub fn set_state_dir(&mut self, state: PathBuf) -> &mut Self {
        self.stage.set_state_dir(state);
        self
    }

    /// What actors started from here on find in their environment.
    pub fn env(&mut self, key: &str, value: &str) -> &mut Self {
        self.stage.env(key, value);
        self
    }

    /// Actors started from here on find no such variable.
    pub fn forget(&mut self, key: &str) -> &mut Self {
        self.stage.forget(key);
        self
    }

    pub fn state_dir(&self) -> PathBuf {
        self.stage.state_dir().to_owned()
    }

    pub fn pool_dir(&self) -> PathBuf {
        self.stage.pool_dir(&self.pool)
    }

    /// A file beside the names: `db-0.lock`.
    pub fn names_file(&self, file: &str) -> PathBuf {
        self.pool_dir().join("names").join(file)
    }

    pub fn start_with(&mut self, actor: &str, how: Start) -> &mut Self {
        let process = self.stage.start_with(actor, how);
        self.add(actor, process)
    }

    pub fn process(&mut self, actor: &str) -> &mut Process {
        self.host(actor)
    }

    #[cfg(unix)]
    pub fn signal(&mut self, actor: &str, signal: Signal) -> &mut Self {
        self.process(actor).signal(signal);
        self
    }

    /// The actor starts (`spawn`) or forks off (`fork`) a process, which lives
    /// until the test ends.
    #[track_caller]
    pub fn child(&mut self, actor: &str, how: &str) -> &mut Self {
        let answer = self.tell(actor, how);
        let child = answer.strip_prefix("child ").and_then(|id| id.parse().ok());
        self.stage.children.push(child.expect("the id of a child"));
        self
    }

    /// A name's record, as it stands in its file.
    pub fn record_text(&self, name: &str) -> String {
        fs::read_to_string(self.names_file(&format!("{name}.json"))).expect("a record")
    }
}

/// The pool of an ask.
fn ask_pool(ask: &str) -> &str {
    ask.split_whitespace().next().unwrap_or_default()
}

/// The names of a `granted` answer.
#[track_caller]
pub fn names(answer: &str) -> Vec<String> {
    fences(answer).into_iter().map(|(name, _)| name).collect()
}

/// The names and fences of a `granted` answer.
#[track_caller]
pub fn fences(answer: &str) -> Vec<(String, u64)> {
    let Some(names) = answer.strip_prefix("granted") else {
        panic!("expected names, but: {answer}");
    };
    let each = names.split_whitespace().map(|name| {
        let (name, fence) = name.split_once(':').expect("`NAME:FENCE`");
        (name.to_owned(), fence.parse().expect("a fence is a number"))
    });
    each.collect()
}

/// The message of an `error` answer of that kind.
#[track_caller]
pub fn error(answer: &str, kind: &str) -> String {
    match answer.strip_prefix(&format!("error {kind} ")) {
        Some(message) => message.to_owned(),
        None => panic!("expected an error of kind {kind}, but: {answer}"),
    }
}
