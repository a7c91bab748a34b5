//! What hand-made or torn files do to the pool: an error with the path, or a
//! name that is dirty; never a hang, never a lost lease.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::support::pool_test::{PoolTest, error, fences};

#[test]
fn an_unreadable_record_is_dirty_with_a_higher_fence() {
    let garbage: [&[u8]; 6] = [
        b"{\"v\":1,\"fence\":",
        b"\n",
        b"\xff\xfe\x00\x80",
        b"[]",
        b"{\"v\":99}",
        // After this one none follows.
        br#"{"v":1,"fence":18446744073709551615,"state":"clean","reason":null,"broken_in":null,"holders":[],"created":0,"lent":0,"last":null,"life":null}"#,
    ];
    for garbage in garbage {
        let mut test = PoolTest::new("db", 1);
        let before = fences(&test.tell("a", "acquire db"))[0].1;
        test.release("a");
        fs::write(test.names_file("db-0.json"), garbage).unwrap();
        let after = fences(&test.tell("b", "acquire db"))[0].1;
        assert!(after > before, "{garbage:?}: {before} then {after}");
        let record = test.record_text("db-0");
        assert!(
            record.contains(r#""state":"dirty""#),
            "{garbage:?}: {record}"
        );
        assert!(
            record.contains("its record was unreadable"),
            "{garbage:?}: {record}"
        );
        test.release("b");
        assert!(test.record_text("db-0").contains(r#""state":"clean""#));
    }
}

#[test]
fn a_record_torn_while_the_name_is_lent_harms_nobody() {
    let mut test = PoolTest::new("db", 1);
    test.hold("a");
    fs::write(test.names_file("db-0.json"), b"{\"v\":1,").unwrap();
    let answer = test.tell("b", "acquire db timeout=10");
    error(&answer, "timeout");
    test.wait("b").release("a");
    test.expect_granted("b");
}

#[test]
fn an_empty_record_file_is_a_name_never_lent() {
    let mut test = PoolTest::new("db", 1);
    test.hold("a").release("a");
    fs::write(test.names_file("db-0.json"), b"").unwrap();
    test.expect("b", "acquire db", "granted db-0:1");
}

#[test]
fn a_torn_or_foreign_journal_keeps_every_event_after_it() {
    for garbage in [
        &b"{\"v\":1,\"t\":12"[..],
        b"\xff\x00\n\n",
        b"not json\n",
        b"",
    ] {
        let mut test = PoolTest::new("db", 1);
        test.hold("a").release("a");
        let path = test.pool_dir().join("journal.jsonl");
        let mut text = fs::read(&path).unwrap();
        text.extend(garbage);
        fs::write(&path, text).unwrap();
        test.hold("b").release("b");
        assert_eq!(test.order(), ["a", "b"], "{garbage:?}");
        assert_eq!(test.events().len(), 4, "{garbage:?}");
    }
}

/// Puts something else in the place of a file.
type Put = fn(&Path);

const THINGS: [(&str, Put); 5] = [
    ("a symbolic link", |path| {
        symlink("/etc/hostname", path).unwrap()
    }),
    ("a dangling link", |path| {
        symlink("/nowhere/at/all", path).unwrap()
    }),
    ("a directory", |path| fs::create_dir(path).unwrap()),
    ("a FIFO", |path| {
        mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap()
    }),
    // A device needs rights that not every tester has; its kind is refused like
    // a socket's.
    ("a socket", |path| {
        drop(std::os::unix::net::UnixListener::bind(path).unwrap())
    }),
];

#[test]
fn what_is_no_regular_file_in_place_of_a_lock_or_record_is_refused_by_path() {
    for file in ["queue.lock", "names/db-0.lock", "names/db-0.json"] {
        for (thing, put) in THINGS {
            let mut test = PoolTest::new("db", 1);
            test.hold("a").release("a");
            let path = test.pool_dir().join(file);
            let _ = fs::remove_file(&path);
            put(&path);
            for ask in ["acquire db", "acquire db name=db-0", "try db shared"] {
                let message = error(&test.tell("b", ask), "io");
                let at = format!("pools/db/{file}`");
                assert!(message.contains(&at), "{thing} as {file}: {message}");
                assert!(
                    message.contains("regular file was expected; remove it"),
                    "{thing} as {file}: {message}"
                );
            }
            // Once it is away, all is well.
            if fs::remove_file(&path).is_err() {
                fs::remove_dir(&path).unwrap();
            }
            test.hold("b");
        }
    }
}

#[test]
fn what_is_no_regular_file_in_place_of_a_waiters_file_is_refused_by_path() {
    let files = [
        ("names/db-0.next", "db name=db-0"),
        ("waiters.lock", "db"),
        ("line.lock", "db"),
        ("line", "db"),
    ];
    for (file, ask) in files {
        for (thing, put) in THINGS {
            if (file, thing) == ("line", "a directory") {
                continue; // that is what it is
            }
            let mut test = PoolTest::new("db", 1);
            test.hold("holder");
            if !ask.contains("name=") {
                // Only behind a head does anybody stand in line.
                test.wait("head");
            }
            let path = test.pool_dir().join(file);
            let _ = fs::remove_file(&path);
            let _ = fs::remove_dir_all(&path);
            put(&path);
            let message = error(&test.tell("b", &format!("acquire {ask}")), "io");
            let at = format!("pools/db/{file}`");
            assert!(message.contains(&at), "{thing} as {file}: {message}");
            test.release("holder");
        }
    }
}

#[test]
fn a_device_in_place_of_a_lock_is_refused() {
    let mut test = PoolTest::new("db", 1);
    test.hold("a").release("a");
    let path = test.names_file("db-0.lock");
    fs::remove_file(&path).unwrap();
    let made = Command::new("mknod")
        .arg(&path)
        .args(["c", "1", "3"])
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        return crate::support::skip::because("only root makes devices");
    }
    let message = error(&test.tell("b", "acquire db"), "io");
    assert!(message.contains("db-0.lock`"), "{message}");
}

#[test]
fn what_is_no_regular_file_in_place_of_the_bell_is_refused_by_path() {
    for (thing, put) in THINGS {
        let mut test = PoolTest::new("db", 1);
        test.hold("a").release("a");
        let path = test.pool_dir().join("bell");
        fs::remove_file(&path).unwrap();
        put(&path);
        test.start("late");
        let message = error(&test.tell("late", "acquire db"), "io");
        assert!(message.contains("pools/db/bell`"), "{thing}: {message}");
        assert!(message.contains("remove it"), "{thing}: {message}");
    }
}

#[test]
fn a_bell_that_was_cut_short_or_removed_under_its_waiters_costs_only_speed() {
    let spoil: [fn(&Path); 2] = [
        |path| fs::write(path, "").unwrap(),
        |path| fs::remove_file(path).unwrap(),
    ];
    for spoil in spoil {
        let mut test = PoolTest::new("db", 1);
        test.hold("a").wait("b");
        spoil(&test.pool_dir().join("bell"));
        test.wait("c").release("a").expect_granted("b");
        test.release("b").expect_granted("c");
    }
}
