use std::borrow::Cow;

use crate::base::process::{self, numbered};
use crate::terms::holder::Holder;

/// A thread that asks, before anybody reads of it: most of what takes time is made when that
/// happens.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) test: Cow<'static, str>,
    pub(crate) file: Cow<'static, str>,
    pub(crate) line: u32,
    pub(crate) pid: u32,
    /// Its number among those of its process.
    pub(crate) thread: u64,
    /// Whether its test is to panic.
    pub(crate) must_panic: bool,
}

impl Asker {
    /// Identifies it among the threads of all processes.
    pub(crate) fn token(&self) -> String {
        numbered(self.pid, self.thread)
    }

    /// What the token has after the process.
    pub(crate) fn number(&self) -> u64 {
        process::number(self.thread)
    }

    /// In this run.
    pub(crate) fn holder(self, run: &str) -> Holder {
        Holder {
            token: self.token(),
            test: self.test.into_owned(),
            pid: self.pid,
            pid_namespace: None,
            run: run.to_owned(),
            file: self.file.into_owned(),
            line: self.line,
            since: 0,
            host: None,
        }
    }
}
