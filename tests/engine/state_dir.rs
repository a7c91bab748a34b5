//! A state directory that is removed, replaced, full, read-only, or newer.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nm_runtime::journal::Kind;

use crate::support::kernel;
use crate::support::other_user;
use crate::support::pool_test::{PoolTest, error};
use crate::support::skip;

#[test]
fn a_removed_state_directory_is_reported_by_the_holder_and_a_newcomer_begins_afresh() {
    let mut test = PoolTest::new("db", 1);
    test.start("b").hold("a");
    fs::remove_dir_all(test.state_dir()).unwrap();
    test.hold("b");
    let message = error(&test.tell("a", "release"), "lost");
    assert!(
        message.contains("`db-0` may have been lent to others"),
        "{message}"
    );
    // The old holder's release takes nothing from the new one.
    test.expect("c", "try db", "nothing");
    test.release("b").hold("a");
}

#[test]
fn a_state_directory_moved_away_is_reported_too() {
    let mut test = PoolTest::new("db", 1);
    test.hold("a");
    fs::rename(test.state_dir(), test.dir().join("aside")).unwrap();
    test.hold("b");
    error(&test.tell("a", "release"), "lost");
    test.release("b");
}

#[test]
fn a_waiter_in_a_removed_directory_begins_again_in_the_new_one() {
    let mut test = PoolTest::new("db", 1);
    test.hold("a").wait("head").wait("behind");
    // Who looks while the new directory is nobody's yet is served there before `b`.
    test.pause("head").pause("behind");
    fs::remove_dir_all(test.state_dir()).unwrap();
    test.hold("b").go_on("head").go_on("behind");
    error(&test.tell("a", "release"), "lost");
    // Both ask again where `b` holds the name, so neither is served before it ends.
    test.expect("c", "try db", "nothing");
    test.expect_waiting("head")
        .expect_waiting("behind")
        .release("b");
    let first = crate::support::patience::until("one of them is served", || {
        ["head", "behind"].into_iter().find(|actor| {
            test.reply_by_now(actor)
                .is_some_and(|reply| reply.starts_with("granted"))
        })
    });
    let second = if first == "head" { "behind" } else { "head" };
    test.expect_waiting(second).expect("c", "try db", "nothing");
    test.release(first);
    test.expect_granted(second);
}

#[test]
fn a_waiter_in_a_directory_moved_away_begins_again_in_the_new_one() {
    let mut test = PoolTest::new("db", 1);
    test.hold("a").wait("head");
    fs::rename(test.state_dir(), test.dir().join("aside")).unwrap();
    test.hold("b");
    error(&test.tell("a", "release"), "lost");
    // The name is free where the waiter began, and lent where it must look.
    let (pid, queue) = (test.pid("head"), test.pool_dir().join("queue.lock"));
    crate::support::patience::until("the waiter heads the new queue", || {
        let inode = kernel::inode(&queue)?;
        let locks = kernel::locks();
        let heads = locks
            .iter()
            .any(|lock| lock.pid == pid && lock.inode == inode);
        heads.then_some(())
    });
    test.expect("c", "try db", "nothing");
    test.expect_waiting("head")
        .release("b")
        .expect_granted("head");
}

#[test]
fn a_removed_directory_is_no_loss_to_a_lease_that_ended_before() {
    let mut test = PoolTest::new("db", 1);
    test.hold("a").release("a");
    fs::remove_dir_all(test.state_dir()).unwrap();
    test.expect("a", "acquire db", "granted db-0:1");
    test.release("a");
}

type Replace = fn(&Path);

/// Removes the file, or puts another in its place by renaming, as editors and
/// synchronising tools do.
const REPLACED: [(&str, Replace); 3] = [
    ("removed", |path| fs::remove_file(path).unwrap()),
    ("replaced", |path| {
        let other = path.with_extension("other");
        fs::write(&other, b"").unwrap();
        fs::rename(&other, path).unwrap();
    }),
    ("moved aside", |path| {
        fs::rename(path, path.with_extension("aside")).unwrap();
        fs::write(path, b"").unwrap();
    }),
];

#[test]
fn a_queue_lock_replaced_under_waiters_leaves_them_waiting_for_the_new_one() {
    for (how, replace) in REPLACED {
        let mut test = PoolTest::new("db", 1);
        test.hold("holder").wait("head").wait("behind");
        replace(&test.pool_dir().join("queue.lock"));
        test.wait("late").release("holder");
        let mut left = vec!["head", "behind", "late"];
        while !left.is_empty() {
            let served = crate::support::patience::until(how, || {
                let at = left
                    .iter()
                    .position(|actor| test.reply_by_now(actor).is_some())?;
                Some(left.remove(at))
            });
            test.expect("other", "try db", "nothing").release(served);
        }
        crate::support::oracle::check(&test.events(), 1);
    }
}

#[test]
fn a_name_lock_replaced_under_a_waiter_is_not_lent_by_the_old_one() {
    for (how, replace) in REPLACED {
        let mut test = PoolTest::new("db", 1);
        test.hold("holder").waits("given", "db name=db-0");
        replace(&test.names_file("db-0.lock"));
        // The exclusion is broken by whoever did that; the holder says so.
        test.expect("late", "try db", "nothing");
        error(&test.tell("holder", "release"), "lost");
        assert_eq!(test.expect_granted("given"), ["db-0"], "{how}");
        test.expect("late", "try db", "nothing");
        test.release("given").hold("late");
    }
}

#[test]
fn a_lost_lease_is_in_the_journal_when_there_is_one() {
    let mut test = PoolTest::new("db", 1);
    test.hold("a");
    fs::remove_file(test.names_file("db-0.lock")).unwrap();
    error(&test.tell("a", "release"), "lost");
    assert_eq!(test.events_of(Kind::Lost).len(), 1);
}

#[test]
fn a_file_in_place_of_the_state_directory_is_refused() {
    let mut test = PoolTest::new("db", 1);
    fs::write(test.state_dir(), b"notes").unwrap();
    let message = error(&test.tell("a", "acquire db"), "io");
    assert!(
        message.contains(&test.state_dir().display().to_string()),
        "{message}"
    );
    assert!(message.contains("expected a directory"), "{message}");
    assert_eq!(fs::read(test.state_dir()).unwrap(), b"notes");
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let mut test = PoolTest::new("db", 1);
    test.hold("a").release("a");
    fs::write(test.state_dir().join("format"), b"7\n").unwrap();
    let message = error(&test.tell("b", "acquire db"), "format-too-new");
    assert!(
        message.contains("has format 7, this version writes up to 1"),
        "{message}"
    );
    assert_eq!(fs::read(test.state_dir().join("format")).unwrap(), b"7\n");
    for garbage in [&b"seven"[..], b"\xff\xff"] {
        fs::write(test.state_dir().join("format"), garbage).unwrap();
        let answer = test.tell("b", "acquire db");
        assert!(answer.contains("state/format`"), "{answer}");
        assert!(!answer.starts_with("granted"), "{answer}");
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_refused_with_what_to_do() {
    let mut test = PoolTest::new("db", 1);
    let Some(start) = other_user::powerless(test.dir()) else {
        return skip::because("root, but no setpriv to become somebody else");
    };
    let locked = test.dir().join("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
    test.env(
        "NAME_MANAGER_DIR",
        &locked.join("state").display().to_string(),
    );
    let answer = test.start_with("a", start).tell("a", "acquire db");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
    let message = error(&answer, "io");
    assert!(message.contains("locked/state`"), "{message}");
    assert!(
        message.contains("set NAME_MANAGER_DIR to a directory that can be written"),
        "{message}"
    );
}

#[test]
fn a_state_directory_of_somebody_else_is_refused() {
    if !rustix::process::geteuid().is_root() {
        return skip::because("only root can be two users");
    }
    let mut test = PoolTest::new("db", 1);
    test.hold("a").release("a");
    let Some(start) = other_user::powerless(test.dir()) else {
        return skip::because("no setpriv to become somebody else");
    };
    // Whether its files can be read or not.
    for (actor, mode) in [("b", 0o700), ("c", 0o777)] {
        fs::set_permissions(test.state_dir(), fs::Permissions::from_mode(mode)).unwrap();
        test.start_with(actor, start.clone());
        let message = error(&test.tell(actor, "acquire db"), "config");
        assert!(message.contains("belongs to another user"), "{message}");
        assert!(message.contains("set NAME_MANAGER_DIR"), "{message}");
    }
}

/// A file system of its own, so small that it can be filled.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir(at).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=256k,mode=755", "tmpfs"])
            .arg(at);
        let mounted = mount.output().is_ok_and(|mounted| mounted.status.success());
        mounted.then(|| Self(at.to_owned()))
    }

    fn fill(&self) {
        let written = fs::write(self.0.join("filler"), vec![0; 1 << 20]);
        assert!(written.is_err(), "a small disk fills");
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }

    fn remount(&self, how: &str) {
        let mut mount = Command::new("mount");
        let options = format!("remount,{how}");
        let done = mount.args(["-o", &options]).arg(&self.0).status();
        assert!(done.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that still uses it is about to end.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

const NO_MOUNT: &str = "only root mounts a small file system";

#[test]
fn a_full_disk_is_refused_with_what_to_do_and_costs_no_lease() {
    let mut test = PoolTest::new("db", 2);
    let Some(disk) = SmallDisk::mount(&test.dir().join("disk")) else {
        return skip::because(NO_MOUNT);
    };
    test.env(
        "NAME_MANAGER_DIR",
        &disk.0.join("state").display().to_string(),
    );
    test.expect("a", "acquire db", "granted db-0:1").start("b");
    disk.fill();
    // A name never lent needs room for its record; one that is known does not.
    let message = error(&test.tell("b", "acquire db"), "io");
    assert!(message.contains("make room"), "{message}");
    test.expect("a", "release", "released");
    test.expect("b", "acquire db", "granted db-0:2")
        .expect("b", "release", "released");
    assert!(test.notices("b").matches("leases go on without it").count() <= 1);
    disk.make_room();
    test.expect("b", "acquire db", "granted db-0:3")
        .expect("a", "acquire db", "granted db-1:1");
}

#[test]
fn a_full_disk_at_the_very_beginning_is_refused() {
    let mut test = PoolTest::new("db", 1);
    let Some(disk) = SmallDisk::mount(&test.dir().join("disk")) else {
        return skip::because(NO_MOUNT);
    };
    test.env(
        "NAME_MANAGER_DIR",
        &disk.0.join("state").display().to_string(),
    );
    disk.fill();
    let message = error(&test.tell("a", "acquire db"), "io");
    assert!(message.contains("make room"), "{message}");
    disk.make_room();
    test.expect("a", "acquire db", "granted db-0:1");
}

#[test]
fn a_disk_that_becomes_read_only_is_refused() {
    let mut test = PoolTest::new("db", 1);
    let Some(disk) = SmallDisk::mount(&test.dir().join("disk")) else {
        return skip::because(NO_MOUNT);
    };
    test.env(
        "NAME_MANAGER_DIR",
        &disk.0.join("state").display().to_string(),
    );
    test.expect("a", "acquire db", "granted db-0:1").kill("a");
    disk.remount("ro");
    let message = error(&test.tell("b", "acquire db"), "io");
    assert!(
        message.contains("set NAME_MANAGER_DIR to a directory that can be written"),
        "{message}"
    );
    disk.remount("rw");
    test.expect("b", "acquire db", "granted db-0:2");
}

#[test]
fn at_rest_there_is_nothing_but_files_and_directories() {
    let mut test = PoolTest::new("db", 2);
    test.hold("a").hold("b").wait("c");
    test.kill("a").expect_granted("c");
    test.release("b").release("c");
    let mut left = vec![test.state_dir()];
    let mut seen = 0;
    while let Some(path) = left.pop() {
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        assert!(kind.is_file() || kind.is_dir(), "{}", path.display());
        seen += 1;
        if kind.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            left.extend(entries.map(|entry| entry.unwrap().path()));
        }
    }
    assert!(seen > 10, "{seen}");
}
