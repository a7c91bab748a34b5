//! Another user of the machine, who wants to read, take, block or mislead.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};

use crate::support::other_user::{self, ID};
use crate::support::pool_test::{PoolTest, error};
use crate::support::process::Start;
use crate::support::skip;

const NO_OTHER: &str = "only root can be two users";

/// What another user says to each of these lines, as a shell.
fn other(script: &str, args: &[&Path]) -> Option<String> {
    let mut shell = other_user::command("sh")?;
    let shell = shell.arg("-c").arg(script).arg("sh").args(args);
    let output = shell.current_dir("/").output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    Some(String::from_utf8_lossy(&said).into_owned())
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
}

fn give_away(path: &Path) {
    lchown(path, Some(ID), Some(ID)).unwrap();
}

/// Everything below a directory.
fn all_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(all_below(&entry.path()));
        }
        found.push(entry.path());
    }
    found
}

/// An actor that makes its files as open as it lets the system choose.
fn careless() -> Start {
    let shell = ["sh", "-c", "umask 0; exec \"$0\" \"$@\""];
    Start {
        through: shell.map(str::to_owned).to_vec(),
        ..Start::default()
    }
}

#[test]
fn nobody_else_reads_locks_lists_or_changes_anything() {
    let mut test = PoolTest::new("db", 2);
    for actor in ["holder", "head", "behind"] {
        test.start_with(actor, careless());
    }
    test.holds("holder", "db all");
    test.wait("head").wait("behind");
    fs::set_permissions(test.dir(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut all = all_below(&test.state_dir());
    assert!(all.len() > 12, "{all:?}");
    all.push(test.state_dir());
    let all: Vec<_> = all.iter().map(PathBuf::as_path).collect();
    let script = r#"for path; do
            cat "$path" </dev/null && echo "READ $path"
            ls "$path"/* && echo "LISTED $path"
            flock --nonblock "$path" true && echo "LOCKED $path"
            { true >>"$path"; } && echo "WRITTEN $path"
            touch "$path/new" && echo "MADE $path"
            rm -rf "$path" && echo "REMOVED $path"
            mv "$path" /tmp/ && echo "MOVED $path"
        done"#;
    let Some(said) = other(script, &all) else {
        return skip::because(NO_OTHER);
    };
    for done in [
        "READ ", "LISTED ", "LOCKED ", "WRITTEN ", "MADE ", "REMOVED ", "MOVED ",
    ] {
        let line = said.lines().find(|line| line.starts_with(done));
        assert_eq!(line, None);
    }
    assert!(
        said.matches("Permission denied").count() > all.len(),
        "{said}"
    );
    // And nobody was disturbed.
    test.expect_waiting("head").expect_waiting("behind");
    test.release("holder").expect_granted("head");
}

#[test]
fn a_state_directory_that_the_user_made_open_is_closed_where_it_matters() {
    let mut test = PoolTest::new("db", 1);
    fs::create_dir(test.state_dir()).unwrap();
    fs::set_permissions(test.state_dir(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(test.dir(), fs::Permissions::from_mode(0o755)).unwrap();
    test.start_with("a", careless()).hold("a");
    let pools = test.state_dir().join("pools");
    let Some(said) = other("ls \"$1\" && echo LISTED", &[&pools]) else {
        return skip::because(NO_OTHER);
    };
    assert!(!said.contains("LISTED"), "{said}");
}

#[test]
fn a_directory_of_somebody_else_is_refused_before_anything_is_written_in_it() {
    if other_user::command("true").is_none() {
        return skip::because(NO_OTHER);
    }
    for (at, link) in [
        ("", false),
        ("pools", false),
        ("pools/db", false),
        ("pools/db/names", false),
        ("", true),
        ("pools", true),
        ("pools/db", true),
        ("pools/db/names", true),
    ] {
        let mut test = PoolTest::new("db", 1);
        let planted = match at {
            "" => test.state_dir(),
            at => test.state_dir().join(at),
        };
        let own = test.dir().join("own");
        fs::create_dir_all(planted.parent().unwrap()).unwrap();
        fs::create_dir(&own).unwrap();
        if !at.is_empty() {
            fs::write(test.state_dir().join("format"), b"1\n").unwrap();
        }
        match link {
            // Through it, what is written would stand in a directory of ours.
            true => symlink(&own, &planted).unwrap(),
            false => {
                fs::create_dir(&planted).unwrap();
                open_to_all(&planted);
            }
        }
        give_away(&planted);
        let answer = test.tell("a", "acquire db");
        let message = error(&answer, "config");
        let path = format!("`{}`", planted.display());
        assert!(message.contains(&path), "{at} {link}: {message}");
        assert!(
            message.contains("belongs to another user"),
            "{at} {link}: {message}"
        );
        let written: Vec<_> = fs::read_dir(&own)
            .unwrap()
            .chain(fs::read_dir(&planted).unwrap())
            .collect();
        assert!(written.is_empty(), "{at} {link}: {written:?}");
    }
}

#[test]
fn a_link_of_ones_own_to_a_directory_of_ones_own_is_used() {
    let mut test = PoolTest::new("db", 1);
    let own = test.dir().join("own");
    fs::create_dir(&own).unwrap();
    symlink(&own, test.state_dir()).unwrap();
    test.hold("a").expect("b", "try db", "nothing").release("a");
    // Led elsewhere while the name is lent, which the holder is told.
    test.hold("a");
    fs::remove_file(test.state_dir()).unwrap();
    test.hold("b");
    error(&test.tell("a", "release"), "lost");
}

#[test]
fn files_planted_under_names_that_we_write_lead_nowhere() {
    let mut test = PoolTest::new("db", 1);
    let precious = test.dir().join("precious");
    fs::write(&precious, b"precious").unwrap();
    let (pid, state) = (test.pid("a"), test.state_dir());
    let pool = test.pool_dir();
    fs::create_dir_all(pool.join("names")).unwrap();
    for part in 0..8 {
        for file in [
            ".gitignore",
            "format",
            "pools/db/sizes",
            "pools/db/head",
            "pools/db/life",
        ] {
            let part = state.join(format!("{file}.{pid}-{part}.part"));
            symlink(&precious, part).unwrap();
        }
    }
    for file in [".gitignore", "pools/db/bell"] {
        symlink(&precious, state.join(file)).unwrap();
    }
    let _ = test.tell("a", "acquire db");
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
    // What is a name of ours alone is taken for a leftover of ours.
    assert_eq!(fs::read(state.join("format")).unwrap(), b"1\n");
    assert_eq!(fs::read(state.join(".gitignore")).unwrap(), b"*\n");
    fs::remove_file(pool.join("bell")).unwrap();
    test.hold("b");
}

#[test]
fn a_run_id_cannot_climb_out_of_the_directory() {
    for id in [
        "../../../climbed",
        "/tmp/climbed",
        "a/b",
        "",
        "..",
        "\u{1b}[2J",
        &"a".repeat(300),
    ] {
        for variable in ["NAME_MANAGER_RUN_ID", "NEXTEST_RUN_ID"] {
            let mut test = PoolTest::new("db", 1);
            test.forget("NAME_MANAGER_RUN_ID").env(variable, id);
            let message = error(&test.tell("a", "acquire db"), "config");
            assert!(message.contains(variable), "{id:?}: {message}");
            assert!(!message.contains('\u{1b}'), "{id:?}: {message}");
        }
    }
}

#[test]
fn files_that_belong_to_somebody_else_inside_hold_up_nobody_for_ever() {
    if other_user::command("true").is_none() {
        return skip::because(NO_OTHER);
    }
    // As `sudo` leaves them, the other way round: root may open them all.
    let mut test = PoolTest::new("db", 1);
    test.hold("before").release("before");
    for path in all_below(&test.pool_dir()) {
        if path.is_file() {
            chown(path, Some(ID), Some(ID)).unwrap();
        }
    }
    test.hold("a").wait("b").release("a");
    test.expect_granted("b");
}
