//! The oracle, asked about histories made by hand.

mod bad;
mod good;
mod machines;

use torture::history::parse;
use torture::oracle::{Bounds, Violation, judge};

/// A pool of two names without hooks, and one of one name with.
const POOLS: &str = "
    0 d.0 pool pool=db max=2 hooks=no
    0 d.0 pool pool=life max=1 hooks=yes
";

/// All names are there in the end.
const PROBED: &str = "
    9000000 p.0 begins role=probe run=last
    9000001 p.0 ask r=0 pool=db what=db-0 count=1 access=exclusive how=try
    9000002 p.0 taken r=0
    9000003 p.0 granted r=0 leases=db-0:1000000
    9000004 p.0 ask r=1 pool=db what=db-1 count=1 access=exclusive how=try
    9000005 p.0 taken r=1
    9000006 p.0 granted r=1 leases=db-1:1000000
    9000007 p.0 ask r=2 pool=life what=life-0 count=1 access=exclusive how=try
    9000008 p.0 hook what=setup pool=life state=clean
    9000009 p.0 done what=setup pool=life state=clean
    9000010 p.0 taken r=2
    9000011 p.0 hook what=init pool=life name=life-0 state=clean
    9000012 p.0 done what=init pool=life name=life-0 state=clean
    9000013 p.0 granted r=2 leases=life-0:1000000
    9000014 p.0 releases r=0 state=clean
    9000015 p.0 released r=0
    9000016 p.0 releases r=1 state=clean
    9000017 p.0 released r=1
    9000018 p.0 releases r=2 state=clean
    9000019 p.0 released r=2
    9000020 p.0 ends
    9000021 q.0 begins role=reaper run=last
    9000022 q.0 hook what=cleanup pool=life name=life-0 state=clean
    9000023 q.0 done what=cleanup pool=life name=life-0 state=clean
    9000024 q.0 hook what=teardown pool=life state=clean
    9000025 q.0 done what=teardown pool=life state=clean
    9000026 d.0 over
";

/// Everything short of the end.
fn so_far(history: &str) -> Vec<Violation> {
    told(&format!("{POOLS}{history}"))
}

/// All that happened.
fn in_all(history: &str) -> Vec<Violation> {
    told(&format!("{POOLS}{history}{PROBED}"))
}

fn told(history: &str) -> Vec<Violation> {
    let lines = parse(history).unwrap();
    judge(&lines, Bounds::default()).violations
}

/// Exactly one thing is wrong: this, and this line shows it.
#[track_caller]
fn says(violations: &[Violation], rule: &str, line: &str) {
    let [violation] = violations else {
        panic!("expected one violation, `{rule}`, found {violations:#?}");
    };
    assert_eq!(violation.rule, rule, "{violation}");
    let shows = violation.lines.iter().any(|shown| shown.contains(line));
    assert!(shows, "expected `{line}` among the lines of\n{violation}");
}

#[track_caller]
fn says_nothing(violations: &[Violation]) {
    assert!(violations.is_empty(), "{violations:#?}");
}
