//! Signals, pauses, and a clock that lies.

use std::fs::File;
use std::process::Command;

use rustix::fs::{FlockOperation, flock};
use rustix::process::Signal;

use crate::support::pool_test::PoolTest;
use crate::support::skip;

/// Sends a handled signal to each thread of the process.
fn interrupt_threads(pid: u32) -> bool {
    // That of perl, which is the machine's own, whatever this test is built for.
    let machine = Command::new("uname").arg("-m").output().unwrap().stdout;
    let tgkill = match String::from_utf8_lossy(&machine).trim() {
        "x86_64" => 234,
        "aarch64" | "riscv64" => 131,
        _ => return false,
    };
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the actor lives");
    let tids: Vec<_> = tasks
        .flatten()
        .map(|task| task.file_name().into_string().unwrap())
        .collect();
    let script = format!("syscall({tgkill}, {pid}, $_ + 0, 28) for @ARGV");
    let sent = Command::new("perl")
        .args(["-e", &script])
        .args(tids)
        .status();
    sent.is_ok_and(|status| status.success())
}

#[test]
fn interrupted_system_calls_are_begun_again() {
    // The head in `poll`, the one behind it in `flock`, and beside the queue.
    for asks in [
        ["db", "db"],
        ["db all", "db name=db-0"],
        ["db name=db-0", "db shared"],
    ] {
        let mut test = PoolTest::new("db", 1);
        test.hold("holder");
        for (actor, ask) in ["a", "b"].into_iter().zip(asks) {
            test.expect(actor, "handle-signals", "handling")
                .waits(actor, ask);
        }
        for actor in ["a", "b"] {
            for _ in 0..20 {
                let pid = test.pid(actor);
                if !interrupt_threads(pid) {
                    return skip::because(
                        "no perl to signal a thread with, or no number of tgkill",
                    );
                }
            }
            let handled = test.thread("control", actor).tell("control", "handled");
            assert_eq!(handled, "handled true");
        }
        test.expect_waiting("a")
            .expect_waiting("b")
            .release("holder");
        test.expect_granted("a");
        test.release("a").expect_granted("b");
    }
}

#[test]
fn a_waiter_that_was_paused_goes_on() {
    let mut test = PoolTest::new("db", 1);
    test.hold("holder").wait("a").wait("b");
    for _ in 0..20 {
        test.signal("a", Signal::STOP).signal("a", Signal::CONT);
    }
    test.release("holder");
    test.expect_granted("a");
    test.release("a").expect_granted("b");
}

#[test]
fn a_paused_holder_keeps_its_lease() {
    let mut test = PoolTest::new("db", 1);
    test.hold("holder").signal("holder", Signal::STOP);
    test.expect("a", "try db", "nothing").wait("a");
    test.signal("holder", Signal::CONT).release("holder");
    test.expect_granted("a");
}

#[test]
fn records_from_the_future_decide_nothing() {
    let mut test = PoolTest::new("db", 1);
    test.hold("dead").kill("dead");
    set_clock(&test, "db-0");
    // The lock is free, whatever the dates say.
    test.hold("a");
    set_clock(&test, "db-0");
    let answer = test.tell("b", "acquire db timeout=10");
    assert!(answer.contains("db-0 held by `a`"), "{answer}");
    assert!(answer.contains("for 0s"), "{answer}");
    test.wait("b").release("a");
    assert_eq!(test.end_of_wait("b"), "granted db-0:3");
}

/// As if the name had been lent in the year 2100, and the clock been set back.
fn set_clock(test: &PoolTest, name: &str) {
    let record = test.record_text(name);
    let digits = |key: &str| {
        let at = record.find(key).expect("the record has it") + key.len();
        let length = record[at..].bytes().take_while(u8::is_ascii_digit).count();
        at..at + length
    };
    let mut changed = record.clone();
    for key in [r#""created":"#, r#""lent":"#, r#""since":"#] {
        let place = digits(key);
        let future = format!("{:<width$}", 4_102_444_800_000_000_u64, width = place.len());
        changed.replace_range(place, &future);
    }
    std::fs::write(test.names_file(&format!("{name}.json")), changed).expect("a changed record");
}

#[test]
fn a_reader_of_a_given_name_is_not_beside_one_that_only_looks() {
    let mut test = PoolTest::new("db", 1);
    test.hold("a").kill("a");
    // Stopped in the middle of a look: it shares the lock and is in no record.
    let look = File::open(test.names_file("db-0.lock")).unwrap();
    flock(&look, FlockOperation::LockShared).unwrap();
    test.waits("reader", "db shared name=db-0");
    test.expect_waiting("reader");
    flock(&look, FlockOperation::Unlock).unwrap();
    assert_eq!(test.expect_granted("reader"), ["db-0"]);
}
