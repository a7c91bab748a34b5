//! A name's holder, and what is left of its last one.

use crate::base::json::{self, ToJson};
use crate::base::text::printable;

/// A holder of a name, or a waiter for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The test's path, `app::tests::lists_users`, the thread's name, or the command.
    pub test: String,
    /// The process.
    pub pid: u32,
    /// The pid namespace, that of a container for example, to which `pid` belongs; 0 on
    /// systems that have one for all. `None` if unknown.
    pub pid_namespace: Option<u64>,
    /// One per thread: what a thread holds and what it waits for belong together.
    /// `PID-NUMBER`, where the number differs also between processes with the same id.
    pub token: String,
    /// The run.
    pub run: String,
    /// The source file of the request; empty for a command.
    pub file: String,
    /// The line of the request.
    pub line: u32,
    /// When the name was granted, in microseconds since 1970.
    pub since: u64,
    /// The machine, in a pool that several share.
    pub host: Option<String>,
}

json::object!(read Holder {
    test,
    pid,
    pid_namespace,
    token,
    run,
    file,
    line,
    since,
    host
});

/// A pool of one machine says nothing of hosts.
impl ToJson for Holder {
    fn write(&self, text: &mut String) {
        text.push('{');
        json::write_field("\"test\":", &self.test, text);
        json::write_field("\"pid\":", &self.pid, text);
        json::write_field("\"pid_namespace\":", &self.pid_namespace, text);
        json::write_field("\"token\":", &self.token, text);
        json::write_field("\"run\":", &self.run, text);
        json::write_field("\"file\":", &self.file, text);
        json::write_field("\"line\":", &self.line, text);
        json::write_field("\"since\":", &self.since, text);
        if let Some(host) = &self.host {
            json::write_field("\"host\":", host, text);
        }
        text.push('}');
    }
}

impl Holder {
    /// Its process, as people see it: `pid 7`, or `pid 7 on ci-7`.
    pub fn process(&self) -> String {
        match &self.host {
            None => format!("pid {}", self.pid),
            Some(host) => format!("pid {} on {}", self.pid, printable(host)),
        }
    }

    /// Whether it is the reaper of its run.
    pub fn is_reaper(&self) -> bool {
        self.test == Self::reaper_of(&self.run)
    }

    /// What the reaper of a run is called as a holder.
    pub(crate) fn reaper_of(run: &str) -> String {
        format!("cleanup after {run}")
    }
}

/// What is known about the last holder of a dirty name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastHolder {
    /// Its test.
    pub test: String,
    /// Its run.
    pub run: String,
    /// How it ended, in words.
    pub how: String,
}

json::object!(LastHolder { test, run, how });

impl LastHolder {
    pub(crate) fn new(holder: &Holder, how: &str) -> Self {
        Self {
            test: holder.test.clone(),
            run: holder.run.clone(),
            how: how.to_owned(),
        }
    }
}
