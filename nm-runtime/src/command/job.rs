//! What the process that watches over a hook is told, and what it says.

use std::time::Duration;

use crate::base::json;

/// One hook to run, in the working directory and environment of who is told so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    /// The program and its arguments.
    pub(crate) words: Vec<String>,
    /// In milliseconds.
    pub(crate) timeout: u64,
}

json::object!(Job { words, timeout });

impl Job {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout)
    }

    /// Why a hook was ended whose time was over.
    pub(crate) fn timed_out(&self) -> String {
        let timeout = humantime::format_duration(self.timeout());
        let group = match cfg!(windows) {
            true => "all that it has started",
            false => "its process group",
        };
        format!("was ended after its timeout of {timeout}, with {group}")
    }
}

/// What is said once the hook has begun, before the number of its process group.
const BEGUN: &str = "begun ";
/// What is said when it has succeeded.
const DONE: &str = "done";
/// What is said before the reason why it has not.
const FAILED: &str = "failed ";

pub(crate) fn begun(group: u32) -> String {
    format!("{BEGUN}{group}\n")
}

pub(crate) fn ended(how: &Result<(), String>) -> String {
    match how {
        Ok(()) => format!("{DONE}\n"),
        Err(why) => format!("{FAILED}{}\n", why.replace('\n', " ")),
    }
}

/// What was said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) group: Option<u32>,
    /// `None` if the process was killed before it could tell.
    pub(crate) how: Option<Result<(), String>>,
}

impl Said {
    pub(crate) fn read(text: &str) -> Self {
        let mut said = Self::default();
        for line in text.split_inclusive('\n') {
            let Some(line) = line.strip_suffix('\n') else {
                break;
            };
            if let Some(group) = line.strip_prefix(BEGUN) {
                said.group = group.parse().ok();
            } else if let Some(why) = line.strip_prefix(FAILED) {
                said.how = Some(Err(why.to_owned()));
            } else if line == DONE {
                said.how = Some(Ok(()));
            }
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_unless_it_is_cut() {
        let failed = Err("exited with 3".to_owned());
        for how in [Ok(()), failed] {
            let text = begun(12) + &ended(&how);
            let (group, how) = (Some(12), Some(how));
            assert_eq!(Said::read(&text), Said { group, how });
            let cut = Said::read(&text[..text.len() - 1]);
            assert_eq!(cut, Said { group, how: None });
        }
    }
}
