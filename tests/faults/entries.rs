//! Directory entries made by hand, wherever we open one; `engine/garbage.rs` has
//! locks and records, of which every lease opens some.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use crate::support::pool_test::{PoolTest, error};

type Put = fn(&Path) -> std::io::Result<()>;

const THINGS: [(&str, Put); 6] = [
    ("a symbolic link", |path| symlink("/etc/hostname", path)),
    ("a link to nothing", |path| symlink("/nowhere/at/all", path)),
    ("a directory", |path| fs::create_dir(path)),
    ("a FIFO", |path| node(path, FileType::Fifo)),
    ("a device without end", |path| {
        node(path, FileType::CharacterDevice)
    }),
    ("a socket", |path| UnixListener::bind(path).map(drop)),
];

fn node(path: &Path, kind: FileType) -> std::io::Result<()> {
    // `/dev/zero`, if it is to be a device.
    Ok(mknodat(CWD, path, kind, Mode::RUSR, makedev(1, 5))?)
}

/// Puts each thing in the place of a file. A device only where we may make one.
fn each_thing(of: &str, mut check: impl FnMut(&mut PoolTest, &Path, &str)) {
    for (thing, put) in THINGS {
        let mut test = PoolTest::new("db", 2);
        test.hold("before").release("before");
        let path = test.state_dir().join(of);
        let _ = fs::remove_file(&path);
        match put(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                crate::support::skip::because("only root makes devices");
                continue;
            }
            put => put.unwrap(),
        }
        check(&mut test, &path, &format!("{thing} as {of}"));
        remove(&path);
        for actor in ["before", "subject"] {
            test.tell(actor, "release");
        }
        let all = test.tell("after", "acquire db all");
        assert!(all.starts_with("granted"), "{thing} as {of}: {all}");
    }
}

fn remove(path: &Path) {
    // The engine may have removed it.
    let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
    assert!(path.symlink_metadata().is_err(), "{}", path.display());
}

#[test]
fn what_is_no_file_in_place_of_what_must_be_read_is_refused_by_path() {
    for of in ["format", "pools/db/sizes.jsonl"] {
        each_thing(of, |test, path, context| {
            let answer = test.tell("subject", "acquire db");
            // A link to nothing is nothing to read, until it is to be written.
            if context.contains("link to nothing") && answer.starts_with("granted") {
                return;
            }
            let message = error(&answer, "io");
            let told = message.contains(&path.display().to_string())
                || message.contains(&format!("{}`", test.state_dir().display()));
            assert!(told, "{context}: {message}");
            assert!(message.contains("regular file"), "{context}: {message}");
        });
    }
}

#[test]
fn what_only_explains_costs_no_lease_and_nobody_waits_for_it() {
    for of in [
        "pools/db/journal.jsonl",
        "pools/db/head.json",
        "pools/db/names/db-7.json",
        "pools/db/names/foreign",
        "pools/db/keepers",
        ".gitignore",
    ] {
        each_thing(of, |test, _, context| {
            test.expect("holder", "acquire db all", "granted db-0:2 db-1:1");
            // A head that waits a while shows itself in `head.json`.
            let long = if context.contains("head.json") {
                200
            } else {
                5
            };
            let answer = test.tell("subject", &format!("acquire db timeout={long}"));
            assert!(
                error(&answer, "timeout").contains("db-0 held by `holder`"),
                "{context}: {answer}"
            );
            test.release("holder");
        });
    }
}

#[test]
fn a_record_that_cannot_be_read_while_its_name_is_lent_stops_nobody_who_waits() {
    for (thing, put) in THINGS {
        let mut test = PoolTest::new("db", 1);
        test.hold("holder");
        let path = test.names_file("db-0.json");
        fs::remove_file(&path).unwrap();
        if put(&path).is_err() {
            continue; // said already
        }
        let answer = test.tell("subject", "acquire db timeout=50");
        error(&answer, "timeout");
        let answer = test.tell("subject", "try db");
        assert_eq!(answer, "nothing", "{thing}");
        remove(&path);
        test.release("holder").hold("subject");
    }
}

#[test]
fn tickets_made_by_hand_hold_nobody_up_for_ever() {
    for ticket in [
        "0000000001.foreign",
        "9999999999.foreign",
        "18446744073709551615.foreign",
        "18446744073709551614.foreign",
        "-1.x",
        "1e3.x",
        "none",
    ] {
        let mut test = PoolTest::new("db", 1);
        test.hold("holder").wait("head").wait("behind");
        fs::write(test.pool_dir().join("line").join(ticket), b"").unwrap();
        test.wait("last").release("holder");
        for actor in ["head", "behind", "last"] {
            test.expect_granted(actor);
            test.release(actor);
        }
    }
}

#[test]
fn what_is_no_ticket_is_refused_by_path() {
    for (thing, put) in THINGS {
        let mut test = PoolTest::new("db", 1);
        test.hold("holder").wait("head");
        let path = test.pool_dir().join("line").join("0000000001.foreign");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if put(&path).is_err() {
            continue; // said elsewhere
        }
        let message = error(&test.tell("subject", "acquire db"), "io");
        assert!(
            message.contains("line/0000000001.foreign`"),
            "{thing}: {message}"
        );
        assert!(message.contains("remove it"), "{thing}: {message}");
        test.release("holder").expect_granted("head");
    }
}

#[test]
fn names_that_share_one_lock_by_a_hard_link_are_never_both_lent() {
    for file in ["lock", "json"] {
        let mut test = PoolTest::new("db", 2);
        let names = test.holds("before", "db all");
        test.release("before");
        let [one, other] = ["db-0", "db-1"].map(|name| test.names_file(&format!("{name}.{file}")));
        fs::remove_file(&other).unwrap();
        fs::hard_link(&one, &other).unwrap();
        test.hold("a");
        match file {
            // One lock: the pool is smaller, and who waits is told who holds it.
            "lock" => {
                let message = error(&test.tell("b", "acquire db timeout=50"), "timeout");
                assert!(message.contains("held by `a`"), "{message}");
            }
            // One record: it explains wrongly, and decides nothing.
            _ => {
                let second = test.holds("b", "db");
                assert_eq!(second, [names[1].as_str()]);
            }
        }
        for actor in ["a", "b"] {
            test.release(actor);
        }
        fs::remove_file(&other).unwrap();
        assert_eq!(test.holds("after", "db all").len(), 2);
    }
}

#[test]
fn a_lock_that_is_the_queue_by_a_hard_link_is_never_lent() {
    let mut test = PoolTest::new("db", 1);
    test.hold("a").release("a");
    let lock = test.names_file("db-0.lock");
    fs::remove_file(&lock).unwrap();
    fs::hard_link(test.pool_dir().join("queue.lock"), &lock).unwrap();
    error(&test.tell("b", "acquire db timeout=50"), "timeout");
    fs::remove_file(&lock).unwrap();
    test.hold("c");
}
