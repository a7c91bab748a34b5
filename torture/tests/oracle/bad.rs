//! Each of these breaks one promise, and the oracle says which.

use super::{PROBED, in_all, says, so_far, told};

const ASK: &str = "access=exclusive how=60000";
const READ: &str = "access=shared how=60000";

#[test]
fn two_hold_one_name() {
    let found = in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=1 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=db-0:1
        4 b.0 ask r=0 pool=db what=any count=1 {ASK}
        5 b.0 taken r=0
        6 b.0 granted r=0 leases=db-0:2
        7 a.0 releases r=0 state=clean
        8 a.0 released r=0
        9 b.0 releases r=0 state=clean
        10 b.0 released r=0
    "
    ));
    says(&found, "held twice", "6 b.0 granted");
}

#[test]
fn a_writer_beside_a_reader() {
    let found = in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=1 {READ}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=db-0:1
        4 b.0 ask r=0 pool=db what=any count=1 {ASK}
        5 b.0 taken r=0
        6 b.0 granted r=0 leases=db-0:2
        7 b.0 releases r=0 state=clean
        8 b.0 released r=0
        9 a.0 releases r=0 state=clean
        10 a.0 released r=0
    "
    ));
    says(&found, "held twice", "3 a.0 granted");
}

#[test]
fn a_name_is_reset_under_its_reader() {
    let found = in_all(&format!(
        "
        1 a.0 begins role=worker run=one
        2 a.0 ask r=0 pool=life what=any count=1 {READ}
        3 a.0 hook what=setup pool=life state=clean
        4 a.0 done what=setup pool=life state=clean
        5 a.0 taken r=0
        6 a.0 hook what=init pool=life name=life-0 state=clean
        7 a.0 done what=init pool=life name=life-0 state=clean
        8 a.0 granted r=0 leases=life-0:1
        9 b.0 begins role=worker run=one
        10 b.0 ask r=0 pool=life what=any count=1 {READ}
        11 b.0 taken r=0
        12 b.0 hook what=reset pool=life name=life-0 state=clean
        13 b.0 done what=reset pool=life name=life-0 state=clean
        14 a.0 releases r=0 state=clean
        15 a.0 released r=0
        16 b.0 granted r=0 leases=life-0:1
        17 b.0 releases r=0 state=clean
        18 b.0 released r=0
        20 q.0 begins role=reaper run=one
        21 q.0 hook what=cleanup pool=life name=life-0 state=clean
        22 q.0 done what=cleanup pool=life name=life-0 state=clean
        23 q.0 hook what=teardown pool=life state=clean
        24 q.0 done what=teardown pool=life state=clean
    "
    ));
    says(&found, "held twice", "12 b.0 hook");
}

#[test]
fn a_name_that_the_pool_does_not_have() {
    let found = in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=1 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=db-2:1
        4 a.0 releases r=0 state=clean
        5 a.0 released r=0
    "
    ));
    says(&found, "not what was asked for", "3 a.0 granted");
}

#[test]
fn fewer_names_than_asked_for() {
    let found = in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=all count=2 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=db-1:1
        4 a.0 releases r=0 state=clean
        5 a.0 released r=0
    "
    ));
    says(&found, "not what was asked for", "what=all");
}

#[test]
fn another_name_than_the_given_one() {
    let found = in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=db-1 count=1 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=db-0:1
        4 a.0 releases r=0 state=clean
        5 a.0 released r=0
    "
    ));
    says(&found, "not what was asked for", "leases=db-0:1");
}

#[test]
fn a_fence_that_stands() {
    let found = in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=1 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=db-0:7
        4 a.0 releases r=0 state=clean
        5 a.0 released r=0
        6 a.0 ask r=1 pool=db what=any count=1 {ASK}
        7 a.0 taken r=1
        8 a.0 granted r=1 leases=db-0:7
        9 a.0 releases r=1 state=clean
        10 a.0 released r=1
    "
    ));
    says(&found, "fence", "8 a.0 granted");
}

#[test]
fn a_newcomer_before_one_in_line() {
    let found = in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=1 {ASK}
        2 a.0 waits r=0
        3 b.0 ask r=0 pool=db what=any count=1 access=exclusive how=try
        4 b.0 taken r=0
        5 b.0 granted r=0 leases=db-0:1
        6 a.0 taken r=0
        7 a.0 granted r=0 leases=db-1:1
        8 a.0 releases r=0 state=clean
        9 a.0 released r=0
        10 b.0 releases r=0 state=clean
        11 b.0 released r=0
    "
    ));
    says(&found, "overtaken", "2 a.0 waits");
}

#[test]
fn a_reader_before_a_waiting_writer() {
    let found = in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=2 {READ}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=db-0:1,db-1:1
        4 b.0 ask r=0 pool=db what=any count=1 {ASK}
        5 b.0 blocks r=0
        6 c.0 ask r=0 pool=db what=any count=1 {READ}
        7 c.0 taken r=0
        8 c.0 granted r=0 leases=db-0:1
        9 a.0 releases r=0 state=clean
        10 a.0 released r=0
        11 b.0 taken r=0
        12 b.0 granted r=0 leases=db-1:2
        13 b.0 releases r=0 state=clean
        14 b.0 released r=0
        15 c.0 releases r=0 state=clean
        16 c.0 released r=0
    "
    ));
    says(&found, "overtaken", "6 c.0 ask");
}

#[test]
fn a_reserved_name_for_another() {
    let found = in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        2 a.0 reserved r=0
        3 b.0 ask r=0 pool=db what=any count=1 {ASK}
        4 b.0 taken r=0
        5 b.0 granted r=0 leases=db-0:1
        6 b.0 releases r=0 state=clean
        7 b.0 released r=0
        8 a.0 taken r=0
        9 a.0 granted r=0 leases=db-0:2
        10 a.0 releases r=0 state=clean
        11 a.0 released r=0
    "
    ));
    says(&found, "overtaken", "2 a.0 reserved");
}

#[test]
fn a_waiter_that_nobody_serves() {
    let found = in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=2 {ASK}
        2 a.0 waits r=0
    "
    ));
    says(&found, "left waiting", "2 a.0 waits");
}

#[test]
fn a_waiter_that_had_to_be_killed_for_its_silence() {
    let found = in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=2 {ASK}
        2 a.0 waits r=0
        3 d.0 kills process=a why=hang
        4 d.0 gone process=a
    "
    ));
    says(&found, "left waiting", "3 d.0 kills");
}

#[test]
fn a_waiter_that_starves() {
    let found = so_far(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=2 {ASK}
        2 a.0 waits r=0
        60000000002 a.0 gave-up r=0 why=timeout
    "
    ));
    says(&found, "starved", "why=timeout");
}

#[test]
fn a_waiter_that_gives_up_before_its_time() {
    let found = so_far(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=2 {ASK}
        2 a.0 waits r=0
        59000000000 a.0 gave-up r=0 why=timeout
    "
    ));
    says(&found, "gave up early", "why=timeout");
}

#[test]
fn a_deadlock_of_one_who_holds_nothing() {
    let found = so_far(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=1 {ASK}
        2 a.0 waits r=0
        3 a.0 gave-up r=0 why=deadlock
    "
    ));
    says(&found, "false deadlock", "why=deadlock");
}

#[test]
fn a_name_that_is_free_while_somebody_waits() {
    let found = so_far(&format!(
        "
        1 a.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=db-0:1
        4 b.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        5 b.0 waits r=0
        10 a.0 releases r=0 state=clean
        11 a.0 released r=0
        31000000000 b.0 taken r=0
        31000000001 b.0 granted r=0 leases=db-0:2
        31000000002 b.0 releases r=0 state=clean
        31000000003 b.0 released r=0
    "
    ));
    says(&found, "idle", "11 a.0 released");
}

#[test]
fn a_name_that_is_free_while_the_head_sleeps() {
    for sleeps in ["blocks", "reserved"] {
        let found = so_far(&format!(
            "
            1 a.0 ask r=0 pool=db what=db-0 count=1 {ASK}
            2 a.0 taken r=0
            3 a.0 granted r=0 leases=db-0:1
            4 b.0 ask r=0 pool=db what=db-0 count=1 {ASK}
            5 b.0 {sleeps} r=0
            10 a.0 releases r=0 state=clean
            11 a.0 released r=0
            31000000000 b.0 taken r=0
            31000000001 b.0 granted r=0 leases=db-0:2
            31000000002 b.0 releases r=0 state=clean
            31000000003 b.0 released r=0
        "
        ));
        says(&found, "idle", "11 a.0 released");
    }
}

#[test]
fn an_error_that_nobody_brought_about() {
    let found = in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=1 {ASK}
        2 a.0 error r=0 failed to use the disk
    "
    ));
    says(&found, "error", "failed to use the disk");
}

#[test]
fn a_name_that_is_gone_for_good() {
    let probed = PROBED.replace(
        "9000006 p.0 granted r=1 leases=db-1:1000000",
        "9000006 p.0 gave-up r=1 why=busy",
    );
    let probed = probed.replace("9000005 p.0 taken r=1", "");
    let found = told(&format!("{}{probed}", super::POOLS));
    says(&found, "lost name", "why=busy");
}

/// What `a` does in pool `life`, of run `one`, from 10 to 19.
const FIRST_USE: &str = "
    10 a.0 begins role=worker run=one
    11 a.0 ask r=0 pool=life what=any count=1 access=exclusive how=60000
    12 a.0 hook what=setup pool=life state=clean
    13 a.0 done what=setup pool=life state=clean
    14 a.0 taken r=0
    15 a.0 hook what=init pool=life name=life-0 state=clean
    16 a.0 done what=init pool=life name=life-0 state=clean
    17 a.0 granted r=0 leases=life-0:1
    18 a.0 releases r=0 state=clean
    19 a.0 released r=0
";

/// What `b` does after it, from 20 to 27, and it is killed or not.
const SECOND_USE: &str = "
    20 b.0 begins role=worker run=one
    21 b.0 ask r=0 pool=life what=any count=1 access=exclusive how=60000
    22 b.0 taken r=0
    23 b.0 hook what=reset pool=life name=life-0 state=clean
    24 b.0 done what=reset pool=life name=life-0 state=clean
    25 b.0 granted r=0 leases=life-0:2
    26 b.0 releases r=0 state=clean
    27 b.0 released r=0
";

/// The reaper of run `one`, from 40 to 44.
const REAPED: &str = "
    40 q.0 begins role=reaper run=one
    41 q.0 hook what=cleanup pool=life name=life-0 state=clean
    42 q.0 done what=cleanup pool=life name=life-0 state=clean
    43 q.0 hook what=teardown pool=life state=clean
    44 q.0 done what=teardown pool=life state=clean
";

#[test]
fn a_name_that_was_never_made() {
    let first = FIRST_USE.replace("what=init", "what=reset");
    let found = so_far(&first);
    let rules: Vec<_> = found.iter().map(|violation| violation.rule).collect();
    // Reset, and lent.
    assert_eq!(rules, ["not made", "not made"], "{found:#?}");
}

#[test]
fn a_name_that_is_lent_as_it_was_left() {
    let second = SECOND_USE
        .replace(
            "23 b.0 hook what=reset pool=life name=life-0 state=clean",
            "",
        )
        .replace(
            "24 b.0 done what=reset pool=life name=life-0 state=clean",
            "",
        );
    let found = in_all(&format!("{FIRST_USE}{second}{REAPED}"));
    says(&found, "not fresh", "25 b.0 granted");
}

#[test]
fn a_dead_holder_whose_name_passes_for_clean() {
    let first = FIRST_USE
        .replace("18 a.0 releases r=0 state=clean", "18 a.0 dies body")
        .replace("19 a.0 released r=0", "19 d.0 gone process=a");
    let found = in_all(&format!("{first}{SECOND_USE}{REAPED}"));
    says(&found, "dirty", "18 a.0 dies");
}

#[test]
fn a_panic_that_passes_for_clean() {
    let first = FIRST_USE.replace(
        "18 a.0 releases r=0 state=clean",
        "18 a.0 releases r=0 state=dirty",
    );
    let found = in_all(&format!("{first}{SECOND_USE}{REAPED}"));
    says(&found, "dirty", "18 a.0 releases");
}

#[test]
fn a_name_that_is_made_twice_in_a_run() {
    let second = SECOND_USE.replace("what=reset", "what=init");
    let found = in_all(&format!("{FIRST_USE}{second}{REAPED}"));
    let rules: Vec<_> = found.iter().map(|violation| violation.rule).collect();
    assert_eq!(rules, ["made anew", "made twice"], "{found:#?}");
}

#[test]
fn a_name_that_is_never_taken_down() {
    let reaped = "40 q.0 begins role=reaper run=one";
    let probed = PROBED
        .replace(
            "9000022 q.0 hook what=cleanup pool=life name=life-0 state=clean",
            "",
        )
        .replace(
            "9000023 q.0 done what=cleanup pool=life name=life-0 state=clean",
            "",
        )
        .replace("what=init", "what=reset")
        .replace("9000008 p.0 hook what=setup pool=life state=clean", "")
        .replace("9000009 p.0 done what=setup pool=life state=clean", "");
    let found = told(&format!(
        "{}{FIRST_USE}{SECOND_USE}{reaped}{probed}",
        super::POOLS
    ));
    says(&found, "not taken down", "16 a.0 done what=init");
}

#[test]
fn a_name_that_is_taken_down_twice() {
    let again = "
        45 q.0 hook what=cleanup pool=life name=life-0 state=clean
        46 q.0 done what=cleanup pool=life name=life-0 state=clean
    ";
    let found = in_all(&format!("{FIRST_USE}{SECOND_USE}{REAPED}{again}"));
    says(&found, "taken down twice", "45 q.0 hook");
    // The command of a reaper ends after that was killed: nobody has heard that it is done.
    let unheard = "
        40 q.0 begins role=reaper run=one
        41 h.0 begins role=hook run=one of=q
        42 h.0 hook what=cleanup pool=life name=life-0 state=clean
        43 i.0 begins role=hook run=one of=q
        44 i.0 kills process=q why=random
        45 h.0 done what=cleanup pool=life name=life-0 state=clean
        46 s.0 begins role=reaper run=one
        47 s.0 hook what=cleanup pool=life name=life-0 state=clean
        48 s.0 done what=cleanup pool=life name=life-0 state=clean
        49 s.0 hook what=teardown pool=life state=clean
        50 s.0 done what=teardown pool=life state=clean
    ";
    let found = in_all(&format!("{FIRST_USE}{SECOND_USE}{unheard}"));
    assert!(found.is_empty(), "{found:#?}");
    let heard = unheard.replace("44 i.0 kills process=q why=random", "");
    let found = in_all(&format!("{FIRST_USE}{SECOND_USE}{heard}"));
    says(&found, "taken down twice", "47 s.0 hook");
}

#[test]
fn a_name_that_is_taken_down_under_a_live_run() {
    let user = "
        28 b.0 ask r=1 pool=db what=any count=1 access=exclusive how=60000
        42 b.0 gave-up r=1 why=deadlock
    ";
    let user = user
        .replace("how=60000", "how=try")
        .replace("deadlock", "busy");
    let found = in_all(&format!("{FIRST_USE}{SECOND_USE}{user}{REAPED}"));
    says(&found, "taken down too soon", "41 q.0 hook");
}

#[test]
fn a_pool_that_is_torn_down_under_a_live_run() {
    // It came while the run before was being cleaned up, and holds nothing at the moment.
    let second = SECOND_USE.replace("run=one", "run=two");
    let user = "
        50 b.0 ask r=1 pool=db what=any count=1 access=exclusive how=try
        51 b.0 gave-up r=1 why=busy
    ";
    let reaped = "
        40 q.0 begins role=reaper run=one
        43 q.0 hook what=teardown pool=life state=clean
        44 q.0 done what=teardown pool=life state=clean
        60 e.0 begins role=reaper run=two
        61 e.0 hook what=cleanup pool=life name=life-0 state=clean
        62 e.0 done what=cleanup pool=life name=life-0 state=clean
    ";
    let found = in_all(&format!("{FIRST_USE}{second}{reaped}{user}"));
    says(&found, "torn down too soon", "43 q.0 hook");
}

#[test]
fn a_pool_that_is_torn_down_under_a_holder() {
    // The name itself was not taken down.
    let reaped = "
        22 q.0 begins role=reaper run=other
        23 q.0 hook what=teardown pool=life state=clean
        24 q.0 done what=teardown pool=life state=clean
        25 a.0 hook what=setup pool=life state=clean
        26 a.0 done what=setup pool=life state=clean
        ";
    let first = FIRST_USE
        .replace("18 a.0 releases", "30 a.0 releases")
        .replace("19 a.0 released", "31 a.0 released");
    let found = in_all(&format!("{first}{reaped}{REAPED}"));
    says(&found, "torn down too soon", "23 q.0 hook");
}

#[test]
fn a_pool_that_is_never_set_up() {
    let first = FIRST_USE
        .replace("12 a.0 hook what=setup pool=life state=clean", "")
        .replace("13 a.0 done what=setup pool=life state=clean", "");
    let found = so_far(&first);
    says(&found, "not set up", "15 a.0 hook");
}

#[test]
fn a_pool_that_is_set_up_twice() {
    let second = SECOND_USE.replace(
        "22 b.0 taken r=0",
        "22 b.0 hook what=setup pool=life state=clean
         22 b.0 done what=setup pool=life state=clean
         22 b.0 taken r=0",
    );
    let found = in_all(&format!("{FIRST_USE}{second}{REAPED}"));
    says(&found, "set up twice", "13 a.0 done");
}

#[test]
fn a_pool_that_is_torn_down_twice() {
    let again = "
        45 q.0 hook what=teardown pool=life state=clean
        46 q.0 done what=teardown pool=life state=clean
    ";
    let found = in_all(&format!("{FIRST_USE}{SECOND_USE}{REAPED}{again}"));
    says(&found, "torn down twice", "45 q.0 hook");
}

#[test]
fn a_pool_that_is_never_torn_down() {
    let probed = PROBED
        .replace("9000024 q.0 hook what=teardown pool=life state=clean", "")
        .replace("9000025 q.0 done what=teardown pool=life state=clean", "");
    let found = told(&format!("{}{probed}", super::POOLS));
    says(&found, "not torn down", "9000009 p.0 done");
}

#[test]
fn two_readers_of_which_one_was_never_made_ready_for() {
    // Nobody else reads it by then.
    let second = SECOND_USE
        .replace("access=exclusive", "access=shared")
        .replace(
            "23 b.0 hook what=reset pool=life name=life-0 state=clean",
            "",
        )
        .replace(
            "24 b.0 done what=reset pool=life name=life-0 state=clean",
            "",
        );
    let first = FIRST_USE.replace("access=exclusive", "access=shared");
    let found = in_all(&format!("{first}{second}{REAPED}"));
    says(&found, "not fresh", "25 b.0 granted");
}

#[test]
fn a_command_before_one_in_line() {
    let found = in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=1 {ASK}
        2 a.0 waits r=0
        3 c.0 ask r=0 pool=db what=any count=1 {ASK}
        4 c.0 by r=0 process=u
        5 b.0 granted r=0 leases=db-0 of=c
        6 b.0 releases r=0 state=clean of=c
        7 c.0 released r=0
        8 a.0 taken r=0
        9 a.0 granted r=0 leases=db-0:2
        10 a.0 releases r=0 state=clean
        11 a.0 released r=0
    "
    ));
    says(&found, "overtaken", "3 c.0 ask");
}

#[test]
fn a_command_that_has_anothers_name() {
    let found = in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=db-0:1
        4 c.0 ask r=0 pool=db what=any count=1 {ASK}
        5 c.0 by r=0 process=u
        6 b.0 granted r=0 leases=db-0 of=c
        7 a.0 releases r=0 state=clean
        8 a.0 released r=0
        9 b.0 releases r=0 state=clean of=c
        10 c.0 released r=0
    "
    ));
    says(&found, "held twice", "6 b.0 granted");
}

#[test]
fn a_command_that_never_begins() {
    let found = in_all(&format!(
        "
        1 c.0 ask r=0 pool=db what=any count=1 {ASK}
        2 c.0 by r=0 process=u
        3 c.0 gone process=u
    "
    ));
    says(&found, "left waiting", "1 c.0 ask");
}

#[test]
fn a_reserved_name_for_a_keeper() {
    let found = in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        2 a.0 reserved r=0
        3 c.0 ask r=0 pool=db what=any count=1 {ASK}
        4 c.0 by r=0 process=k
        5 c.0 granted r=0 leases=db-0 holder=l
        6 c.0 releases r=0 state=clean
        7 c.0 released r=0
        8 a.0 taken r=0
        9 a.0 granted r=0 leases=db-0:2
        10 a.0 releases r=0 state=clean
        11 a.0 released r=0
    "
    ));
    says(&found, "overtaken", "2 a.0 reserved");
}

/// What `a` meets in pool `life`, of run `one`, from 10 to 26: `init` fails three times.
const BROKEN: &str = "
    10 a.0 begins role=worker run=one
    11 a.0 ask r=0 pool=life what=any count=1 access=exclusive how=60000
    12 a.0 hook what=setup pool=life state=clean
    13 a.0 done what=setup pool=life state=clean
    14 a.0 taken r=0
    15 a.0 hook what=init pool=life name=life-0 state=clean
    16 a.0 fails what=init pool=life name=life-0 state=clean
    17 a.0 gave-up r=0 why=hook
    18 a.0 ask r=1 pool=life what=any count=1 access=exclusive how=60000
    19 a.0 hook what=init pool=life name=life-0 state=clean
    20 a.0 fails what=init pool=life name=life-0 state=clean
    21 a.0 gave-up r=1 why=hook
    22 a.0 ask r=2 pool=life what=any count=1 access=exclusive how=60000
    23 a.0 hook what=init pool=life name=life-0 state=clean
    24 a.0 fails what=init pool=life name=life-0 state=clean
    25 a.0 gave-up r=2 why=hook
";

#[test]
fn a_name_that_is_tried_although_it_is_broken() {
    let found = so_far(&format!(
        "{BROKEN}
        30 b.0 begins role=worker run=one
        31 b.0 ask r=0 pool=life what=any count=1 {ASK}
        32 b.0 hook what=init pool=life name=life-0 state=clean
        33 b.0 done what=init pool=life name=life-0 state=clean
        34 b.0 granted r=0 leases=life-0:4
    "
    ));
    says(&found, "lent broken", "32 b.0 hook");
}

#[test]
fn a_pool_that_is_set_up_although_it_is_broken() {
    let setup_fails = BROKEN
        .lines()
        .filter(|line| !line.contains("what=setup") && !line.contains("taken"))
        .map(|line| line.replace("what=init pool=life name=life-0", "what=setup pool=life"))
        .collect::<Vec<_>>()
        .join("\n");
    let found = so_far(&format!(
        "{setup_fails}
        30 b.0 begins role=worker run=one
        31 b.0 ask r=0 pool=life what=any count=1 {ASK}
        32 b.0 hook what=setup pool=life state=clean
        33 b.0 done what=setup pool=life state=clean
    "
    ));
    says(&found, "lent broken", "32 b.0 hook");
}

#[test]
fn a_failed_hook_that_never_failed() {
    let second = SECOND_USE
        .replace("25 b.0 granted r=0 leases=life-0:2", "")
        .replace(
            "26 b.0 releases r=0 state=clean",
            "26 b.0 gave-up r=0 why=hook",
        )
        .replace("27 b.0 released r=0", "");
    let found = in_all(&format!("{FIRST_USE}{second}{REAPED}"));
    says(&found, "error", "26 b.0 gave-up");
}

#[test]
fn a_name_that_passes_for_broken_after_two_failures() {
    let twice = BROKEN
        .lines()
        .filter(|line| !line.contains("23 a.0") && !line.contains("24 a.0"))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("r=2 why=hook", "r=2 why=broken");
    says(&so_far(&twice), "error", "25 a.0 gave-up");
}

/// A pool of two names on which an allocator decides.
const DECIDED: &str = "
    0 d.0 pool pool=ports max=2 hooks=no allocator=yes
";

/// What `a` does there, from 1 to 5: it has `ports-0`.
const FIRST_PORT: &str = "
    1 a.0 ask r=0 pool=ports what=any count=1 access=exclusive how=60000
    2 a.0 decides pool=ports turn=1 name=ports-0
    3 a.0 taken r=0
    4 a.0 granted r=0 leases=ports-0:1
";

#[test]
fn an_allocator_that_is_not_told_that_a_holder_has_ended() {
    let found = so_far(&format!(
        "{DECIDED}{FIRST_PORT}
        5 a.0 releases r=0 state=clean
        6 a.0 released r=0
        7 b.0 ask r=0 pool=ports what=any count=1 {ASK}
        8 b.0 decides pool=ports turn=2 name=ports-1
        9 b.0 taken r=0
        10 b.0 granted r=0 leases=ports-1:1
    "
    ));
    says(&found, "not told", "6 a.0 released");
}

#[test]
fn an_allocator_that_grants_a_name_again_which_it_never_got_back() {
    // When `a` had ended is not known, but the allocator was not told of it.
    let found = so_far(&format!(
        "{DECIDED}{FIRST_PORT}
        5 d.0 kills process=a why=random
        6 b.0 ask r=0 pool=ports what=any count=1 {ASK}
        7 b.0 decides pool=ports turn=2 name=ports-0
        8 b.0 taken r=0
        9 b.0 granted r=0 leases=ports-0:2
    "
    ));
    says(&found, "not told", "2 a.0 decides");
}

#[test]
fn an_allocator_that_is_told_twice() {
    let found = so_far(&format!(
        "{DECIDED}{FIRST_PORT}
        5 a.0 releases r=0 state=clean
        6 a.0 released r=0
        7 b.0 ask r=0 pool=ports what=any count=1 {ASK}
        8 b.0 takes-back pool=ports name=ports-0
        9 b.0 decides pool=ports turn=1
        10 c.0 ask r=0 pool=ports what=any count=1 {ASK}
        11 c.0 takes-back pool=ports name=ports-0
        12 c.0 decides pool=ports turn=2 name=ports-0
    "
    ));
    says(&found, "told twice", "11 c.0 takes-back");
}

#[test]
fn an_allocator_that_is_told_of_a_name_it_never_granted() {
    let found = so_far(&format!(
        "{DECIDED}{FIRST_PORT}
        5 b.0 ask r=0 pool=ports what=any count=1 {ASK}
        6 b.0 takes-back pool=ports name=ports-1
        7 b.0 decides pool=ports turn=2 name=ports-1
    "
    ));
    says(&found, "told twice", "6 b.0 takes-back");
}

#[test]
fn an_allocator_that_is_told_of_a_live_holder() {
    let found = so_far(&format!(
        "{DECIDED}{FIRST_PORT}
        5 b.0 ask r=0 pool=ports what=any count=1 {ASK}
        6 b.0 takes-back pool=ports name=ports-0
        7 b.0 decides pool=ports turn=2 name=ports-1
        8 a.0 releases r=0 state=clean
        9 a.0 released r=0
    "
    ));
    says(&found, "told too soon", "6 b.0 takes-back");
}

#[test]
fn an_allocator_that_has_forgotten_what_it_granted() {
    let found = so_far(&format!(
        "{DECIDED}{FIRST_PORT}
        5 b.0 ask r=0 pool=ports what=any count=1 {ASK}
        6 b.0 decides pool=ports turn=1 name=ports-1
        7 b.0 taken r=0
        8 b.0 granted r=0 leases=ports-1:1
    "
    ));
    says(&found, "forgotten", "6 b.0 decides");
}

/// A pool without a bound.
const UNBOUNDED: &str = "
    0 d.0 pool pool=free max=none hooks=no allocator=no
";

#[test]
fn an_unbounded_pool_that_makes_a_name_while_another_is_free() {
    let found = so_far(&format!(
        "{UNBOUNDED}
        1 a.0 ask r=0 pool=free what=any count=1 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=free-0:1
        4 a.0 releases r=0 state=clean
        5 a.0 released r=0
        6 b.0 ask r=0 pool=free what=any count=1 {ASK}
        7 b.0 taken r=0
        8 b.0 granted r=0 leases=free-1:1
    "
    ));
    says(&found, "not the lowest", "8 b.0 granted");
}

#[test]
fn an_unbounded_pool_that_grants_several_and_leaves_one_out() {
    let found = so_far(&format!(
        "{UNBOUNDED}
        1 a.0 ask r=0 pool=free what=any count=2 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=free-0:1,free-2:1
    "
    ));
    says(&found, "not the lowest", "3 a.0 granted");
}

#[test]
fn an_allocators_name_that_is_free_while_somebody_waits() {
    let found = so_far(&format!(
        "{DECIDED}{FIRST_PORT}
        5 b.0 ask r=0 pool=ports what=any count=1 {ASK}
        6 b.0 waits r=0
        7 b.0 decides pool=ports turn=2 name=ports-1
        8 b.0 hook what=assign pool=ports state=clean
        9 b.0 fails what=assign pool=ports state=clean
        31000000000 b.0 gave-up r=0 why=hook
    "
    ));
    says(&found, "idle", "7 b.0 decides");
}

#[test]
fn a_process_of_another_container_than_the_one_that_was_killed() {
    // They have the same id, each in its own.
    let found = in_all(&format!(
        "
        1 3-17.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        2 3-17.0 taken r=0
        3 3-17.0 granted r=0 leases=db-0:1
        4 4-17.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        5 d.0 kills process=4-1 why=container
        6 b.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        7 b.0 taken r=0
        8 b.0 granted r=0 leases=db-0:2
        9 b.0 releases r=0 state=clean
        10 b.0 released r=0
        11 3-17.0 releases r=0 state=clean
        12 3-17.0 released r=0
    "
    ));
    says(&found, "held twice", "8 b.0 granted");
}

#[test]
fn a_waiter_that_ended_unanswered_before_its_container_was_killed() {
    let found = in_all(&format!(
        "
        1 3-17.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        2 3-17.0 waits r=0
        3 3-2.0 gone process=3-17
        4 d.0 kills process=3-1 why=container
        5 d.0 gone process=3-1
    "
    ));
    says(&found, "left waiting", "2 3-17.0 waits");
}

#[test]
fn a_container_that_had_to_be_killed_for_its_silence() {
    let found = in_all(&format!(
        "
        1 3-17.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        2 3-17.0 waits r=0
        3 d.0 kills process=3-1 why=hang
        4 d.0 gone process=3-1
    "
    ));
    says(&found, "left waiting", "3 d.0 kills");
}

/// A caller is killed in a hook that is a command, and the next holder's begins.
const COMMAND: &str = "
    1 a.0 begins role=worker run=one
    2 a.0 ask r=0 pool=life what=any count=1 access=exclusive how=60000
    2 a.0 hook what=setup pool=life state=clean
    2 a.0 done what=setup pool=life state=clean
    3 a.0 taken r=0
    4 h.0 begins role=hook run=one of=a
    5 h.0 hook what=init pool=life name=life-0 state=clean
    6 h.0 kills process=a why=random
    7 b.0 begins role=worker run=one
    8 b.0 ask r=0 pool=life what=any count=1 access=exclusive how=60000
    9 b.0 taken r=0
    10 i.0 begins role=hook run=one of=b
    11 i.0 hook what=init pool=life name=life-0 state=clean
";

#[test]
fn a_command_goes_on_beside_the_next_hook() {
    let found = so_far(&format!(
        "{COMMAND}
        12 h.0 works pool=life name=life-0
    "
    ));
    says(&found, "goes on", "12 h.0 works");
}

#[test]
fn what_a_command_has_started_goes_on() {
    let found = so_far(&format!(
        "{COMMAND}
        5 k.0 begins role=hung run=none
        12 k.0 works pool=life name=life-0
    "
    ));
    says(&found, "goes on", "12 k.0 works");
}

#[test]
fn a_command_finds_another_variable() {
    let found = so_far(&format!(
        "{COMMAND}
        12 i.0 wrong a variable is `stack 0`
    "
    ));
    says(&found, "wrong surroundings", "12 i.0 wrong");
}
