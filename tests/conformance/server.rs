//! The stage of several machines: real processes, the agent of their machine, and a real
//! PostgreSQL server.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nm_runtime::journal::{self, Event};
use nm_runtime::record::Record;
use serde_json::{Value, json};

use crate::agents;
use crate::database;
use crate::instance::Instance;
use crate::program::program;
use crate::support::local::Local;
use crate::support::process::Process;
use crate::support::stage::{Host, Stage};

/// One server, and a machine with an agent.
pub struct Server {
    processes: Local,
    dir: PathBuf,
    database: String,
    /// A connection to the agent, to look at the pools.
    agent: RefCell<Option<Agent>>,
    /// When a journal was read last: who reads one all the time keeps the agent from its work.
    read: Cell<Option<Instant>>,
}

struct Agent {
    lines: BufReader<UnixStream>,
    asked: u64,
}

impl Server {
    /// What tells processes which server it is, and where their machine's agent has its files.
    pub fn env(database: &str, dir: &Path) -> Vec<(&'static str, String)> {
        vec![
            ("NAME_MANAGER_SCOPE", "server".to_owned()),
            ("NAME_MANAGER_HOST", "ci-1".to_owned()),
            ("NAME_MANAGER_SERVER", database.to_owned()),
            ("NAME_MANAGER_PROGRAM", program().display().to_string()),
            ("XDG_STATE_HOME", dir.display().to_string()),
        ]
    }

    /// The agent's directory; `None` if no process has asked for anything yet.
    pub fn agent_dir(&self) -> Option<PathBuf> {
        let servers = self.dir.join("name-manager/servers");
        Some(fs::read_dir(servers).ok()?.next()?.ok()?.path())
    }

    /// What the server answers to its owner.
    pub fn sql(&self, statements: &str) -> String {
        self.instance().sql(self.database(), statements)
    }

    /// Whether the server lets anybody in from here on.
    pub fn admit(&self, does: bool) {
        let name = self.database();
        let statement = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {does}");
        self.instance().sql("postgres", &statement);
    }

    fn database(&self) -> &str {
        self.database.rsplit('/').next().expect("an address")
    }

    fn instance(&self) -> &'static Instance {
        crate::instance::shared().expect("PostgreSQL is installed")
    }

    /// What the agent answers; `None` if there is none yet.
    fn ask(&self, pool: &str, ask: &Value) -> Option<Vec<Value>> {
        let mut agent = self.agent.borrow_mut();
        if let Some(answers) = agent.as_mut().and_then(|agent| agent.ask(pool, ask)) {
            return Some(answers);
        }
        *agent = Agent::connect(&self.agent_dir()?);
        agent.as_mut()?.ask(pool, ask)
    }

    fn look(&self, pool: &str) -> Option<Value> {
        let answers = self.ask(pool, &json!("look"))?;
        Some(answers[0]["look"].clone())
    }
}

impl Agent {
    fn connect(dir: &Path) -> Option<Self> {
        let stream = UnixStream::connect(dir.join("agent.sock")).ok()?;
        let mut agent = Self {
            lines: BufReader::new(stream),
            asked: 0,
        };
        agent.say(&json!({"v": 1, "program": "tests"}))?;
        let greeting = agent.hear()?;
        greeting.get("welcome")?;
        Some(agent)
    }

    fn say(&mut self, line: &Value) -> Option<()> {
        let mut stream = self.lines.get_ref();
        stream.write_all(format!("{line}\n").as_bytes()).ok()
    }

    fn hear(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.lines.read_line(&mut line).ok()?;
        serde_json::from_str(&line).ok()
    }

    /// All answers to this.
    fn ask(&mut self, pool: &str, ask: &Value) -> Option<Vec<Value>> {
        self.asked += 1;
        let id = self.asked;
        self.say(&json!({"id": id, "space": space(), "pool": pool, "ask": ask}))?;
        let mut answers = Vec::new();
        loop {
            let mut told = self.hear()?;
            if told["id"] != id {
                continue;
            }
            let answer = told["answer"].take();
            let goes_on = answer["events"]["last"] == false;
            answers.push(answer);
            if !goes_on {
                return Some(answers);
            }
        }
    }
}

/// Between two looks at a journal.
const A_WHILE: Duration = Duration::from_millis(20);

/// Those of the stories.
const POOLS: [&str; 10] = [
    "db", "a", "b", "c", "d", "cache", "many", "other", "seats", "x",
];

/// Who holds, or waits.
fn whos<'a>(look: &'a Value, which: &str) -> impl Iterator<Item = &'a Value> {
    let all = look[which].as_array().into_iter().flatten();
    all.map(|one| &one["who"])
}

/// This repository's pools, as its manifest says.
fn space() -> &'static str {
    env!("CARGO_PKG_REPOSITORY")
        .split_once("://")
        .expect("a repository has an address")
        .1
}

impl Drop for Server {
    /// Ends reapers and the agent, which would wait for more to do.
    fn drop(&mut self) {
        while agents::end_reaper(&self.dir, "NAME_MANAGER_SCOPE=server") {}
        while agents::end(&self.dir) {}
    }
}

impl Stage for Server {
    type Host = Process;

    const READERS_HAVE_FENCES: bool = true;
    const DEATHS_ARE_TOLD_AT_ONCE: bool = true;
    const HOST: &str = " on ci-1";
    const CROWD: usize = 200;
    // The first request of a process for a pool asks more than once: those of another pool
    // may have taken all room by then.
    const AWAITED: usize = 1;

    fn new(dir: &Path) -> Self {
        let mut processes = Local::new(dir);
        processes.forget("NAME_MANAGER_DIR");
        let database = database::new();
        for (key, value) in Self::env(&database, dir) {
            processes.env(key, &value);
        }
        Self {
            processes,
            dir: dir.to_owned(),
            database,
            agent: RefCell::default(),
            read: Cell::default(),
        }
    }

    fn size(&mut self, pool: &str, max: u32) {
        self.processes.size(pool, max);
    }

    fn wait_timeout(&mut self, pool: &str, timeout: Duration) {
        self.processes.wait_timeout(pool, timeout);
    }

    fn run(&mut self, id: &str) {
        self.processes.run(id);
    }

    fn start(&mut self, actor: &str) -> Process {
        self.processes.start(actor)
    }

    fn start_with_few_descriptors(&mut self, actor: &str) -> Process {
        self.processes.start_with_few_descriptors(actor)
    }

    /// Whether as many requests of the process are in the line as wait, and this one where it
    /// is to be.
    fn is_parked(&self, process: &Process, actor: &str, ask: &str) -> bool {
        let asked = ask.split(' ').next().unwrap_or_default();
        let mut parked = 0;
        let mut own = false;
        for pool in POOLS.iter().filter(|pool| **pool != asked).chain([&asked]) {
            let Some(look) = self.look(pool) else {
                return false;
            };
            for who in whos(&look, "line").filter(|who| who["pid"] == process.id()) {
                parked += 1;
                own |= *pool == asked && who["test"] == actor;
            }
        }
        own && parked >= process.waiting.len()
    }

    fn has_left(&self, process: &Process) -> bool {
        POOLS.iter().all(|pool| {
            let look = self.look(pool).unwrap_or_default();
            let mut all = whos(&look, "line").chain(whos(&look, "holds"));
            all.all(|who| who["pid"] != process.id())
        })
    }

    /// A request is in the line once it has been served as far as it can be.
    fn is_settled(&self, _process: &Process, _actor: &str) -> bool {
        true
    }

    fn notices(&self, process: &Process, actor: &str) -> String {
        self.processes.notices(process, actor)
    }

    fn record(&self, pool: &str, name: &str) -> Record {
        let look = self.look(pool).expect("an agent that answers");
        let names = look["names"].as_array().expect("names");
        let known = names.iter().find(|known| known[0] == name);
        let known = known.expect("a record");
        let mut record = known[2].clone();
        record["v"] = json!(1);
        record["fence"] = known[1].clone();
        let holds = look["holds"].as_array().expect("holds").iter();
        let holders = holds.filter(|hold| hold["name"] == name).map(|hold| {
            let waiting = hold["waiting"].as_str();
            let waiting: Option<Value> = waiting.and_then(|text| serde_json::from_str(text).ok());
            json!({
                "holder": hold["who"],
                "access": hold["access"],
                "waiting": waiting,
                "body_ended": hold["body_ended"],
            })
        });
        record["holders"] = holders.collect();
        Record::parse(record.to_string().as_bytes()).expect("a record that can be read")
    }

    fn events(&self, pool: &str) -> Vec<Event> {
        if let Some(read) = self.read.get() {
            thread::sleep(A_WHILE.saturating_sub(read.elapsed()));
        }
        let answers = self.ask(pool, &json!({"events": 0}));
        self.read.set(Some(Instant::now()));
        let Some(answers) = answers else {
            return Vec::new();
        };
        let dir = tempfile::tempdir().expect("a temporary directory");
        let events = answers.iter().flat_map(|answer| {
            let events = answer["events"]["events"].as_array();
            events
                .expect("events")
                .iter()
                .map(|event| format!("{event}\n"))
        });
        let text: String = events.collect();
        fs::write(dir.path().join("journal.jsonl"), text).expect("a file");
        journal::read(dir.path()).expect("a journal that can be read")
    }
}
