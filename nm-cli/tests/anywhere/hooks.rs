//! Hooks that are commands, and what becomes of them.

use std::fs;
use std::process::Command;

use crate::beacon::{self, Beacon, Live};
use crate::lab::{Lab, Running, Said, kill};

/// A pool of one name, with these hooks, each of which shows that it lives.
struct Hooked {
    lab: Lab,
    beacon: Beacon,
}

impl Hooked {
    fn new(hooks: &[&str], more: &str) -> Self {
        let lab = Lab::new();
        let words: Vec<_> = beacon::words()
            .iter()
            .map(|word| format!("'{word}'"))
            .collect();
        let mut text = "[pools.db]\nmax = 1\n[pools.db.hooks]\n".to_owned();
        for hook in hooks {
            text += &format!("{hook} = [{}]\n", words.join(", "));
        }
        fs::write(lab.path().join("name-manager.toml"), text + more).unwrap();
        Self {
            lab,
            beacon: Beacon::new(),
        }
    }

    /// A run of a command that does nothing.
    fn run(&self) -> Command {
        let mut run = self.lab.apart(&["run", "db", "--"]);
        run.arg(crate::lab::NAME_MANAGER).arg("--version");
        run.envs([self.beacon.env()]);
        run
    }

    /// The hook `init` and its child.
    fn init(&self) -> [Live; 2] {
        let (one, other) = (self.beacon.next(), self.beacon.next());
        match one.role == "init" {
            true => [one, other],
            false => [other, one],
        }
    }

    fn hook(&self, hook: &str) -> Live {
        let came = self.beacon.next();
        assert_eq!(came.role, hook);
        came
    }
}

#[test]
fn each_is_called_once_and_all_is_cleaned_up() {
    let hooked = Hooked::new(&["setup", "init", "cleanup", "teardown"], "");
    let mut run = Running::new(&mut hooked.run());
    hooked.hook("setup").tell();
    let [mut init, mut child] = hooked.init();
    init.tell();
    hooked.hook("cleanup").tell();
    hooked.hook("teardown").tell();
    assert_eq!(run.code(), 0);
    // What a hook has started in the background goes on, and holds up no other.
    child.tell();
    child.ends();
}

#[test]
fn one_that_fails_is_told_of() {
    let hooked = Hooked::new(&["init"], "");
    let mut run = hooked.run();
    run.env("BEACON_FAILS", "1");
    let run = std::thread::spawn(move || Said::of(run.output().unwrap()));
    let [mut init, mut child] = hooked.init();
    init.tell();
    child.tell();
    let said = run.join().unwrap();
    said.fails(1, "failed to init `db-0`");
    assert!(said.err.contains("exited with 101"), "{said:?}");
    assert!(said.err.contains("as the test wants"), "{said:?}");
}

#[test]
fn one_whose_time_is_over_ends_with_all_that_it_has_started() {
    // Some time is too short for it to begin, on a busy machine.
    for seconds in [1, 4, 16, 64] {
        let hooked = Hooked::new(&["init"], &format!("timeout = \"{seconds}s\"\n"));
        let said = Said::of(hooked.run().output().unwrap());
        said.fails(1, &format!("was ended after its timeout of {seconds}s"));
        let mut begun = 0;
        while let Some(mut live) = hooked.beacon.by_now() {
            live.ends();
            begun += 1;
        }
        if begun == 2 {
            return;
        }
    }
    panic!("it never began in time");
}

#[test]
fn one_whose_caller_is_killed_is_over_before_the_next_begins() {
    let hooked = Hooked::new(&["init"], "");
    let mut run = Running::new(&mut hooked.run());
    let [mut init, mut child] = hooked.init();
    kill(hooked.lab.holder("db"));
    run.code();
    let mut next = Running::new(&mut hooked.run());
    let [mut again, mut its_child] = hooked.init();
    for ended in [&init, &child] {
        assert!(has_ended(ended.pid), "{} goes on", ended.role);
    }
    init.ends();
    child.ends();
    again.tell();
    its_child.tell();
    assert_eq!(next.code(), 0);
}

#[cfg(windows)]
fn has_ended(pid: u32) -> bool {
    use nm_runtime::windows::OpenProcess;

    OpenProcess::open(pid).map_or(true, |process| process.status().is_some())
}

#[cfg(unix)]
fn has_ended(pid: u32) -> bool {
    use rustix::process::{Pid, test_kill_process};

    let pid = Pid::from_raw(pid as i32).unwrap();
    test_kill_process(pid).is_err() || is_zombie(pid.as_raw_nonzero().get())
}

#[cfg(unix)]
fn is_zombie(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().unwrap().starts_with(['Z', 'X'])
}

#[test]
fn what_a_killed_run_leaves_is_cleaned_up() {
    let hooked = Hooked::new(&["cleanup", "teardown"], "");
    let words = beacon::words();
    let mut run = hooked.lab.apart(&["run", "db", "--"]);
    run.args(&words);
    run.envs([hooked.beacon.env(), beacon::role("inside")]);
    let mut run = Running::new(&mut run);
    hooked.hook("inside");
    kill(hooked.lab.holder("db"));
    run.code();
    hooked.hook("cleanup").tell();
    hooked.hook("teardown").tell();
}

#[test]
fn a_line_is_run_by_the_shell_of_the_system() {
    let line = match cfg!(windows) {
        true => r#"init = 'echo "of {name}" %NAME_MANAGER_POOL%>told && echo more>>told'"#,
        false => r#"init = 'echo "of {name}" $NAME_MANAGER_POOL>told && echo more>>told'"#,
    };
    let hooked = Hooked::new(&[], line);
    Said::of(hooked.run().output().unwrap()).succeeds();
    let told = fs::read_to_string(hooked.lab.path().join("told")).unwrap();
    let expected = match cfg!(windows) {
        true => ["\"of db-0\" db", "more"],
        false => ["of db-0 db", "more"],
    };
    let told: Vec<_> = told.lines().map(str::trim_end).collect();
    assert_eq!(told, expected);
}
