//! Several machines. A machine may be silent for 100.

use super::{says, says_nothing};
use torture::history::parse;
use torture::oracle::Violation;
use torture::oracle::machines::{Verdict, judge};

/// Two machines with sessions, and a worker on each.
const MACHINES: &str = "
    0 d.0 pool pool=db max=1 hooks=no
    1 server.0 beat session=s1 on=m1
    1 server.0 beat session=s2 on=m2
    2 a.0 begins role=worker run=m1
    2 b.0 begins role=worker run=m2
    2 a.0 ask r=0 pool=db what=any count=1 access=exclusive how=60000
    3 server.0 lent session=s1 name=db-0 fence=1
    4 a.0 granted r=0 leases=db-0:1
    5 b.0 ask r=0 pool=db what=any count=1 access=exclusive how=60000
    30 server.0 beat session=s1 on=m1
";

/// The first machine falls silent, and its name is lent on.
const SILENT: &str = "
    40 d.0 fault id=0 kind=cut-both-ways on=m1
    131 server.0 buried session=s1
    131 server.0 freed name=db-0 fence=1
    132 server.0 lent session=s2 name=db-0 fence=2
    133 b.0 granted r=0 leases=db-0:2
    140 d.0 mended id=0
";

const TOLD: &str = "
    150 a.0 releases r=0 state=clean
    151 a.0 lost r=0
";

const SECOND_ENDS: &str = "
    160 b.0 releases r=0 state=clean
    161 b.0 released r=0
    161 server.0 freed name=db-0 fence=2
";

fn verdict(history: &str) -> Verdict {
    judge(&parse(history).unwrap(), 100)
}

fn told(parts: &[&str]) -> Vec<Violation> {
    verdict(&[&[MACHINES], parts].concat().concat()).violations
}

#[test]
fn a_name_goes_from_machine_to_machine() {
    says_nothing(&told(&[
        "
        40 a.0 releases r=0 state=clean
        41 a.0 released r=0
        41 server.0 freed name=db-0 fence=1
        42 server.0 lent session=s2 name=db-0 fence=2
        43 b.0 granted r=0 leases=db-0:2
        ",
        SECOND_ENDS,
    ]));
}

#[test]
fn two_may_hold_a_name_if_the_first_was_silent_and_is_told() {
    let verdict = verdict(&[MACHINES, SILENT, TOLD, SECOND_ENDS].concat());
    says_nothing(&verdict.violations);
    let figures = verdict.figures;
    assert_eq!((figures.overlaps, figures.lost, figures.buried), (1, 1, 1));
    let waits = figures.waits["cut-both-ways"];
    // From the last beat on.
    assert_eq!((waits.alone.grants, waits.alone.longest), (1, 133 - 30));
}

#[test]
fn who_was_silent_is_not_told() {
    let quiet = "
        150 a.0 releases r=0 state=clean
        151 a.0 released r=0
    ";
    let found = told(&[SILENT, quiet, SECOND_ENDS]);
    says(&found, "held twice", "151 a.0 released");
}

#[test]
fn who_was_silent_may_be_killed_before_it_is_told() {
    let killed = "
        150 d.0 kills process=a why=worker
    ";
    says_nothing(&told(&[SILENT, killed, SECOND_ENDS]));
}

#[test]
fn two_hold_a_name_and_nobody_was_silent() {
    let found = told(&[
        "
        41 server.0 lent session=s2 name=db-0 fence=2
        42 b.0 granted r=0 leases=db-0:2
        150 a.0 releases r=0 state=clean
        151 a.0 released r=0
        ",
        SECOND_ENDS,
    ]);
    says(&found, "held twice", "42 b.0 granted");
}

#[test]
fn a_name_is_lent_on_before_its_machine_is_declared_dead() {
    let late = "
        40 d.0 fault id=0 kind=cut-both-ways on=m1
        132 server.0 lent session=s2 name=db-0 fence=2
        133 b.0 granted r=0 leases=db-0:2
        134 server.0 buried session=s1
    ";
    let found = told(&[late, TOLD, SECOND_ENDS]);
    says(&found, "held twice", "133 b.0 granted");
}

#[test]
fn another_session_takes_a_lease_over() {
    // The agent was killed, and its session is declared dead: the lease is the next one's.
    let found = told(&[
        "
        40 d.0 fault id=0 kind=agent-killed on=m1
        41 server.0 beat session=s3 on=m1
        42 server.0 lent session=s3 name=db-0 fence=1
        131 server.0 buried session=s1
        132 server.0 lent session=s2 name=db-0 fence=2
        133 b.0 granted r=0 leases=db-0:2
        ",
        TOLD,
        SECOND_ENDS,
    ]);
    let rules: Vec<_> = found.iter().map(|violation| violation.rule).collect();
    assert_eq!(rules, ["held twice", "lost for nothing"], "{found:#?}");
}

#[test]
fn a_machine_is_declared_dead_too_soon() {
    let found = told(&[&SILENT.replace("131", "129"), TOLD, SECOND_ENDS]);
    says(&found, "declared dead", "129 server.0 buried");
}

#[test]
fn a_machine_is_declared_dead_without_a_fault() {
    for other in ["kind=cut-both-ways on=m2", "kind=worker-paused on=m1"] {
        let silent = SILENT.replace("kind=cut-both-ways on=m1", other);
        let found = told(&[&silent, TOLD, SECOND_ENDS]);
        says(&found, "declared dead", "131 server.0 buried");
    }
}

#[test]
fn a_machine_beats_after_it_was_declared_dead() {
    let beat = "
        145 server.0 beat session=s1 on=m1
    ";
    let found = told(&[SILENT, beat, TOLD, SECOND_ENDS]);
    says(&found, "declared dead", "145 server.0 beat");
}

#[test]
fn a_server_that_forgets_may_forget_who_does_not_come_back() {
    let forgets = |on: &str| {
        told(&[
            &format!(
                "
                40 d.0 forgets
                41 d.0 fault id=0 kind=cut-both-ways on={on}
                142 server.0 lent session=s2 name=db-0 fence=2
                143 b.0 granted r=0 leases=db-0:2
                150 a.0 releases r=0 state=clean
                151 a.0 released r=0
                "
            ),
            SECOND_ENDS,
        ])
    };
    says_nothing(&forgets("m1"));
    says(&forgets("m2"), "held twice", "143 b.0 granted");
}

#[test]
fn a_lease_is_taken_from_its_holder() {
    let found = told(&["
        40 server.0 freed name=db-0 fence=1
        50 a.0 releases r=0 state=clean
        51 a.0 released r=0
        52 b.0 error r=0 the server is gone
        30 d.0 fault id=0 kind=server-killed on=server
    "]);
    says(&found, "not kept", "40 server.0 freed");
}

#[test]
fn a_holder_loses_its_lease_and_its_machine_was_not_declared_dead() {
    let found = told(&[
        TOLD,
        "
        152 server.0 freed name=db-0 fence=1
        153 server.0 lent session=s2 name=db-0 fence=2
        154 b.0 granted r=0 leases=db-0:2
        ",
        SECOND_ENDS,
    ]);
    says(&found, "lost for nothing", "151 a.0 lost");
}

#[test]
fn a_fence_does_not_grow() {
    for fence in [0, 1] {
        let found = told(&[&format!(
            "
            40 a.0 releases r=0 state=clean
            41 a.0 released r=0
            42 server.0 lent session=s2 name=db-0 fence={fence}
            43 b.0 granted r=0 leases=db-0:{fence}
            160 b.0 releases r=0 state=clean
            161 b.0 released r=0
            "
        )]);
        says(&found, "fence", "43 b.0 granted");
    }
}

#[test]
fn a_request_is_never_answered() {
    let ends = "
        40 a.0 releases r=0 state=clean
        41 a.0 released r=0
    ";
    says(&told(&[ends]), "left waiting", "5 b.0 ask");
    let killed = "
        90 d.0 kills process=b why=hang
    ";
    says(&told(&[ends, killed]), "left waiting", "90 d.0 kills");
    let late = "
        60000 b.0 gave-up r=0 why=timeout
    ";
    says(&told(&[ends, late]), "starved", "60000 b.0 gave-up");
}

#[test]
fn a_request_fails_without_a_fault_of_its_machine_or_of_the_server() {
    let fails = |on: &str| {
        told(&[&format!(
            "
            20 d.0 fault id=0 kind=reset on={on}
            40 a.0 releases r=0 state=clean
            41 a.0 released r=0
            50 b.0 error r=0 nobody listens
            "
        )])
    };
    says_nothing(&fails("m2"));
    says_nothing(&fails("server"));
    says(&fails("m1"), "error", "50 b.0 error");
}
