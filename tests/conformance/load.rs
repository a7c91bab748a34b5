//! Mixed requests from several processes, some of which are killed: checked
//! against what the actors themselves wrote down while they held the names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use macro_rules_attribute::apply;

use crate::support::oracle;
use crate::support::patience;
use crate::support::pool_test::Story;
use crate::support::stage::Stage;

const ROUNDS: usize = 60;

#[apply(on_each_stage_of_unix)]
fn no_name_is_ever_in_two_hands_under_mixed_load_and_kills<S: Stage>() {
    let mut test = Story::<S>::new("db", 3);
    let history = test.dir().join("history");
    let tell = |test: &mut Story<S>, actor: &str, seed: usize| {
        let command = format!("load {ROUNDS} {seed} {}", history.display());
        test.begin(actor, &command);
    };
    test.start("a")
        .thread("a2", "a")
        .start("b")
        .thread("b2", "b")
        .start("c");
    test.start("victim-1").start("victim-2").start("victim-3");
    for (seed, actor) in [
        "a", "a2", "b", "b2", "c", "victim-1", "victim-2", "victim-3",
    ]
    .into_iter()
    .enumerate()
    {
        tell(&mut test, actor, seed);
    }
    for (victim, lines) in [("victim-1", 60), ("victim-2", 160), ("victim-3", 260)] {
        patience::until("enough of the load", || {
            let text = fs::read_to_string(&history).unwrap_or_default();
            (text.lines().count() >= lines).then_some(())
        });
        let pid = test.pid(victim);
        // Stopped first: what it writes is written before this line.
        test.pause(victim);
        append(&history, &format!("killed {pid}\n"));
        test.kill(victim);
    }
    for actor in ["a", "a2", "b", "b2", "c"] {
        assert_eq!(test.end_of_wait(actor), "loaded");
    }
    let text = fs::read_to_string(&history).unwrap();
    check(&text, 3);
    oracle::check(&test.events(), 3);
    // Nothing is left behind: all names can be had.
    assert_eq!(test.holds("after", "db all").len(), 3);
}

pub fn append(path: &Path, line: &str) {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .expect("a history");
    file.write_all(line.as_bytes()).expect("a history");
}

/// Lines in the order in which they were written: `enter NAME HOW PID THREAD`
/// while the name is held, `leave ..` likewise, `killed PID`.
fn check(history: &str, max: usize) {
    let mut inside: BTreeMap<&str, BTreeMap<(&str, &str), &str>> = BTreeMap::new();
    let mut entered = BTreeSet::new();
    for line in history.lines() {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["killed", pid] => {
                for holders in inside.values_mut() {
                    holders.retain(|(holder, _), _| *holder != pid);
                }
            }
            ["enter", name, how, pid, thread] => {
                let holders = inside.entry(name).or_default();
                let alone = holders.is_empty();
                let all_read = how == "shared" && holders.values().all(|how| *how == "shared");
                assert!(alone || all_read, "{line}, where {holders:?} is");
                holders.insert((pid, thread), how);
                entered.insert((name, how));
                let busy = inside.values().filter(|holders| !holders.is_empty());
                assert!(busy.count() <= max, "{line}");
            }
            ["leave", name, _, pid, thread] => {
                inside.entry(name).or_default().remove(&(pid, thread));
            }
            _ => panic!("unknown line {line}"),
        }
    }
    // Otherwise this proved little.
    assert!(entered.len() >= 2 * max, "only {entered:?}");
}
