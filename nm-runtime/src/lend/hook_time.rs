//! How long hooks kept a request from every name that it could take, as the journal
//! tells it. The names' records would not do: they show one hook under way, of `init`
//! alone, and none that is over.

use std::time::Duration;

use crate::base::error::Result;
use crate::terms::event::{Event, Kind, Phase};

/// What a request waits for, and since when. Times are those of the journal.
pub(crate) struct Waited<'a> {
    /// The names that it could take.
    pub(crate) names: Vec<String>,
    /// Of these, as many as can be missing.
    pub(crate) spare: usize,
    /// Its own hooks are counted elsewhere.
    pub(crate) token: &'a str,
    pub(crate) since: u64,
    /// Before this, it was kept from the pool altogether, while that was set up or
    /// cleaned up.
    pub(crate) entered: u64,
    pub(crate) until: u64,
}

/// What hooks took of a wait.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HookTime {
    pub(crate) time: Duration,
    /// They take more at the moment.
    pub(crate) goes_on: bool,
}

/// Adds up the times in which hooks ran on so many names that the rest could not do.
pub(crate) fn of(
    waited: &Waited<'_>,
    events: impl Iterator<Item = Result<Event>>,
) -> Result<HookTime> {
    let mut hooks = Hooks::default();
    let mut time = 0;
    let mut at = waited.since;
    for event in events {
        let event = event?;
        let now = event.time.clamp(at, waited.until.max(at));
        time += hooks.kept(waited, at, now);
        at = now;
        hooks.add(&event, waited.token);
    }
    let end = waited.until.max(at);
    time += hooks.kept(waited, at, end);
    Ok(HookTime {
        time: Duration::from_micros(time),
        goes_on: hooks.keep(waited, end),
    })
}

/// The hooks under way.
#[derive(Default)]
struct Hooks {
    /// Those of `init`, `reset` and `cleanup`.
    names: Vec<String>,
    /// `setup` or `teardown`.
    of_pool: bool,
}

impl Hooks {
    fn add(&mut self, event: &Event, own: &str) {
        let begins = event.phase == Some(Phase::Started);
        match (event.kind, &event.name) {
            (Kind::Setup, _) if event.holder.token == own => {}
            (Kind::Setup | Kind::Teardown, _) => self.of_pool = begins,
            (Kind::Init | Kind::Reset | Kind::Cleanup, Some(name)) if begins => {
                self.names.push(name.clone());
            }
            // Also a hook whose process died.
            (Kind::Waiting | Kind::Timeout | Kind::Deadlock, _) => {}
            (kind, Some(name)) => {
                self.names.retain(|busy| busy != name);
                self.of_pool &= kind != Kind::Acquired;
            }
            (_, None) => {}
        }
    }

    /// How much of the time from `at` to `end` they keep the request waiting, when
    /// nothing changes.
    fn kept(&self, waited: &Waited<'_>, at: u64, end: u64) -> u64 {
        let entered = waited.entered.clamp(at, end);
        let before = if self.keep(waited, at) {
            entered - at
        } else {
            0
        };
        let after = if self.keep(waited, entered) {
            end - entered
        } else {
            0
        };
        before + after
    }

    fn keep(&self, waited: &Waited<'_>, at: u64) -> bool {
        let ours = waited.names.iter();
        let busy = ours.filter(|name| self.names.contains(name)).count();
        let is_outside = at < waited.entered;
        self.of_pool || busy > waited.spare || (is_outside && !self.names.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::holder::Holder;

    fn event(line: &str) -> Event {
        let words: Vec<_> = line.split(' ').collect();
        let kinds = Kind::ALL.iter();
        let mut kinds = kinds.filter(|kind| kind.as_str() == words[1]);
        Event {
            v: 1,
            time: words[0].parse().unwrap(),
            kind: *kinds.next().unwrap(),
            pool: "db".to_owned(),
            name: (words[2] != "-").then(|| words[2].to_owned()),
            fence: None,
            id: String::new(),
            holder: Holder {
                test: String::new(),
                pid_namespace: None,
                pid: 1,
                token: words.get(4).unwrap_or(&"1-0").to_string(),
                run: String::new(),
                file: String::new(),
                line: 0,
                since: 0,
            },
            detail: None,
            waited: None,
            access: None,
            state: None,
            phase: match words.get(3) {
                Some(&"started") => Some(Phase::Started),
                Some(&"done") => Some(Phase::Done),
                Some(&"failed") => Some(Phase::Failed),
                _ => None,
            },
        }
    }

    /// Of a request for `count` of the names a and b, from 100 to 200.
    #[track_caller]
    fn check(count: usize, entered: u64, events: &[&str], time: u64, goes_on: bool) {
        let waited = Waited {
            names: vec!["a".to_owned(), "b".to_owned()],
            spare: 2 - count,
            token: "own",
            since: 100,
            entered,
            until: 200,
        };
        let told = of(&waited, events.iter().map(|line| Ok(event(line)))).unwrap();
        assert_eq!(
            (told.time.as_micros() as u64, told.goes_on),
            (time, goes_on)
        );
    }

    #[test]
    fn a_request_is_kept_while_hooks_run_on_each_name_that_it_could_take() {
        let one = ["50 init a started", "150 init a done"];
        check(1, 0, &one, 0, false);
        let both = [
            "50 init a started",
            "120 reset b started",
            "150 init a done",
            "190 reset b failed",
        ];
        check(1, 0, &both, 30, false);
        check(2, 0, &both, 90, false);
        check(2, 0, &both[..2], 100, true);
    }

    #[test]
    fn a_hook_ends_with_its_process() {
        let died = ["110 init a started", "130 died a", "140 acquired a"];
        check(2, 0, &died, 20, false);
        let setup = ["110 setup - started", "130 acquired a"];
        check(1, 0, &setup, 20, false);
    }

    #[test]
    fn a_pools_hooks_keep_everybody_and_its_own_are_counted_elsewhere() {
        check(
            1,
            0,
            &["10 teardown - started", "160 teardown - done"],
            60,
            false,
        );
        check(
            1,
            0,
            &["110 setup - started own", "130 setup - done own"],
            0,
            false,
        );
    }

    #[test]
    fn any_hook_keeps_a_request_out_of_the_pool() {
        let cleanup = ["110 cleanup x started", "180 cleanup x done"];
        check(1, 0, &cleanup, 0, false);
        check(1, 150, &cleanup, 40, false);
        check(1, u64::MAX, &cleanup, 70, false);
    }

    #[test]
    fn what_the_clock_says_is_never_more_than_there_was() {
        let jumped = ["110 init a started", "90 init b started", "900 init b done"];
        check(1, 0, &jumped, 90, false);
    }
}
