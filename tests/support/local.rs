//! The stage of the local backend: processes that share a state directory.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nm_runtime::journal::{self, Event};
use nm_runtime::record::Record;
#[cfg(unix)]
use rustix::process::Signal;

#[cfg(target_os = "linux")]
use super::kernel;
#[cfg(unix)]
use super::process;
use super::process::{Process, Start};
use super::stage::{Host, Stage};

pub struct Local {
    dir: PathBuf,
    state: PathBuf,
    env: Vec<(String, String)>,
    /// What actors started or forked off, which may outlive them.
    pub children: Vec<u32>,
}

impl Local {
    pub fn set_state_dir(&mut self, state: PathBuf) {
        self.env("NAME_MANAGER_DIR", &state.display().to_string());
        self.state = state;
    }

    pub fn env(&mut self, key: &str, value: &str) {
        self.forget(key);
        self.env.push((key.to_owned(), value.to_owned()));
    }

    pub fn forget(&mut self, key: &str) {
        self.env.retain(|(known, _)| known != key);
    }

    pub fn state_dir(&self) -> &Path {
        &self.state
    }

    pub fn pool_dir(&self, pool: &str) -> PathBuf {
        self.state.join("pools").join(pool)
    }

    pub fn start_with(&mut self, actor: &str, mut how: Start) -> Process {
        let more = std::mem::take(&mut how.env);
        how.env = self.env.clone();
        how.env.extend(more);
        Process::start(&how, &self.stderr(actor))
    }

    fn stderr(&self, actor: &str) -> PathBuf {
        self.dir.join(format!("{actor}.stderr"))
    }
}

impl Stage for Local {
    type Host = Process;

    fn new(dir: &Path) -> Self {
        let mut stage = Self {
            dir: dir.to_owned(),
            state: PathBuf::new(),
            env: Vec::new(),
            children: Vec::new(),
        };
        stage.set_state_dir(dir.join("state"));
        stage
    }

    fn size(&mut self, pool: &str, max: u32) {
        let variable = format!("NAME_MANAGER_POOL_{}_MAX", pool.to_uppercase());
        self.env(&variable, &max.to_string());
    }

    fn wait_timeout(&mut self, pool: &str, timeout: Duration) {
        let variable = format!("NAME_MANAGER_POOL_{}_WAIT_TIMEOUT", pool.to_uppercase());
        self.env(&variable, &format!("{}ms", timeout.as_millis()));
    }

    fn run(&mut self, id: &str) {
        self.env("NAME_MANAGER_RUN_ID", id);
    }

    fn start(&mut self, actor: &str) -> Process {
        self.start_with(actor, Start::default())
    }

    /// There is no such limit.
    #[cfg(not(unix))]
    fn start_with_few_descriptors(&mut self, actor: &str) -> Process {
        self.start(actor)
    }

    /// `ulimit -n 256`.
    #[cfg(unix)]
    fn start_with_few_descriptors(&mut self, actor: &str) -> Process {
        let limited = r#"ulimit -n 256; exec "$0" "$@""#;
        let start = Start {
            through: ["sh", "-c", limited].map(str::to_owned).to_vec(),
            ..Start::default()
        };
        self.start_with(actor, start)
    }

    /// Whether as many threads of the process have their place as wait: behind
    /// others in line, for a name, or at the head of a queue.
    #[cfg(target_os = "linux")]
    fn is_parked(&self, process: &Process, _actor: &str, ask: &str) -> bool {
        let pools = self.state.join("pools");
        let each_pool = || fs::read_dir(&pools).into_iter().flatten().flatten();
        let mut waited_for = BTreeSet::new();
        let mut queues = BTreeSet::new();
        let mut asking = BTreeSet::new();
        for pool in each_pool().map(|pool| pool.path()) {
            waited_for.extend(inodes(&pool.join("line")));
            waited_for.extend(inodes(&pool.join("names")));
            waited_for.extend(kernel::inode(&pool.join("queue.lock")));
            queues.extend(kernel::inode(&pool.join("queue.lock")));
            asking.extend(asking_tickets(&pool));
        }
        let locks = kernel::locks();
        let own = locks.iter().filter(|lock| lock.pid == process.id());
        let parked = own.filter(|lock| match lock.blocked {
            true => waited_for.contains(&lock.inode),
            false if asking.contains(&lock.inode) => true,
            // Who waits for a given name heads the queue only on its way.
            false => !ask.contains("name=") && queues.contains(&lock.inode),
        });
        parked.count() >= process.waiting.len()
    }

    /// As the files beside the locks say: a ticket, a reserved name, what the head has
    /// published.
    #[cfg(not(target_os = "linux"))]
    fn is_parked(&self, process: &Process, _actor: &str, ask: &str) -> bool {
        let pools = fs::read_dir(self.state.join("pools"));
        let pools = pools.into_iter().flatten().flatten();
        let mut parked = BTreeSet::new();
        for pool in pools.map(|pool| pool.path()) {
            let tickets = fs::read_dir(pool.join("line")).into_iter().flatten();
            let mut said: Vec<_> = tickets.flatten().map(|ticket| ticket.path()).collect();
            said.push(pool.join("head.json"));
            parked.extend(said.iter().filter_map(|path| owner(path, process.id())));
            if let Some(name) = ask.split_once("name=").map(|(_, rest)| rest) {
                let name = name.split(' ').next().unwrap_or_default();
                let reserved = pool.join(format!("names/{name}.next"));
                parked.extend(reserved.exists().then(|| name.to_owned()));
            }
        }
        parked.len() >= process.waiting.len()
    }

    /// The kernel knows who sleeps, and not whether it has looked before.
    fn is_settled(&self, _process: &Process, _actor: &str) -> bool {
        true
    }

    fn notices(&self, _process: &Process, actor: &str) -> String {
        fs::read_to_string(self.stderr(actor)).unwrap_or_default()
    }

    fn record(&self, pool: &str, name: &str) -> Record {
        let file = self.pool_dir(pool).join(format!("names/{name}.json"));
        let text = fs::read(file).expect("a record");
        Record::parse(&text).expect("a record that can be read")
    }

    fn events(&self, pool: &str) -> Vec<Event> {
        journal::read(&self.pool_dir(pool)).expect("a journal that can be read")
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        #[cfg(unix)]
        for child in self.children.drain(..) {
            process::send(child, Signal::KILL);
        }
    }
}

/// The thread of this process that is told of in this file: as a holder, or as who asks an
/// allocator.
#[cfg(not(target_os = "linux"))]
fn owner(path: &Path, pid: u32) -> Option<String> {
    let said: serde_json::Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let holder = said.get("holder").unwrap_or(&said);
    let is_its = holder.get("pid")?.as_u64() == Some(pid.into());
    is_its.then(|| holder.get("token").map(|token| token.to_string()))?
}

/// The tickets of those who wait in the line of an allocator's pool, and ask it by
/// themselves: they say what for.
#[cfg(target_os = "linux")]
fn asking_tickets(pool: &Path) -> impl Iterator<Item = u64> {
    let tickets = fs::read_dir(pool.join("line")).into_iter().flatten();
    tickets.flatten().filter_map(|ticket| {
        let is_ticket = ticket.file_name().to_str()?.contains('.');
        let says = ticket.metadata().ok()?.len() > 0;
        (is_ticket && says).then(|| kernel::inode(&ticket.path()))?
    })
}

#[cfg(target_os = "linux")]
fn inodes(dir: &Path) -> impl Iterator<Item = u64> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| kernel::inode(&entry.path()))
}
