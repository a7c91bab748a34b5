//! Nothing is wrong with these, however odd they look.

use super::{in_all, says_nothing, so_far};

const ASK: &str = "access=exclusive how=60000";
const READ: &str = "access=shared how=60000";

#[test]
fn nothing_at_all() {
    says_nothing(&in_all(""));
}

#[test]
fn one_after_another_in_the_order_of_asking() {
    says_nothing(&in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=all count=2 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=db-0:1,db-1:1
        4 b.0 ask r=0 pool=db what=any count=1 {ASK}
        5 b.0 waits r=0
        6 c.0 ask r=0 pool=db what=any count=1 {ASK}
        7 c.0 waits r=0
        8 a.0 releases r=0 state=clean
        9 b.0 taken r=0
        10 c.0 taken r=0
        11 c.0 granted r=0 leases=db-1:2
        12 b.0 granted r=0 leases=db-0:2
        13 a.0 released r=0
        14 b.0 releases r=0 state=clean
        15 b.0 released r=0
        16 c.0 releases r=0 state=clean
        17 c.0 released r=0
    "
    )));
}

#[test]
fn who_asked_earlier_but_drew_its_ticket_later_is_served_later() {
    says_nothing(&in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=1 {ASK}
        2 b.0 ask r=0 pool=db what=any count=1 {ASK}
        3 b.0 waits r=0
        4 a.0 waits r=0
        5 b.0 taken r=0
        6 b.0 granted r=0 leases=db-0:1
        7 a.0 taken r=0
        8 a.0 granted r=0 leases=db-1:1
        9 a.0 releases r=0 state=clean
        10 a.0 released r=0
        11 b.0 releases r=0 state=clean
        12 b.0 released r=0
    "
    )));
}

#[test]
fn who_waits_behind_one_that_gathers_all_names() {
    says_nothing(&so_far(&format!(
        "
        1 a.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=db-0:1
        4 b.0 ask r=0 pool=db what=all count=2 {ASK}
        5 b.0 blocks r=0
        6 c.0 ask r=0 pool=db what=any count=1 {ASK}
        7 c.0 waits r=0
        31000000000 a.0 releases r=0 state=clean
        31000000001 a.0 released r=0
        31000000002 b.0 taken r=0
        31000000003 b.0 granted r=0 leases=db-0:2,db-1:1
        31000000004 b.0 releases r=0 state=clean
        31000000005 b.0 released r=0
        31000000006 c.0 taken r=0
        31000000007 c.0 granted r=0 leases=db-0:3
        31000000008 c.0 releases r=0 state=clean
        31000000009 c.0 released r=0
    "
    )));
}

#[test]
fn readers_beside_readers() {
    says_nothing(&in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=1 {READ}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=db-0:1
        4 b.0 ask r=0 pool=db what=any count=1 {READ}
        5 b.0 taken r=0
        6 b.0 granted r=0 leases=db-0:1
        7 a.0 releases r=0 state=clean
        8 a.0 released r=0
        9 b.0 releases r=0 state=clean
        10 b.0 released r=0
    "
    )));
}

#[test]
fn a_given_name_is_waited_for_beside_the_line() {
    // `b` came later and takes another name meanwhile.
    says_nothing(&in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=db-0:1
        4 b.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        5 b.0 waits r=0
        6 b.0 heads r=0
        7 b.0 reserved r=0
        8 c.0 ask r=0 pool=db what=any count=1 {ASK}
        9 c.0 taken r=0
        10 c.0 granted r=0 leases=db-1:1
        11 a.0 releases r=0 state=clean
        12 a.0 released r=0
        13 b.0 taken r=0
        14 b.0 granted r=0 leases=db-0:2
        15 b.0 releases r=0 state=clean
        16 b.0 released r=0
        17 c.0 releases r=0 state=clean
        18 c.0 released r=0
    "
    )));
}

#[test]
fn a_killed_holder_is_followed_at_once() {
    // Its last line may be written after its killer has said so.
    says_nothing(&in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=1 {ASK}
        2 a.0 taken r=0
        3 d.0 kills process=a why=random
        4 a.0 granted r=0 leases=db-0:1
        5 b.0 ask r=0 pool=db what=any count=1 {ASK}
        6 b.0 taken r=0
        7 b.0 granted r=0 leases=db-0:2
        8 d.0 gone process=a
        9 b.0 releases r=0 state=clean
        10 b.0 released r=0
    "
    )));
}

#[test]
fn a_killed_waiter_owes_nobody_an_answer() {
    says_nothing(&in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=2 {ASK}
        2 a.0 waits r=0
        3 a.0 dies line: waits
        4 d.0 gone process=a
        5 b.0 ask r=0 pool=db what=any count=1 {ASK}
        6 b.0 taken r=0
        7 b.0 granted r=0 leases=db-0:2
        8 b.0 releases r=0 state=clean
        9 b.0 released r=0
    "
    )));
}

#[test]
fn a_lease_ends_with_the_keeper_that_holds_it() {
    says_nothing(&in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=any count=1 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=db-0 holder=k
        4 a.0 kills process=k why=keeper
        5 b.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        6 b.0 taken r=0
        7 b.0 granted r=0 leases=db-0:2
        8 b.0 releases r=0 state=clean
        9 b.0 released r=0
        10 a.0 ends
    "
    )));
}

#[test]
fn a_circle_that_one_of_it_gives_up() {
    says_nothing(&in_all(&format!(
        "
        1 a.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=db-0:1
        4 b.0 ask r=0 pool=db what=db-1 count=1 {ASK}
        5 b.0 taken r=0
        6 b.0 granted r=0 leases=db-1:1
        7 a.0 ask r=1 pool=db what=db-1 count=1 {ASK}
        8 b.0 ask r=1 pool=db what=db-0 count=1 {ASK}
        9 b.0 gave-up r=1 why=deadlock
        10 b.0 releases r=0 state=clean
        11 b.0 released r=0
        12 a.0 taken r=1
        13 a.0 granted r=1 leases=db-1:2
        14 a.0 releases r=1 state=clean
        15 a.0 released r=1
        16 a.0 releases r=0 state=clean
        17 a.0 released r=0
    "
    )));
}

/// A run that uses `life`, from 10 to 26, and dies in the middle of it.
const A_LIFE: &str = "
    10 a.0 begins role=worker run=one
    11 a.0 ask r=0 pool=life what=any count=1 access=exclusive how=60000
    12 a.0 hook what=setup pool=life state=clean
    13 a.0 done what=setup pool=life state=clean
    14 a.0 taken r=0
    15 a.0 hook what=init pool=life name=life-0 state=clean
    16 a.0 done what=init pool=life name=life-0 state=clean
    17 a.0 granted r=0 leases=life-0:1
    18 a.0 dies body
    19 d.0 gone process=a
    20 b.0 begins role=worker run=one
    21 b.0 ask r=0 pool=life what=any count=1 access=exclusive how=60000
    22 b.0 taken r=0
    23 b.0 hook what=reset pool=life name=life-0 state=dirty
    24 b.0 done what=reset pool=life name=life-0 state=dirty
    25 b.0 granted r=0 leases=life-0:2
    26 b.0 releases r=0 state=clean
    27 b.0 released r=0
    28 b.0 ends
";

#[test]
fn a_whole_life() {
    says_nothing(&in_all(&format!(
        "{A_LIFE}
        40 q.0 begins role=reaper run=one
        41 q.0 hook what=cleanup pool=life name=life-0 state=clean
        42 q.0 done what=cleanup pool=life name=life-0 state=clean
        43 q.0 hook what=teardown pool=life state=clean
        44 q.0 done what=teardown pool=life state=clean
    "
    )));
}

#[test]
fn what_a_killed_reaper_left_is_taken_down_by_the_next_run() {
    says_nothing(&in_all(&format!(
        "{A_LIFE}
        40 q.0 begins role=reaper run=one
        41 q.0 hook what=cleanup pool=life name=life-0 state=clean
        42 q.0 dies hook: half done
        43 d.0 gone process=q
        50 c.0 begins role=worker run=two
        51 c.0 ask r=0 pool=life what=any count=1 {ASK}
        52 c.0 hook what=setup pool=life state=clean
        53 c.0 done what=setup pool=life state=clean
        54 c.0 taken r=0
        55 c.0 hook what=cleanup pool=life name=life-0 state=clean
        56 c.0 done what=cleanup pool=life name=life-0 state=clean
        57 c.0 hook what=init pool=life name=life-0 state=clean
        58 c.0 done what=init pool=life name=life-0 state=clean
        59 c.0 granted r=0 leases=life-0:4
        60 c.0 releases r=0 state=clean
        61 c.0 released r=0
        62 c.0 ends
        70 e.0 begins role=reaper run=two
        71 e.0 hook what=cleanup pool=life name=life-0 state=clean
        72 e.0 done what=cleanup pool=life name=life-0 state=clean
        73 e.0 hook what=teardown pool=life state=clean
        74 e.0 done what=teardown pool=life state=clean
    "
    )));
}

#[test]
fn a_run_that_begins_while_the_one_before_is_cleaned_up_has_the_pool_as_it_is() {
    says_nothing(&in_all(&format!(
        "{A_LIFE}
        40 q.0 begins role=reaper run=one
        41 q.0 hook what=cleanup pool=life name=life-0 state=clean
        42 c.0 begins role=worker run=two
        43 c.0 ask r=0 pool=life what=any count=1 access=exclusive how=60000
        44 c.0 blocks r=0
        45 q.0 done what=cleanup pool=life name=life-0 state=clean
        46 c.0 taken r=0
        47 c.0 hook what=init pool=life name=life-0 state=clean
        48 q.0 ends
        49 c.0 done what=init pool=life name=life-0 state=clean
        50 c.0 granted r=0 leases=life-0:4
        51 c.0 releases r=0 state=clean
        52 c.0 released r=0
        53 c.0 ends
        60 e.0 begins role=reaper run=two
        61 e.0 hook what=cleanup pool=life name=life-0 state=clean
        62 e.0 done what=cleanup pool=life name=life-0 state=clean
        63 e.0 hook what=teardown pool=life state=clean
        64 e.0 done what=teardown pool=life state=clean
    "
    )));
}

#[test]
fn an_init_that_was_killed_half_way_is_done_again() {
    let killed = A_LIFE
        .replace(
            "16 a.0 done what=init pool=life name=life-0 state=clean",
            "16 a.0 dies hook: half done",
        )
        .replace("17 a.0 granted r=0 leases=life-0:1", "")
        .replace("18 a.0 dies body", "")
        .replace(
            "what=reset pool=life name=life-0 state=dirty",
            "what=init pool=life name=life-0 state=clean",
        );
    says_nothing(&in_all(&format!(
        "{killed}
        40 q.0 begins role=reaper run=one
        41 q.0 hook what=cleanup pool=life name=life-0 state=clean
        42 q.0 done what=cleanup pool=life name=life-0 state=clean
        43 q.0 hook what=teardown pool=life state=clean
        44 q.0 done what=teardown pool=life state=clean
    "
    )));
}

#[test]
fn a_command_that_says_late_that_it_holds_something() {
    // `run` had taken db-0 before `b` waited; its command begins a second later, and is
    // ended in the middle of what it writes, or not.
    for after in [
        "
        1000000010 a.0 releases r=0 state=clean of=c
        1000000011 c.0 gone process=u
        1000000012 c.0 released r=0
        ",
        "
        1000000010 c.0 kills process=u why=run
        1000000011 c.0 gone process=u
        ",
    ] {
        says_nothing(&so_far(&format!(
            "
            1 c.0 ask r=0 pool=db what=any count=1 {ASK}
            2 c.0 by r=0 process=u
            3 b.0 ask r=0 pool=db what=all count=2 {ASK}
            4 b.0 blocks r=0
            1000000000 a.0 begins role=body run=none
            1000000001 a.0 granted r=0 leases=db-0 of=c
            {after}
            1000000020 b.0 taken r=0
            1000000021 b.0 granted r=0 leases=db-0:2,db-1:1
            1000000022 b.0 releases r=0 state=clean
            1000000023 b.0 released r=0
        "
        )));
    }
}

#[test]
fn a_command_that_is_ended_before_it_says_that_it_holds_something() {
    // `run` was killed with db-0; its command is ended with it.
    says_nothing(&in_all(&format!(
        "
        1 b.0 ask r=0 pool=db what=any count=1 {ASK}
        2 b.0 waits r=0
        3 c.0 ask r=0 pool=db what=any count=1 {ASK}
        4 c.0 by r=0 process=u
        5 a.0 begins role=body run=none
        6 c.0 kills process=u why=run
        7 c.0 gone process=u
        8 b.0 taken r=0
        9 b.0 granted r=0 leases=db-0:2
        10 b.0 releases r=0 state=clean
        11 b.0 released r=0
    "
    )));
}

#[test]
fn a_command_that_outlives_its_lease() {
    // It is told to end when its parent is killed, and writes its line before it does.
    says_nothing(&in_all(&format!(
        "
        1 c.0 ask r=0 pool=db what=any count=1 {ASK}
        2 c.0 by r=0 process=u
        3 c.0 kills process=u why=run
        4 c.0 gone process=u
        5 b.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        6 b.0 taken r=0
        7 b.0 granted r=0 leases=db-0:2
        8 a.0 begins role=body run=none
        9 a.0 granted r=0 leases=db-0 of=c
        10 b.0 releases r=0 state=clean
        11 b.0 released r=0
    "
    )));
}

#[test]
fn a_name_that_a_keeper_has_before_its_client_knows() {
    // For longer than a name may be free while `b` waits.
    says_nothing(&so_far(&format!(
        "
        1 c.0 ask r=0 pool=db what=any count=1 {ASK}
        2 c.0 by r=0 process=k
        3 b.0 ask r=0 pool=db what=all count=2 {ASK}
        4 b.0 taken r=0
        5 b.0 granted r=0 leases=db-0:1,db-1:1
        6 b.0 releases r=0 state=clean
        7 b.0 released r=0
        8 e.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        9 e.0 waits r=0
        7000000000 c.0 granted r=0 leases=db-0 holder=l
        7000000001 c.0 releases r=0 state=clean
        7000000002 c.0 released r=0
        7000000003 e.0 taken r=0
        7000000004 e.0 granted r=0 leases=db-0:3
        7000000005 e.0 releases r=0 state=clean
        7000000006 e.0 released r=0
    "
    )));
}

#[test]
fn a_command_whose_end_is_not_yet_the_end_of_its_lease() {
    // `run` takes its time to give the name back.
    says_nothing(&so_far(&format!(
        "
        1 c.0 ask r=0 pool=db what=any count=1 {ASK}
        2 c.0 by r=0 process=u
        3 a.0 begins role=body run=none
        4 a.0 granted r=0 leases=db-0 of=c
        5 a.0 releases r=0 state=clean of=c
        6 a.0 ends
        7 e.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        8 e.0 waits r=0
        7000000000 c.0 gone process=u
        7000000001 c.0 released r=0
        7000000002 e.0 taken r=0
        7000000003 e.0 granted r=0 leases=db-0:3
        7000000004 e.0 releases r=0 state=clean
        7000000005 e.0 released r=0
    "
    )));
}

/// Twice, `init` of `life-0` fails in run `one`, from 10 to 21.
const TWO_FAILURES: &str = "
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
";

/// What `b`, of run `one`, meets next: the third failure.
const THIRD_FAILURE: &str = "
    22 b.0 begins role=worker run=one
    23 b.0 ask r=0 pool=life what=any count=1 access=exclusive how=60000
    24 b.0 hook what=init pool=life name=life-0 state=clean
    25 b.0 fails what=init pool=life name=life-0 state=clean
    26 b.0 gave-up r=0 why=hook
";

/// What `c` does then.
fn third(run: &str) -> String {
    format!(
        "
        30 c.0 begins role=worker run={run}
        31 c.0 ask r=0 pool=life what=any count=1 {ASK}
        32 c.0 taken r=0
        33 c.0 hook what=init pool=life name=life-0 state=clean
        34 c.0 done what=init pool=life name=life-0 state=clean
        35 c.0 granted r=0 leases=life-0:4
        36 c.0 releases r=0 state=clean
        37 c.0 released r=0
        40 q.0 begins role=reaper run={run}
        41 q.0 hook what=cleanup pool=life name=life-0 state=clean
        42 q.0 done what=cleanup pool=life name=life-0 state=clean
        43 q.0 hook what=teardown pool=life state=clean
        44 q.0 done what=teardown pool=life state=clean
    "
    )
}

#[test]
fn an_init_that_fails_twice_and_then_does_not() {
    says_nothing(&in_all(&format!("{TWO_FAILURES}{}", third("one"))));
}

#[test]
fn what_is_broken_in_one_run_is_tried_again_in_another() {
    let third = third("two");
    says_nothing(&in_all(&format!("{TWO_FAILURES}{THIRD_FAILURE}{third}")));
}

#[test]
fn what_is_broken_is_found_broken() {
    says_nothing(&so_far(&format!(
        "{TWO_FAILURES}{THIRD_FAILURE}
        30 c.0 begins role=worker run=one
        31 c.0 ask r=0 pool=life what=any count=1 {ASK}
        32 c.0 gave-up r=0 why=broken
    "
    )));
}

#[test]
fn a_third_failure_that_a_killed_process_may_not_have_recorded() {
    let killed = THIRD_FAILURE.replace("26 b.0 gave-up r=0 why=hook", "26 b.0 dies hook: done");
    says_nothing(&in_all(&format!(
        "{TWO_FAILURES}{killed}
        27 d.0 gone process=b
        {}",
        third("one")
    )));
    says_nothing(&so_far(&format!(
        "{TWO_FAILURES}{killed}
        27 d.0 gone process=b
        30 c.0 begins role=worker run=one
        31 c.0 ask r=0 pool=life what=any count=1 {ASK}
        32 c.0 gave-up r=0 why=broken
    "
    )));
}

#[test]
fn what_is_broken_stays_so_if_another_run_dies_while_it_cleans_it_up() {
    says_nothing(&so_far(&format!(
        "{TWO_FAILURES}{THIRD_FAILURE}
        30 c.0 begins role=worker run=two
        31 c.0 ask r=0 pool=life what=any count=1 {ASK}
        32 c.0 taken r=0
        33 c.0 hook what=cleanup pool=life name=life-0 state=clean
        34 c.0 dies body
        35 d.0 gone process=c
        36 b.0 ask r=1 pool=life what=any count=1 {ASK}
        37 b.0 gave-up r=1 why=broken
    "
    )));
}

#[test]
fn a_reaper_goes_on_with_what_another_run_began_to_clean_up() {
    // `b` lives on, whose run had the name until that was broken in it.
    let resets = (0..3).map(|times| {
        let at = 30 + 10 * times;
        format!(
            "
            {} b.0 ask r={} pool=life what=any count=1 {ASK}
            {} b.0 hook what=reset pool=life name=life-0 state=dirty
            {} b.0 fails what=reset pool=life name=life-0 state=dirty
            {} b.0 gave-up r={} why=hook
        ",
            at,
            times + 2,
            at + 1,
            at + 2,
            at + 3,
            times + 2
        )
    });
    says_nothing(&so_far(&format!(
        "{TWO_FAILURES}
        22 b.0 begins role=worker run=one
        23 b.0 ask r=1 pool=life what=any count=1 {ASK}
        24 b.0 hook what=init pool=life name=life-0 state=clean
        25 b.0 done what=init pool=life name=life-0 state=clean
        26 b.0 granted r=1 leases=life-0:3
        27 b.0 releases r=1 state=clean
        28 b.0 released r=1
        {}
        70 c.0 begins role=worker run=two
        71 c.0 ask r=0 pool=life what=any count=1 {ASK}
        72 c.0 taken r=0
        73 c.0 hook what=cleanup pool=life name=life-0 state=clean
        74 c.0 dies body
        75 d.0 gone process=c
        76 q.0 begins role=reaper run=two
        77 q.0 hook what=cleanup pool=life name=life-0 state=clean
        78 q.0 done what=cleanup pool=life name=life-0 state=clean
        79 b.0 ends
    ",
        resets.collect::<String>()
    )));
}

#[test]
fn a_broken_name_is_not_idle() {
    // Its pool has no other that `c` could have; it is told so late, or is still asking.
    says_nothing(&so_far(&format!(
        "{TWO_FAILURES}{THIRD_FAILURE}
        30 c.0 begins role=worker run=one
        31 c.0 ask r=0 pool=life what=any count=1 {ASK}
        32 c.0 waits r=0
        9000000000 c.0 gave-up r=0 why=broken
    "
    )));
}

/// A pool of two names on which an allocator decides; `a` has `ports-0` from 1 to 4.
const FIRST_PORT: &str = "
    0 d.0 pool pool=ports max=2 hooks=no allocator=yes
    1 a.0 ask r=0 pool=ports what=any count=1 access=exclusive how=60000
    2 a.0 decides pool=ports turn=1 name=ports-0
    3 a.0 taken r=0
    4 a.0 granted r=0 leases=ports-0:1
";

#[test]
fn an_allocator_that_is_told_of_each_holder_once() {
    // By the next that asks; and by the reaper of the last.
    says_nothing(&so_far(&format!(
        "{FIRST_PORT}
        5 a.0 releases r=0 state=clean
        6 a.0 released r=0
        7 b.0 ask r=0 pool=ports what=any count=1 {ASK}
        8 b.0 takes-back pool=ports name=ports-0
        9 b.0 decides pool=ports turn=2 name=ports-0
        10 b.0 taken r=0
        11 b.0 granted r=0 leases=ports-0:2
        12 b.0 dies body
        13 d.0 gone process=b
        14 q.0 begins role=reaper run=one
        15 q.0 takes-back pool=ports name=ports-0
        16 c.0 ask r=0 pool=ports what=any count=1 {ASK}
        17 c.0 decides pool=ports turn=3 name=ports-0
        18 c.0 taken r=0
        19 c.0 granted r=0 leases=ports-0:3
    "
    )));
}

#[test]
fn an_allocator_that_is_asked_while_a_name_is_being_given_back() {
    // `b` looked before `a` had let go of it.
    says_nothing(&so_far(&format!(
        "{FIRST_PORT}
        5 b.0 ask r=0 pool=ports what=any count=1 {ASK}
        6 a.0 releases r=0 state=clean
        7 a.0 released r=0
        8 b.0 decides pool=ports turn=2 name=ports-1
        9 b.0 taken r=0
        10 b.0 granted r=0 leases=ports-1:1
    "
    )));
}

#[test]
fn an_allocator_that_is_asked_for_a_waiter_before_and_says_what_is_dropped() {
    // `c` finds room for `b`, which came first, and asks again when that is served.
    says_nothing(&so_far(&format!(
        "{FIRST_PORT}
        5 b.0 ask r=0 pool=ports what=any count=1 {ASK}
        6 c.0 ask r=0 pool=ports what=any count=1 {ASK}
        7 c.0 decides pool=ports turn=2 name=ports-1
        8 c.0 decides pool=ports turn=2 name=ports-1
        9 b.0 decides pool=ports turn=2 name=ports-1
        10 b.0 taken r=0
        11 b.0 granted r=0 leases=ports-1:1
        12 a.0 releases r=0 state=clean
        13 a.0 released r=0
        14 c.0 takes-back pool=ports name=ports-0
        15 c.0 decides pool=ports turn=3 name=ports-0
        16 c.0 taken r=0
        17 c.0 granted r=0 leases=ports-0:2
    "
    )));
}

#[test]
fn an_allocator_that_is_told_again_since_its_teller_was_killed() {
    for killed in ["b.0 dies grant: taken", "d.0 kills process=b why=random"] {
        says_nothing(&so_far(&format!(
            "{FIRST_PORT}
            5 a.0 releases r=0 state=clean
            6 a.0 released r=0
            7 b.0 ask r=0 pool=ports what=any count=1 {ASK}
            8 b.0 takes-back pool=ports name=ports-0
            9 {killed}
            10 c.0 ask r=0 pool=ports what=any count=1 {ASK}
            11 c.0 takes-back pool=ports name=ports-0
            12 c.0 decides pool=ports turn=2 name=ports-0
            13 c.0 taken r=0
            14 c.0 granted r=0 leases=ports-0:2
        "
        )));
    }
}

#[test]
fn a_decision_that_a_killed_process_may_not_have_recorded() {
    for (turn, port) in [(1, "ports-0"), (2, "ports-1")] {
        let killed = FIRST_PORT.replace("3 a.0 taken r=0", "3 a.0 dies grant: taken");
        let killed = killed.replace("4 a.0 granted r=0 leases=ports-0:1", "");
        says_nothing(&so_far(&format!(
            "{killed}
            5 d.0 gone process=a
            6 b.0 ask r=0 pool=ports what=any count=1 {ASK}
            7 b.0 decides pool=ports turn={turn} name={port}
            8 b.0 taken r=0
            9 b.0 granted r=0 leases={port}:2
        "
        )));
    }
}

#[test]
fn an_allocator_that_panics_has_decided_nothing() {
    says_nothing(&so_far(&format!(
        "{FIRST_PORT}
        5 b.0 ask r=0 pool=ports what=any count=1 {ASK}
        6 b.0 hook what=assign pool=ports state=clean
        7 b.0 fails what=assign pool=ports state=clean
        8 b.0 gave-up r=0 why=hook
        9 c.0 ask r=0 pool=ports what=any count=1 {ASK}
        10 c.0 decides pool=ports turn=2 name=ports-1
        11 c.0 taken r=0
        12 c.0 granted r=0 leases=ports-1:1
    "
    )));
}

#[test]
fn an_unbounded_pool_lends_a_new_name_while_the_lower_are_held() {
    // `b` has given its name back only when `c` has its own.
    says_nothing(&so_far(&format!(
        "
        0 d.0 pool pool=free max=none hooks=no allocator=no
        1 a.0 ask r=0 pool=free what=any count=1 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=free-0:1
        4 b.0 ask r=0 pool=free what=any count=2 {ASK}
        5 b.0 taken r=0
        6 b.0 granted r=0 leases=free-1:1,free-2:1
        7 a.0 releases r=0 state=clean
        8 b.0 releases r=0 state=clean
        9 a.0 released r=0
        10 c.0 ask r=0 pool=free what=any count=2 {ASK}
        11 c.0 taken r=0
        12 c.0 granted r=0 leases=free-0:2,free-3:1
        13 b.0 released r=0
    "
    )));
}

#[test]
fn an_unbounded_pool_may_not_know_yet_that_a_holder_was_killed() {
    says_nothing(&so_far(&format!(
        "
        0 d.0 pool pool=free max=none hooks=no allocator=no
        1 a.0 ask r=0 pool=free what=any count=1 {ASK}
        2 a.0 taken r=0
        3 a.0 granted r=0 leases=free-0:1
        4 d.0 kills process=a why=random
        5 b.0 ask r=0 pool=free what=any count=1 {ASK}
        6 b.0 taken r=0
        7 b.0 granted r=0 leases=free-1:1
        8 d.0 gone process=a
        9 c.0 ask r=0 pool=free what=any count=1 {ASK}
        10 c.0 taken r=0
        11 c.0 granted r=0 leases=free-0:2
    "
    )));
}

#[test]
fn a_name_that_an_allocator_does_not_grant_while_it_grants_others() {
    // Four before `d` take turns with the other name.
    let mut lines = String::new();
    for (turn, process) in ["b", "c", "e", "f"].into_iter().enumerate() {
        let (asked, next) = (7 + turn, turn + 2);
        let at = 2_000_000_000 * (turn + 1);
        lines += &format!(
            "
            {asked} {process}.0 ask r=0 pool=ports what=any count=1 {ASK}
            {asked} {process}.0 waits r=0
            {at} {process}.0 takes-back pool=ports name=ports-0
            {at} {process}.0 decides pool=ports turn={next} name=ports-0
            {at} {process}.0 taken r=0
            {at} {process}.0 granted r=0 leases=ports-0:{next}
            {at} {process}.0 releases r=0 state=clean
            {at} {process}.0 released r=0
        "
        );
    }
    says_nothing(&so_far(&format!(
        "{FIRST_PORT}
        5 a.0 releases r=0 state=clean
        6 a.0 released r=0
        {lines}
        20 d.0 ask r=0 pool=ports what=any count=1 {ASK}
        21 d.0 waits r=0
        8000000002 d.0 takes-back pool=ports name=ports-0
        8000000003 d.0 decides pool=ports turn=6 name=ports-0
        8000000004 d.0 taken r=0
        8000000005 d.0 granted r=0 leases=ports-0:6
    "
    )));
}

#[test]
fn all_processes_of_a_container_are_killed_with_it() {
    // `3-17` holds, `3-18` waits, and the keeper `3-19` writes nothing at all.
    says_nothing(&in_all(&format!(
        "
        1 3-17.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        2 3-17.0 taken r=0
        3 3-17.0 granted r=0 leases=db-0:1
        4 3-16.0 ask r=0 pool=db what=db-1 count=1 {ASK}
        5 3-16.0 by r=0 process=3-20
        6 3-16.0 granted r=0 leases=db-1 holder=3-19
        7 3-18.0 ask r=0 pool=db what=db-0 count=1 {ASK}
        8 3-18.0 waits r=0
        9 d.0 kills process=3-1 why=container
        10 b.0 ask r=0 pool=db what=all count=2 {ASK}
        11 b.0 taken r=0
        12 b.0 granted r=0 leases=db-0:2,db-1:2
        13 d.0 gone process=3-1
        14 b.0 releases r=0 state=clean
        15 b.0 released r=0
    "
    )));
}

#[test]
fn what_had_ended_before_its_container_was_killed() {
    says_nothing(&in_all(&format!(
        "
        1 3-17.0 ask r=0 pool=db what=any count=1 {ASK}
        2 3-17.0 taken r=0
        3 3-17.0 granted r=0 leases=db-0:1
        4 3-17.0 releases r=0 state=clean
        5 3-17.0 released r=0
        6 3-17.0 ends
        7 3-2.0 gone process=3-17
        8 d.0 kills process=3-1 why=container
        9 d.0 gone process=3-1
    "
    )));
}

#[test]
fn a_command_ends_with_its_caller_and_the_next_one_makes_the_name() {
    says_nothing(&so_far(
        "
        1 a.0 begins role=worker run=one
        2 a.0 ask r=0 pool=life what=any count=1 access=exclusive how=60000
        2 a.0 hook what=setup pool=life state=clean
        2 a.0 done what=setup pool=life state=clean
        3 a.0 taken r=0
        4 h.0 begins role=hook run=one of=a
        5 h.0 hook what=init pool=life name=life-0 state=clean
        6 h.0 kills process=a why=random
        7 h.0 works pool=life name=life-0
        8 b.0 begins role=worker run=one
        9 b.0 ask r=0 pool=life what=any count=1 access=exclusive how=60000
        10 b.0 taken r=0
        11 i.0 begins role=hook run=one of=b
        12 i.0 hook what=init pool=life name=life-0 state=clean
        13 i.0 works pool=life name=life-0
        14 i.0 done what=init pool=life name=life-0 state=clean
        15 b.0 granted r=0 leases=life-0:2
    ",
    ));
}
