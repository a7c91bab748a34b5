//! The hooks of one pool that are commands, as a `Resource`.

use std::env;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::backend::Backend;
use crate::backend::hook_files::HookFiles;
use crate::backend::patience::Deadline;
use crate::base::error::{BoxError, Error};
use crate::base::json;
use crate::command::call::call;
use crate::command::job::Job;
use crate::command::output::last_lines;
use crate::config::hooks::{self, Command, DEFAULT_TIMEOUT, HooksTable, quoted};
use crate::config::variables::{self, OF_HOOK, WITHIN};
use crate::declared::fingerprint::fingerprint;
use crate::declared::resource::{Reset, Resource};
use crate::identity::run;
use crate::terms::hook_call::HookCall;
use crate::terms::name::Name;

/// The hook of a process that died is ended within seconds. One that takes longer is stopped.
const ENDING: Duration = Duration::from_secs(60);

/// In characters. No program can be started with a variable of some hundred kilobytes.
const LONGEST_VALUE: usize = 4096;

type Done = Result<(), BoxError>;

/// One pool's commands.
#[derive(Debug)]
pub(crate) struct Commands {
    pool: Arc<str>,
    table: Arc<HooksTable>,
    /// The pool's variables.
    env: Arc<[(String, String)]>,
    backend: Arc<dyn Backend>,
}

impl Commands {
    pub(crate) fn new(
        pool: &Arc<str>,
        table: &Arc<HooksTable>,
        env: &Arc<[(String, String)]>,
        backend: &Arc<dyn Backend>,
    ) -> Self {
        Self {
            pool: pool.clone(),
            table: table.clone(),
            env: env.clone(),
            backend: backend.clone(),
        }
    }

    /// Runs the command of this hook, if there is one.
    fn run(&self, hook: &str, name: Option<&Name>, why: Option<Reset<'_>>) -> Done {
        let text = name.map(Name::name);
        let what = match text {
            Some(name) => format!("{hook} of {name}"),
            None => format!("{hook} of pool {}", self.pool),
        };
        // Also if there is no command: what a dead process had begun is over first.
        let files = self.backend.hook_files(text, &mut Deadline::after(ENDING));
        let files = files.map_err(|error| match error.is_timeout() {
            true => format!(
                "another hook, which a process had begun that was killed since, has not ended within {}; the log of its output says which",
                humantime::format_duration(ENDING)
            ),
            false => format!("{error:?}"),
        })?;
        let Some(command) = self.table.command(hook) else {
            return Ok(());
        };
        let (lock, log, path) = match files {
            Some(HookFiles {
                lock,
                log,
                log_path,
            }) => (Some(lock), log, Some(log_path)),
            None => (None, unnamed_log()?, None),
        };
        let began = heading(&log, &what);
        let job = Job {
            words: self.words(command, name),
            timeout: self.timeout().as_millis().try_into().unwrap_or(u64::MAX),
        };
        let run = run::id()?;
        let mut within = variables::get()?.within.clone();
        within.push(HookCall {
            key: self.backend.key().to_owned(),
            what: what.clone(),
            place: self.table.place.clone(),
        });
        let dir = WorkingDir::of(&self.table.root)?;
        let around = |command: &mut process::Command| {
            command.current_dir(dir.path());
            for variable in OF_HOOK {
                command.env_remove(variable);
            }
            command.envs(self.variables(hook, name, why));
            command.env("NAME_MANAGER_RUN_ID", run);
            command.env(WITHIN, json::to_string(&within));
        };
        let ended = call(&job, &what, around, lock.as_deref(), &log);
        let ended = ended.unwrap_or_else(|error| Err(format!("could not be run: {error}")));
        ended.map_err(|how| {
            let said = last_lines(&log, began);
            let said = said.map_or("it printed nothing".to_owned(), |said| {
                format!("its last output: {said}")
            });
            let log = path.map_or(String::new(), |path| {
                format!(" (all of it in `{}`)", path.display())
            });
            format!("`{}` {how}; {said}{log}", shown(command)).into()
        })
    }

    /// What is run.
    fn words(&self, command: &Command, name: Option<&Name>) -> Vec<String> {
        let value = |key: &str| match (key, name) {
            ("pool", _) => Some(self.pool.to_string()),
            (hooks::ROOT, _) => self.table.root.to_str().map(str::to_owned),
            ("name", Some(name)) => Some(name.name().to_owned()),
            ("index", Some(name)) => Some(name.index().to_string()),
            _ => None,
        };
        match command {
            Command::Line(line) => {
                let line = hooks::fill(line, |key| value(key).map(quoted));
                // Arguments are `"$@"`, behind what the shell calls itself.
                let mut words: Vec<&str> = match cfg!(unix) {
                    true => vec!["sh", "-c", &line, "sh"],
                    false => vec!["cmd", "/d", "/s", "/c", &line],
                };
                let args = name.map_or(&[][..], Name::args);
                words.extend(args.iter().map(String::as_str));
                words.into_iter().map(str::to_owned).collect()
            }
            Command::Words(words) => words.iter().map(|word| hooks::fill(word, value)).collect(),
        }
    }

    /// The variables of the pool, and of this call. Those that are about a name are not set
    /// for the pool's own hooks.
    fn variables(
        &self,
        hook: &str,
        name: Option<&Name>,
        why: Option<Reset<'_>>,
    ) -> Vec<(String, String)> {
        let mut variables = Vec::new();
        if let Some(name) = name {
            for (key, value) in name.envs() {
                variables.push((key.to_owned(), value));
            }
        } else {
            for (key, value) in &*self.env {
                if !value.contains("{name}") && !value.contains("{index}") {
                    variables.push((key.clone(), value.replace("{pool}", &self.pool)));
                }
            }
        }
        let mut set = |key: &str, value: &str| {
            // A test can be called anything, and end with any message.
            let value = value.chars().take(LONGEST_VALUE);
            let value = value.map(|c| if c == '\0' { '\u{fffd}' } else { c });
            variables.push((key.to_owned(), value.collect()));
        };
        set("NAME_MANAGER_HOOK", hook);
        set("NAME_MANAGER_POOL", &self.pool);
        if let Some(name) = name {
            set("NAME_MANAGER_NAME", name.name());
            set("NAME_MANAGER_INDEX", &name.index().to_string());
        }
        match why {
            None => {}
            Some(Reset::Reuse) => set("NAME_MANAGER_RESET", "clean"),
            Some(Reset::Dirty(last)) => {
                set("NAME_MANAGER_RESET", "dirty");
                set("NAME_MANAGER_LAST_TEST", &last.test);
                set("NAME_MANAGER_LAST_RUN", &last.run);
                set("NAME_MANAGER_LAST_HOW", &last.how);
            }
        }
        variables
    }

    fn timeout(&self) -> Duration {
        self.table.timeout.unwrap_or(DEFAULT_TIMEOUT)
    }
}

impl Resource for Commands {
    fn setup(&self) -> Done {
        self.run("setup", None, None)
    }

    /// Of the files, and of what `init` itself is.
    fn fingerprint(&self) -> Result<Option<String>, BoxError> {
        let Some(paths) = &self.table.fingerprint else {
            return Ok(None);
        };
        let paths: Vec<_> = paths
            .iter()
            .map(|path| self.table.root.join(path))
            .collect();
        let files = fingerprint(&paths)?;
        let mut hash = DefaultHasher::new();
        (self.table.command("init"), &self.env).hash(&mut hash);
        Ok(Some(format!("{files}-{:016x}", hash.finish())))
    }

    fn init(&self, name: &Name) -> Done {
        self.run("init", Some(name), None)
    }

    fn reset(&self, name: &Name, why: Reset<'_>) -> Done {
        self.run("reset", Some(name), Some(why))
    }

    fn cleanup(&self, name: &Name) -> Done {
        self.run("cleanup", Some(name), None)
    }

    fn teardown(&self) -> Done {
        self.run("teardown", None, None)
    }
}

/// A command, as part of a message.
fn shown(command: &Command) -> String {
    let text = match command {
        Command::Line(line) => line.clone(),
        Command::Words(words) => words.join(" "),
    };
    crate::base::text::shown(&text)
}

/// Says in the log what follows. Returns where that begins.
fn heading(mut log: &File, what: &str) -> u64 {
    let now = humantime::format_rfc3339_seconds(SystemTime::now());
    let run = run::id().unwrap_or_default();
    // On a full disk the hook is called all the same.
    let _ = log.write_all(format!("-- {now} {what}, run {run}\n").as_bytes());
    log.metadata().map_or(0, |log| log.len())
}

/// For what is printed when the pool's directory has been removed.
fn unnamed_log() -> io::Result<File> {
    let path = new_path("log");
    let mut options = File::options();
    let log = options
        .read(true)
        .append(true)
        .create_new(true)
        .open(&path)?;
    fs::remove_file(path)?;
    Ok(log)
}

/// A path for something temporary of this process.
fn new_path(what: &str) -> PathBuf {
    static PATHS: AtomicU64 = AtomicU64::new(0);
    let number =
        crate::base::process::numbered(process::id(), PATHS.fetch_add(1, Ordering::Relaxed));
    env::temp_dir().join(format!("name-manager-hook-{number}.{what}"))
}

/// Where a hook runs.
#[derive(Debug)]
enum WorkingDir<'a> {
    Root(&'a Path),
    /// An empty directory, if that has been removed: elsewhere a relative path would mean
    /// something else.
    Empty(PathBuf),
}

impl<'a> WorkingDir<'a> {
    fn of(root: &'a Path) -> io::Result<Self> {
        if root.is_dir() {
            return Ok(Self::Root(root));
        }
        let empty = new_path("dir");
        fs::create_dir(&empty)?;
        Ok(Self::Empty(empty))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Root(root) => root,
            Self::Empty(dir) => dir,
        }
    }
}

impl Drop for WorkingDir<'_> {
    fn drop(&mut self) {
        if let Self::Empty(dir) = self {
            // What the hook has put there is its own.
            let _ = fs::remove_dir(dir);
        }
    }
}

/// The error of a pool that has both.
pub(crate) fn refuse_both(pool: &str, table: &HooksTable, resource: &str) -> Error {
    Error::config(format!(
        "pool `{pool}` has a `Resource` at {resource} and hooks that are commands at {}; keep one of them",
        table.place
    ))
}
