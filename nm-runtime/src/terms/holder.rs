use crate::base::json;

/// Who holds or wants a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The test's path, `app::tests::lists_users`, the thread's name, or the command.
    pub test: String,
    /// The process.
    pub pid: u32,
    /// One per thread: what a thread holds and what it waits for belong together.
    pub token: String,
    /// The run.
    pub run: String,
    /// The source file and line that asked; empty when a command did.
    pub file: String,
    /// See `file`.
    pub line: u32,
    /// When it was granted, in microseconds since 1970.
    pub since: u64,
}

json::object!(Holder {
    test,
    pid,
    token,
    run,
    file,
    line,
    since
});

/// What is known of the last holder of a dirty name.
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
