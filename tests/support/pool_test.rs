//! The story of a pool: who holds, who waits, who dies, who is granted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use nm_runtime::journal::{self, Event, Kind};
use rustix::process::Signal;
use tempfile::TempDir;

use super::kernel;
use super::patience;
use super::process::{self, Process, Start};

/// One state directory and the actors that share it. Every step returns only
/// when it has happened; what must not happen yet is seen in the kernel.
pub struct PoolTest {
    dir: TempDir,
    state: PathBuf,
    pool: String,
    env: Vec<(String, String)>,
    processes: Vec<Process>,
    /// The place in `processes` of each actor.
    actors: BTreeMap<String, usize>,
    /// What actors started or forked off, which may outlive them.
    children: Vec<u32>,
}

impl PoolTest {
    /// A pool of so many names.
    pub fn new(pool: &str, max: u32) -> Self {
        let mut test = Self::unbounded(pool);
        test.also(pool, max);
        test
    }

    /// A pool that mints the next name when all are held.
    pub fn unbounded(pool: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let state = dir.path().join("state");
        let mut test = Self {
            dir,
            state: PathBuf::new(),
            pool: pool.to_owned(),
            env: Vec::new(),
            processes: Vec::new(),
            actors: BTreeMap::new(),
            children: Vec::new(),
        };
        test.set_state_dir(state).run("run-1");
        test
    }

    /// Actors started from here on keep their state there.
    pub fn set_state_dir(&mut self, state: PathBuf) -> &mut Self {
        self.env("NAME_MANAGER_DIR", &state.display().to_string());
        self.state = state;
        self
    }

    /// Another pool of so many names.
    pub fn also(&mut self, pool: &str, max: u32) -> &mut Self {
        let variable = format!("NAME_MANAGER_POOL_{}_MAX", pool.to_uppercase());
        self.env(&variable, &max.to_string())
    }

    /// What actors started from here on find in their environment.
    pub fn env(&mut self, key: &str, value: &str) -> &mut Self {
        self.forget(key);
        self.env.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Actors started from here on find no such variable.
    pub fn forget(&mut self, key: &str) -> &mut Self {
        self.env.retain(|(known, _)| known != key);
        self
    }

    /// Actors started from here on belong to this run.
    pub fn run(&mut self, id: &str) -> &mut Self {
        self.env("NAME_MANAGER_RUN_ID", id)
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn state_dir(&self) -> PathBuf {
        self.state.clone()
    }

    pub fn pool_dir(&self) -> PathBuf {
        self.state_dir().join("pools").join(&self.pool)
    }

    /// A file beside the names: `db-0.lock`.
    pub fn names_file(&self, file: &str) -> PathBuf {
        self.pool_dir().join("names").join(file)
    }

    /// Starts an actor: a process whose thread bears its name.
    pub fn start(&mut self, actor: &str) -> &mut Self {
        self.start_with(actor, Start::default())
    }

    pub fn start_with(&mut self, actor: &str, mut how: Start) -> &mut Self {
        let more = std::mem::take(&mut how.env);
        how.env = self.env.clone();
        how.env.extend(more);
        let stderr = self.stderr_path(actor);
        self.processes.push(Process::start(&how, &stderr));
        let at = self.processes.len() - 1;
        self.actors.insert(actor.to_owned(), at);
        self
    }

    /// An actor that is a thread in the process of another one.
    pub fn thread(&mut self, actor: &str, in_process_of: &str) -> &mut Self {
        let at = self.place(in_process_of);
        self.actors.insert(actor.to_owned(), at);
        self
    }

    fn place(&mut self, actor: &str) -> usize {
        if !self.actors.contains_key(actor) {
            self.start(actor);
        }
        self.actors[actor]
    }

    pub fn process(&mut self, actor: &str) -> &mut Process {
        let at = self.place(actor);
        &mut self.processes[at]
    }

    pub fn pid(&mut self, actor: &str) -> u32 {
        self.process(actor).id()
    }

    /// Tells an actor to do something and gives its answer.
    #[track_caller]
    pub fn tell(&mut self, actor: &str, command: &str) -> String {
        let process = self.process(actor);
        process.tell(actor, command);
        process.reply(actor)
    }

    /// Tells, without waiting for the answer.
    pub fn begin(&mut self, actor: &str, command: &str) -> &mut Self {
        self.process(actor).tell(actor, command);
        self
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

    /// The actor asks for this, and blocks: returns when it has its place, in
    /// the kernel's queue or at its head.
    #[track_caller]
    pub fn waits(&mut self, actor: &str, ask: &str) -> &mut Self {
        let before = self.count(actor, ask_pool(ask), Kind::Waiting);
        self.begin(actor, &format!("acquire {ask}"));
        let place = self.place(actor);
        self.processes[place].waiting.push(actor.to_owned());
        patience::until(&format!("`{actor}` waits for {ask}"), || {
            if let Some(reply) = self.processes[place].reply_by_now(actor) {
                panic!("`{actor}` should wait for {ask}, but: {reply}");
            }
            let waits = self.count(actor, ask_pool(ask), Kind::Waiting) > before;
            (waits && self.is_parked(place, ask)).then_some(())
        });
        self
    }

    /// The actor asks for this, and blocks: returns when it has its place, or
    /// with what it answered instead.
    #[track_caller]
    pub fn waits_or_answers(&mut self, actor: &str, ask: &str) -> Option<String> {
        self.begin(actor, &format!("acquire {ask}"));
        let place = self.place(actor);
        self.processes[place].waiting.push(actor.to_owned());
        let answer = patience::until(&format!("`{actor}` waits for {ask}, or not"), || {
            if let Some(reply) = self.processes[place].reply_by_now(actor) {
                return Some(Some(reply));
            }
            self.is_parked(place, ask).then_some(None)
        });
        if answer.is_some() {
            self.processes[place].waiting.pop();
        }
        answer
    }

    /// Whether as many threads of the process have their place as wait: behind
    /// others in line, for a name, or at the head of a queue.
    fn is_parked(&self, place: usize, ask: &str) -> bool {
        let process = &self.processes[place];
        let pools = self.state_dir().join("pools");
        let each_pool = || fs::read_dir(&pools).into_iter().flatten().flatten();
        let mut waited_for = BTreeSet::new();
        let mut queues = BTreeSet::new();
        for pool in each_pool().map(|pool| pool.path()) {
            waited_for.extend(inodes(&pool.join("line")));
            waited_for.extend(inodes(&pool.join("names")));
            waited_for.extend(kernel::inode(&pool.join("queue.lock")));
            queues.extend(kernel::inode(&pool.join("queue.lock")));
        }
        let locks = kernel::locks();
        let own = locks.iter().filter(|lock| lock.pid == process.id());
        let parked = own.filter(|lock| match lock.blocked {
            true => waited_for.contains(&lock.inode),
            // Who waits for a given name heads the queue only on its way.
            false => !ask.contains("name=") && queues.contains(&lock.inode),
        });
        parked.count() >= process.waiting.len()
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
        let process = self.process(actor);
        let reply = process.reply(actor);
        process.waiting.retain(|waiting| waiting != actor);
        reply
    }

    /// The actor is still where [`PoolTest::waits`] left it.
    #[track_caller]
    pub fn expect_waiting(&mut self, actor: &str) -> &mut Self {
        let reply = self.process(actor).reply_by_now(actor);
        assert_eq!(reply, None, "`{actor}` should still wait");
        self
    }

    /// SIGKILL, to the whole process of the actor.
    pub fn kill(&mut self, actor: &str) -> &mut Self {
        let process = self.process(actor);
        process.kill();
        process.waiting.clear();
        self
    }

    /// The actor starts (`spawn`) or forks off (`fork`) a process, which lives
    /// until the test ends.
    #[track_caller]
    pub fn child(&mut self, actor: &str, how: &str) -> &mut Self {
        let answer = self.tell(actor, how);
        let child = answer.strip_prefix("child ").and_then(|id| id.parse().ok());
        self.children.push(child.expect("the id of a child"));
        self
    }

    pub fn signal(&mut self, actor: &str, signal: Signal) -> &mut Self {
        self.process(actor).signal(signal);
        self
    }

    /// SIGSTOP: returns when no thread of the process runs any more.
    #[track_caller]
    pub fn pause(&mut self, actor: &str) -> &mut Self {
        self.signal(actor, Signal::STOP);
        let pid = self.pid(actor);
        patience::until("a stopped process", || {
            kernel::is_stopped(pid).then_some(())
        });
        self
    }

    /// What the actor wrote on standard error.
    pub fn stderr(&self, actor: &str) -> String {
        fs::read_to_string(self.stderr_path(actor)).unwrap_or_default()
    }

    fn stderr_path(&self, actor: &str) -> PathBuf {
        self.dir.path().join(format!("{actor}.stderr"))
    }

    /// A name's record, as it stands in its file.
    pub fn record(&self, name: &str) -> String {
        fs::read_to_string(self.names_file(&format!("{name}.json"))).expect("a record")
    }

    /// The journal of this test's pool.
    pub fn events(&self) -> Vec<Event> {
        journal::read(&self.pool_dir()).expect("a journal that can be read")
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
        let dir = self.state_dir().join("pools").join(pool);
        let events = journal::read(&dir).unwrap_or_default();
        let its = events
            .iter()
            .filter(|event| event.kind == kind && event.holder.test == actor);
        its.count()
    }
}

impl Drop for PoolTest {
    fn drop(&mut self) {
        for child in self.children.drain(..) {
            process::send(child, Signal::KILL);
        }
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

/// The inodes of the files in a directory.
fn inodes(dir: &Path) -> impl Iterator<Item = u64> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| kernel::inode(&entry.path()))
}
