//! The same story on every file system that can be mounted here.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;

use crate::support::pool_test::{PoolTest, error};
use crate::support::{liar, skip};

/// Something mounted, until it drops.
struct Mount(PathBuf);

impl Mount {
    /// By a shell's commands, that find the place in `$1`, and other directories
    /// beside it.
    fn new(test: &PoolTest, script: &str) -> Option<Self> {
        for dir in ["at", "lower", "upper"] {
            fs::create_dir(test.dir().join(dir)).unwrap();
        }
        let at = test.dir().join("at");
        let mut shell = Command::new("sh");
        let mounted = shell
            .args(["-ec", script, "sh"])
            .arg(&at)
            .current_dir(test.dir());
        let mounted = mounted.output().unwrap();
        eprint!("{}", String::from_utf8_lossy(&mounted.stderr));
        mounted.status.success().then(|| Self(at))
    }

    fn remount(&self, how: &str) -> bool {
        let how = format!("remount,{how}");
        let done = Command::new("mount")
            .args(["-o", &how])
            .arg(&self.0)
            .output();
        done.unwrap().status.success()
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: a process that still uses it is about to end.
        for dir in [self.0.as_path(), &self.0.with_file_name("upper")] {
            let _ = Command::new("umount").arg("-l").arg(dir).output();
        }
    }
}

/// Who waits is served in order, by a release and by a death; nobody is lent what
/// is held; a directory moved away is noticed.
fn story(test: &mut PoolTest) {
    test.hold("a").wait("b").wait("c");
    test.expect("d", "try db", "nothing")
        .release("a")
        .expect_granted("b");
    test.kill("b").expect_granted("c");
    assert!(test.record_text("db-0").contains("ended while it held it"));
    test.release("c");
    test.holds("a", "db shared");
    test.holds("c", "db shared");
    test.waits("d", "db");
    test.release("a")
        .expect_waiting("d")
        .kill("c")
        .expect_granted("d");
    test.waits("a", "db name=db-0")
        .release("d")
        .expect_granted("a");
    // Moved, as FUSE does not remove what is open.
    fs::rename(test.pool_dir(), test.state_dir().join("aside")).unwrap();
    test.hold("d");
    error(&test.tell("a", "release"), "lost");
    test.expect("a", "try db", "nothing");
}

#[test]
fn the_same_on_every_file_system() {
    // The upper directory of an overlay may not stand on another overlay.
    for (kind, mount) in [
        ("tmpfs", "mount -t tmpfs tmpfs $1"),
        (
            "overlayfs",
            "mount -t tmpfs tmpfs upper; mkdir upper/upper upper/work
             mount -t overlay overlay -o lowerdir=lower,upperdir=upper/upper,workdir=upper/work $1",
        ),
        ("bindfs (FUSE)", "bindfs upper $1"),
        (
            "fuse-overlayfs (FUSE)",
            "mount -t tmpfs tmpfs upper; mkdir upper/upper upper/work
             fuse-overlayfs -o lowerdir=lower,upperdir=upper/upper,workdir=upper/work $1",
        ),
    ] {
        let mut test = PoolTest::new("db", 1);
        let Some(mount) = Mount::new(&test, mount) else {
            skip::because(&format!("{kind} cannot be mounted here"));
            continue;
        };
        test.set_state_dir(mount.0.join("state"));
        story(&mut test);
        println!("{kind}: as everywhere");
        drop(test);
        drop(mount);
    }
}

#[test]
fn a_disk_is_not_made_read_only_while_leases_are_out() {
    let mut test = PoolTest::new("db", 2);
    let Some(mount) = Mount::new(&test, "mount -t tmpfs tmpfs $1") else {
        return skip::because("only root mounts a file system");
    };
    test.set_state_dir(mount.0.join("state"));
    test.hold("holder").hold("other").wait("waiter");
    // The kernel refuses, for the files that we have open; `failing_calls` has the
    // disk that becomes so by itself.
    for how in ["ro", "bind,ro"] {
        assert!(!mount.remount(how), "{how}");
    }
    test.release("holder").expect_granted("waiter");
    for actor in ["holder", "other", "waiter"] {
        test.kill(actor);
    }
    assert!(mount.remount("ro"));
    let message = error(&test.tell("new", "acquire db"), "io");
    assert!(message.contains("set NAME_MANAGER_DIR"), "{message}");
    assert!(mount.remount("rw"));
    assert_eq!(test.holds("new", "db all").len(), 2);
}

#[test]
fn nobody_but_the_kernel_knows_of_a_pause() {
    let mut test = PoolTest::new("db", 1);
    test.hold("holder").wait("head").wait("behind").wait("last");
    // One after the other stands still while the rest goes on.
    test.pause("behind")
        .release("holder")
        .expect_granted("head");
    test.expect("witness", "try db", "nothing").release("head");
    // It is its turn, and nobody overtakes it.
    test.expect("witness", "try db", "nothing")
        .expect_waiting("last");
    test.signal("behind", Signal::CONT).expect_granted("behind");
    test.pause("behind").expect("witness", "try db", "nothing");
    // Killed while it stands still.
    test.kill("behind").expect_granted("last");
    test.pause("last").wait("holder");
    test.pause("holder")
        .signal("last", Signal::CONT)
        .release("last");
    test.expect("witness", "try db", "nothing")
        .signal("holder", Signal::CONT);
    test.expect_granted("holder");
}

#[test]
fn a_process_with_few_descriptors_is_told_of_it_and_keeps_nothing() {
    // From as few as a program starts with to as many as all is fine with.
    let mut granted = 0;
    for limit in (8..40).step_by(2) {
        let mut test = PoolTest::new("db", 2);
        let limit = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
        let shell = ["sh", "-c", &limit].map(str::to_owned);
        let start = crate::support::process::Start {
            through: shell.to_vec(),
            ..Default::default()
        };
        test.start_with("few", start);
        let answer = test.tell("few", "acquire db all");
        match answer.starts_with("granted") {
            true => granted += 1,
            false => assert!(
                error(&answer, "io").contains("ulimit -n"),
                "{limit}: {answer}"
            ),
        }
        test.tell("few", "release");
        assert_eq!(test.holds("other", "db all").len(), 2, "{limit}");
    }
    assert!(
        (1..16).contains(&granted),
        "{granted} of 16 limits were enough"
    );
}

#[test]
fn a_clock_that_is_years_off_decides_nothing() {
    let Some(library) = liar::library() else {
        return skip::because("no libfaketime");
    };
    let mut test = PoolTest::new("db", 1);
    // Each with another idea of the day; waits are measured by what never jumps.
    for (actor, day) in [
        ("past", "@1970-01-02 00:00:00"),
        ("before", "-20y"),
        ("after", "+70y"),
        ("jumps", "+0 i-3600"),
    ] {
        test.env("LD_PRELOAD", library.to_str().unwrap())
            .env("FAKETIME", day)
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .start(actor);
    }
    test.forget("LD_PRELOAD").start("now");
    let actors = ["past", "after", "before", "now", "jumps"];
    test.hold("past")
        .wait("after")
        .wait("before")
        .wait("now")
        .wait("jumps");
    for pair in actors.windows(2) {
        let timeout = test.tell("late", "acquire db timeout=5");
        error(&timeout, "timeout");
        test.release(pair[0]).expect_granted(pair[1]);
    }
    assert!(test.order().starts_with(&actors.map(str::to_owned)));
    test.kill("jumps")
        .expect("now", "acquire db", "granted db-0:6");
}
