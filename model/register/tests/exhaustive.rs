//! Every state within bounds: `cargo test --release`.

use name_manager_register_model::{Bounds, Flaw, Model, Plan};
use nm_register::Access::{Exclusive, Shared};
use stateright::{Checker, Model as _};

/// It has the name to the end.
const STAYS: Plan = Plan {
    access: Exclusive,
    gives_up: false,
    ends: false,
};

const ENDS: Plan = Plan {
    ends: true,
    ..STAYS
};

const HASTY: Plan = Plan {
    gives_up: true,
    ..ENDS
};

const READS: Plan = Plan {
    access: Shared,
    ..STAYS
};

const BOUNDS: Bounds = Bounds {
    plans: [STAYS; 2],
    lease: 2,
    ticks: 3,
    failovers: 0,
    losses: 0,
    hangs: 0,
    stalls: 0,
    standby_has_sessions: true,
    pooler: false,
    slow_turns: false,
    slow_beats: false,
};

const QUIET: Bounds = BOUNDS;

const SLOW: Bounds = Bounds {
    slow_turns: true,
    slow_beats: true,
    ticks: 2,
    ..BOUNDS
};

const SLOW_BEATS: Bounds = Bounds {
    slow_beats: true,
    ..BOUNDS
};

/// The answer of a change is lost, and the change is done later, or never.
const LOST: Bounds = Bounds {
    plans: [HASTY, STAYS],
    losses: 1,
    ticks: 1,
    ..BOUNDS
};

const LOST_LONG: Bounds = Bounds {
    plans: [STAYS; 2],
    ticks: 2,
    ..LOST
};

const HUNG: Bounds = Bounds { hangs: 1, ..BOUNDS };

const STALLED: Bounds = Bounds {
    lease: 3,
    stalls: 1,
    ..BOUNDS
};

/// A standby takes over that lacks the last changes.
const FAILOVER: Bounds = Bounds {
    failovers: 1,
    ticks: 2,
    ..BOUNDS
};

const FAILOVER_WITHOUT_SESSIONS: Bounds = Bounds {
    standby_has_sessions: false,
    ..FAILOVER
};

const FAILOVER_BEHIND_A_POOLER: Bounds = Bounds {
    pooler: true,
    ..FAILOVER
};

const FAILOVER_OF_SLOW_TURNS: Bounds = Bounds {
    plans: [ENDS, STAYS],
    slow_turns: true,
    ticks: 0,
    ..FAILOVER
};

const FAILOVER_OF_RELEASES: Bounds = Bounds {
    plans: [ENDS, STAYS],
    ticks: 1,
    ..FAILOVER
};

const FAILOVER_OF_READERS: Bounds = Bounds {
    plans: [ENDS, READS],
    ticks: 1,
    ..FAILOVER
};

/// What is found wrong, and on which way.
fn wrong(bounds: Bounds, flaw: Option<Flaw>) -> Option<String> {
    let began = std::time::Instant::now();
    let checker = Model { bounds, flaw }
        .checker()
        .threads(2)
        .spawn_bfs()
        .join();
    let (states, time) = (checker.unique_state_count(), began.elapsed());
    println!("{states} states in {time:?}: {flaw:?} {bounds:?}");
    let path = checker.discovery("nothing is wrong")?;
    let why = path.last_state().wrong;
    Some(format!(
        "{}: {:?}",
        why.unwrap_or_default(),
        path.into_actions()
    ))
}

#[track_caller]
fn holds(bounds: Bounds) {
    assert_eq!(wrong(bounds, None), None);
}

#[track_caller]
fn is_found(flaw: Flaw, bounds: Bounds) {
    let found = wrong(bounds, Some(flaw));
    println!("{}", found.as_deref().unwrap_or("nothing"));
    assert!(found.is_some(), "{flaw:?} is not found");
}

#[test]
fn two_machines_that_are_slow_or_silent() {
    holds(QUIET);
    holds(SLOW);
    holds(SLOW_BEATS);
}

#[test]
fn a_change_that_comes_late_or_never() {
    holds(LOST);
    holds(LOST_LONG);
    holds(HUNG);
}

#[test]
fn a_server_that_stands_still() {
    holds(STALLED);
}

#[test]
fn a_failover_that_forgets() {
    holds(FAILOVER);
    holds(FAILOVER_WITHOUT_SESSIONS);
}

#[test]
fn a_failover_behind_a_pooler() {
    holds(FAILOVER_BEHIND_A_POOLER);
}

#[test]
fn a_failover_between_reading_and_writing() {
    holds(FAILOVER_OF_SLOW_TURNS);
    holds(FAILOVER_OF_RELEASES);
}

#[test]
fn a_failover_that_forgets_readers() {
    holds(FAILOVER_OF_READERS);
}

macro_rules! found {
    ($($name:ident: $flaw:ident in $bounds:expr;)+) => {
        $(#[test]
        fn $name() {
            is_found(Flaw::$flaw, $bounds);
        })+
    };
}

found! {
    no_freeze: NoFreeze in FAILOVER;
    a_pool_made_anew_is_calm: MakeIsCalm in FAILOVER;
    a_reader_keeps_the_fence: SharedKeepsFence in FAILOVER_OF_READERS;
    no_guard_for_the_process: NoStartGuard in FAILOVER_OF_SLOW_TURNS;
    a_token_forgotten_early: TokenForgotten in LOST;
    unknown_entries_stay: UnknownStays in FAILOVER_OF_RELEASES;
    a_grant_that_is_not_checked: GrantUnchecked in Bounds { slow_turns: true, ..LOST_LONG };
    a_beat_from_its_answer: BeatCountsFromAnswer in SLOW_BEATS;
    a_beat_before_all_is_said: BeatCountsBeforeSaidAgain in FAILOVER;
    a_beat_behind_a_change: BeatBehindSwap in Bounds { plans: [ENDS, STAYS], ticks: 2, ..HUNG };
    watching_without_beats: WatchesWithoutBeats in STALLED;
    watching_across_restarts: WatchesAcrossRestarts in FAILOVER_BEHIND_A_POOLER;
    burial_without_a_count: BuryWithoutCount in SLOW;
    a_beat_lost_behind_a_pooler: BeatIsLost in QUIET;
}
