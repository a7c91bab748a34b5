//! Hooks that are commands, by the real binary in real shells: once, in order, by one, and
//! cleaned up, whatever is killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::lab::{Lab, Running, Said, kill};

/// A workspace with a pool `db` of one name, its hooks, and what they have written.
struct Hooked {
    lab: Lab,
}

/// Each hook says that it was called, for whom, and why.
const TOLD: &str = r#"
setup = "echo setup >>told"
init = "echo init {name} >>told"
reset = 'echo "reset {name} $NAME_MANAGER_RESET $NAME_MANAGER_LAST_HOW" >>told'
cleanup = ["sh", "-c", "echo cleanup $1 >>told", "sh", "{name}"]
teardown = "echo teardown >>told"
"#;

impl Hooked {
    fn new(hooks: &str) -> Self {
        Self::with("", hooks)
    }

    fn with(pool: &str, hooks: &str) -> Self {
        let lab = Lab::new();
        let header = "[workspace.metadata.name-manager.pools.db";
        let manifest = format!("[workspace]\n{header}]\nmax = 1\n{pool}\n{header}.hooks]\n{hooks}");
        fs::write(lab.path().join("Cargo.toml"), manifest).unwrap();
        Self { lab }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.lab.path().join(file)
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_default()
    }

    /// A script so far below `cargo`, which has started this test, that no run is its.
    fn command(&self, script: &str) -> Command {
        self.below(5, script)
    }

    /// A script below so many shells.
    fn below(&self, shells: usize, script: &str) -> Command {
        let mut command = self.lab.program("sh");
        // Something is left to do, so that no shell replaces itself.
        let apart = r#""$@"; exit $?"#;
        command.args(["-c", apart, "sh"]);
        for _ in 1..shells {
            command.args(["sh", "-c", apart, "sh"]);
        }
        command.args(["dash", "-c", script]);
        command
    }

    fn script(&self, script: &str) -> Said {
        Said::of(self.command(script).output().unwrap())
    }

    fn start(&self, script: &str) -> Running {
        Running::new(&mut self.command(script))
    }

    /// Waits until everything is cleaned up.
    fn wait(&self) -> Said {
        self.lab.run(&["wait"])
    }

    /// The process that a hook has written down.
    fn pid(&self, file: &str) -> u32 {
        wait_until(file, || self.read(file).ends_with('\n'));
        self.read(file).trim().parse().unwrap()
    }
}

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let bound = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < bound, "never: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Whether a process has ended, or is a zombie that nobody waits for.
fn has_ended(pid: u32) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    stat.map_or(true, |stat| {
        stat.rsplit(") ").next().unwrap().starts_with(['Z', 'X'])
    })
}

#[test]
fn a_run_calls_each_hook_once_in_order_and_waits_until_all_is_cleaned_up() {
    let hooked = Hooked::new(TOLD);
    let said = hooked.script(
        r#"name-manager run -- sh -c '
            name-manager run db -- sh -c "echo a >>told"
            name-manager run db -- sh -c "echo b >>told; exit 3"
            name-manager run db --stays-clean -- sh -c "echo c >>told; exit 3"
            name-manager run db -- sh -c "echo d >>told"
        '"#,
    );
    assert_eq!(said.answer(), "");
    assert_eq!(
        hooked.read("told"),
        "setup\ninit db-0\na\nreset db-0 clean \nb\nreset db-0 dirty its command exited with 3\nc\nreset db-0 clean \nd\ncleanup db-0\nteardown\n"
    );
}

#[test]
fn a_run_of_its_own_is_cleaned_up_when_it_returns() {
    let hooked = Hooked::new(TOLD);
    let said = hooked.script("name-manager run db -- sh -c 'exit 4'");
    assert_eq!((said.code, said.err.as_str()), (4, ""));
    let told = "setup\ninit db-0\ncleanup db-0\nteardown\n";
    assert_eq!(hooked.read("told"), told);
    // The next is another run.
    assert_eq!(hooked.script("name-manager run db -- true").answer(), "");
    assert_eq!(hooked.read("told"), told.repeat(2));
}

#[test]
fn a_run_whose_hook_fails_cleans_up_all_the_same() {
    let init = r#"init = "echo init {name} >>told; exit 1""#;
    let hooked = Hooked::new(&TOLD.replace(r#"init = "echo init {name} >>told""#, init));
    let said = hooked.script("name-manager run db -- echo never");
    assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
    let told = "setup\ninit db-0\ncleanup db-0\nteardown\n";
    assert_eq!(hooked.read("told"), told);
}

#[test]
fn what_a_script_acquires_and_holds_is_one_run_that_ends_with_it() {
    let hooked = Hooked::new(TOLD);
    let said = hooked.script(
        r#"
        db=$(name-manager acquire db) && echo a >>told && name-manager release --dirty db "$db"
        echo | name-manager hold db && echo b >>told
        { echo so; echo dirty; } | name-manager hold db && echo c >>told
        db=$(name-manager acquire db) && echo d >>told
    "#,
    );
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert_eq!(hooked.wait().code, 0);
    assert_eq!(
        hooked.read("told"),
        "setup\ninit db-0\na\nreset db-0 dirty released as dirty\nb\nreset db-0 clean \nc\nreset db-0 dirty released as dirty\nd\ncleanup db-0\nteardown\n"
    );
}

#[test]
fn a_hook_has_no_terminal_no_input_and_no_descriptor_of_ours() {
    let hooked = Hooked::new(
        r#"
init = "cat; ls -l /proc/self/fd >fds; cut -d' ' -f5-6 /proc/self/stat >ids; echo $$ >>ids; (: </dev/tty) 2>/dev/null || echo no terminal >>ids"
"#,
    );
    assert_eq!(hooked.script("name-manager run db -- true").answer(), "");
    let fds = hooked.read("fds");
    let fds: Vec<_> = fds
        .lines()
        .filter_map(|line| line.split_once(" -> "))
        .collect();
    let targets: Vec<_> = fds.iter().map(|(_, target)| *target).collect();
    let log = hooked.lab.state().join("pools/db/hooks/db-0.log");
    let fds_file = hooked.path("fds").canonicalize().unwrap();
    assert_eq!(targets[0], "/dev/null");
    assert_eq!(targets[1], fds_file.to_str().unwrap());
    assert_eq!(targets[2], log.canonicalize().unwrap().to_str().unwrap());
    // The fourth is that of the directory which `ls` reads.
    assert_eq!(targets.len(), 4, "{fds:?}");
    let ids = hooked.read("ids");
    let ids: Vec<_> = ids.split_whitespace().collect();
    assert_eq!(ids[0], ids[1], "its session is its group");
    assert_eq!(ids[2], ids[0], "which it leads");
    assert_eq!(ids[3..], ["no", "terminal"]);
}

#[test]
fn what_a_hook_leaves_in_the_background_holds_nothing() {
    let hooked = Hooked::new(
        r#"
init = "sleep 1000 & echo $! >daemon"
cleanup = "kill $(cat daemon)"
"#,
    );
    let mut running = hooked.start("name-manager run db -- sh -c 'echo in; read line'");
    assert_eq!(running.line(), "in");
    let daemon = hooked.pid("daemon");
    assert!(!has_ended(daemon));
    running.end_input();
    running.code();
    wait_until("the daemon is ended by cleanup", || has_ended(daemon));
}

#[test]
fn values_reach_a_hook_as_they_are() {
    let value = r#"it's "x" $HOME `id` \ ü {name}"#;
    let hooked = Hooked::with(
        &format!("env = {{ VALUE = '''{value}''' }}"),
        r#"
setup = ["sh", "-c", "env >of-setup"]
init = "printf %s \"$VALUE\" >line; echo '{name} {index} {pool} ${HOME#*}' {name}>filled"
reset = ["sh", "-c", 'printf %s "$VALUE$1" >words', "sh", " it's {name} $HOME"]
"#,
    );
    let said = hooked.script(
        "name-manager run -- sh -c 'name-manager run db -- true; name-manager run db -- true'",
    );
    assert_eq!(said.answer(), "");
    let value = value.replace("{name}", "db-0");
    assert_eq!(hooked.read("line"), value);
    assert_eq!(hooked.read("filled"), "db-0 0 db ${HOME#*} db-0\n");
    assert_eq!(hooked.read("words"), value + " it's db-0 $HOME");
    assert!(
        !hooked.read("of-setup").contains("VALUE"),
        "it is about a name"
    );
}

#[test]
fn a_hook_that_fails_says_how_and_where_its_output_is() {
    let hooked =
        Hooked::new(r#"init = "seq 1 200000; echo cannot connect >&2; echo try again; exit 3""#);
    let said = hooked.script(
        "name-manager run -- sh -c 'for n in 1 2 3 4; do name-manager run db -- true; done'",
    );
    let log = hooked.lab.state().join("pools/db/hooks/db-0.log");
    let lines: Vec<_> = said.err.lines().collect();
    let shown = log.display();
    assert_eq!(lines.len(), 4, "{said:?}");
    assert!(
        lines[0].starts_with("name-manager: failed to init `db-0`: `seq 1 200000; echo cannot"),
        "{said:?}"
    );
    assert!(
        lines[0].contains("exited with 3; its last output: "),
        "{said:?}"
    );
    assert!(
        lines[0].ends_with(&format!(
            "| 200000 | cannot connect | try again (all of it in `{shown}`)"
        )),
        "{said:?}"
    );
    assert!(lines[3].contains("failed 3 times in this run"), "{said:?}");
    assert!(said.err.len() < 10_000, "{said:?}");
    let all = fs::read_to_string(&log).unwrap();
    assert!(
        all.contains("\n1\n2\n3\n"),
        "the output of a failed hook is all there"
    );
}

#[test]
fn a_hook_may_close_its_output() {
    let hooked = Hooked::new(r#"init = "exec >&- 2>&- <&-; test -e Cargo.toml""#);
    assert_eq!(hooked.script("name-manager run db -- true").answer(), "");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let hooked = Hooked::new(r#"init = ["no-such-program", "x"]"#);
    let said = hooked.script("name-manager run db -- true");
    assert_eq!(said.code, 1);
    assert!(
        said.err
            .contains("`no-such-program x` could not be started: No such file"),
        "{said:?}"
    );
}

#[test]
fn a_hook_that_hangs_is_ended_with_its_group() {
    let hooked = Hooked::new(
        r#"
init = "sleep 1000 & echo $! >child; echo still at it; trap '' TERM; sleep 1000 & wait; wait"
timeout = "300ms"
"#,
    );
    let said = hooked.script("name-manager run db -- true");
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("was ended after its timeout of 300ms, with its process group; its last output: still at it"), "{said:?}");
    assert!(has_ended(hooked.pid("child")));
}

#[test]
fn a_hook_that_asks_for_its_own_pool_is_refused_at_once() {
    let ways = [
        "name-manager run db -- true",
        "name-manager run --name db-0 db -- true",
        "name-manager acquire --until-release db",
        "sh -c '(name-manager hold db; exit 3)'",
    ];
    for (hook, what) in [("init", "init of db-0"), ("setup", "setup of pool db")] {
        for way in ways {
            // Without the refusal, this is what ends it.
            let hooked = Hooked::new(&format!("timeout = \"10s\"\n{hook} = \"{way}\""));
            let said = hooked.script("name-manager run db -- echo never");
            let place = hooked.path("Cargo.toml:5:43").display().to_string();
            let expected = format!(
                "name-manager: pool `db` is asked for within its own hook, {what} ({place}), and would wait for that to end; do without it there: NAME_MANAGER_NAME is the name that the hook is about, and anything else can be a pool of its own"
            );
            assert!(said.err.contains(&expected), "{way}: {said:?}");
            assert!(!said.out.contains("never"), "{way}: {said:?}");
        }
    }
}

#[test]
fn hooks_of_two_pools_that_ask_for_each_other_are_refused_at_once() {
    let hooked = Hooked::new("");
    let pool = |pool, other| {
        format!(
            "[pools.{pool}]\nmax = 1\n[pools.{pool}.hooks]\ntimeout = \"10s\"\ninit = \"name-manager run {other} -- true\"\n"
        )
    };
    hooked.write(
        "name-manager.toml",
        &(pool("db", "mail") + &pool("mail", "db")),
    );
    fs::remove_file(hooked.path("Cargo.toml")).unwrap();
    let said = hooked.script("name-manager run db -- echo never");
    let place = |at| format!("{}:{at}", hooked.path("name-manager.toml").display());
    let expected = format!(
        "name-manager: pool `db` is asked for within its own hook, init of db-0 ({}), by way of init of mail-0 ({}), and would wait for that to end; let the hooks of one of these pools do without the other",
        place("3:11"),
        place("8:13")
    );
    assert!(said.err.contains(&expected), "{said:?}");
    assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
}

#[test]
fn what_cleans_up_is_not_within_the_hook_that_had_it_started() {
    let hooked = Hooked::new("");
    let text = r#"
[pools.db.hooks]
init = "test -e made || name-manager run mail -- touch made"
[pools.mail.hooks]
cleanup = "name-manager run db -- touch cleaned"
"#;
    hooked.write("name-manager.toml", text);
    fs::remove_file(hooked.path("Cargo.toml")).unwrap();
    // Of a run that has a name, the outermost runner is looked for further up.
    let run = hooked.below(20, "name-manager run db -- true").output();
    assert_eq!(Said::of(run.unwrap()).answer(), "");
    wait_until("cleaned up", || hooked.path("cleaned").exists());
}

#[test]
fn what_a_run_that_goes_on_has_made_is_not_forgotten_by_mistake() {
    let hooked = Hooked::new(TOLD);
    let said = hooked.script(
        "name-manager run -- sh -c 'name-manager run db -- true; name-manager reset db; echo $?'",
    );
    assert_eq!(said.out, "75\n", "{said:?}");
    assert!(said.err.contains("hooks have made db-0"), "{said:?}");
    assert!(hooked.read("told").ends_with("cleanup db-0\nteardown\n"));
}

#[test]
fn what_a_command_line_has_started_may_end_by_itself_too() {
    let hooked = Hooked::new("init = \"sh ./slow && true\"\ntimeout = \"300ms\"");
    hooked.write(
        "slow",
        "trap 'sleep 0.2; echo tidied >tidied; exit 1' TERM; echo begun >begun; sleep 1000 & wait",
    );
    let said = hooked.script("name-manager run db -- true");
    assert!(said.err.contains("was ended after its timeout"), "{said:?}");
    assert_eq!(hooked.read("tidied"), "tidied\n", "{said:?}");
}

#[test]
fn a_caller_that_ignores_the_ends_of_its_children_learns_how_a_hook_ended() {
    let hooked = Hooked::new(r#"init = "echo init >>told""#);
    let ignoring = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); \
                    os.execvp(sys.argv[1], sys.argv[1:])";
    let said = hooked.script(&format!(": | python3 -c '{ignoring}' name-manager hold db"));
    let told = hooked.read("told");
    assert_eq!((&*said.out, &*told), ("db-0\n", "init\n"), "{said:?}");
}

#[test]
fn a_cleanup_that_fails_is_the_end_of_a_run_that_went_well() {
    let hooked = Hooked::new(r#"cleanup = "echo no server >&2; test -e fine""#);
    let said = hooked.script("name-manager run db -- true");
    assert_eq!(said.code, 70, "{said:?}");
    assert!(
        said.err
            .contains("afterwards, db: cleanup of db-0 failed: `echo no server"),
        "{said:?}"
    );
    assert!(
        said.err
            .contains("exited with 1; its last output: no server"),
        "{said:?}"
    );
    // The command line can do it again: the hooks are in no other program.
    hooked.write("fine", "");
    let said = hooked.wait();
    assert_eq!(
        (said.code, said.out.as_str()),
        (0, "db: db-0 cleaned\n"),
        "{said:?}"
    );
}

/// A hook that says in a file of its name which process it is, and in `told` that it begins, or
/// that it does so beside the one before. It must be killed, until there is a file `quick`.
fn held_up(hook: &str) -> String {
    let beside = format!("test -e {hook} && kill -0 $(cat {hook}) && echo beside >>told");
    let begins = format!("echo begins >>told; echo $$ >{hook}");
    let goes_on = "test -e quick || { trap \"\" TERM; sleep 1000; }";
    format!("{hook} = '{beside}; {begins}; {goes_on}'\n")
}

const AFTER_ANOTHER: &str = "begins\nbegins\n";

/// Kills the run that calls the hook: the next call of it begins when that is over.
#[track_caller]
fn killed_in(hook: &str) {
    let hooked = Hooked::new(&held_up(hook));
    let begin = "name-manager run db -- true";
    let mut first = hooked.start(&format!("echo $$ >first; exec {begin}"));
    let group = hooked.pid(hook);
    hooked.write("quick", "");
    kill("KILL", hooked.pid("first"));
    first.code();
    assert_eq!(hooked.script(begin).code, 0);
    assert!(has_ended(group));
    assert_eq!(hooked.read("told"), AFTER_ANOTHER);
}

#[test]
fn an_init_whose_caller_is_killed_is_over_before_the_next_begins() {
    killed_in("init");
}

#[test]
fn a_setup_whose_caller_is_killed_is_over_before_the_next_begins() {
    killed_in("setup");
}

#[test]
fn a_reset_whose_caller_is_killed_is_over_before_the_next_begins() {
    let hooked = Hooked::new(&held_up("reset"));
    let mut outer = hooked.start(
        r#"name-manager run -- sh -c '
            name-manager run db -- true
            dash -c "echo \$\$ >first; exec name-manager run db -- true"
            name-manager run db -- true; echo $? >code
        '"#,
    );
    let group = hooked.pid("reset");
    hooked.write("quick", "");
    kill("KILL", hooked.pid("first"));
    outer.code();
    assert_eq!(hooked.read("code"), "0\n");
    assert!(has_ended(group));
    assert_eq!(hooked.read("told"), AFTER_ANOTHER);
}

#[test]
fn a_cleanup_whose_reaper_is_killed_is_over_before_it_is_done_again() {
    for hook in ["cleanup", "teardown"] {
        let hooked = Hooked::new(&held_up(hook));
        let mut run = hooked.start("name-manager run db -- true");
        let group = hooked.pid(hook);
        hooked.write("quick", "");
        // Its parent watches over it, and is a child of the reaper.
        kill("KILL", parent(parent(group)));
        assert_eq!(run.code(), 70);
        assert_eq!(hooked.wait().code, 0);
        assert!(has_ended(group));
        assert_eq!(hooked.read("told"), AFTER_ANOTHER);
    }
}

fn parent(pid: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after = stat.rsplit(") ").next().unwrap();
    after.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_hook_that_nobody_watches_over_any_more_is_killed_and_has_failed() {
    let hooked = Hooked::new(r#"init = "sleep 1000 & echo $! >child; echo $$ >hook; wait""#);
    let mut run = hooked.start("name-manager run db -- true 2>err");
    let (hook, child) = (hooked.pid("hook"), hooked.pid("child"));
    let watcher = parent(hook);
    // It has told its caller which group that is before it starts the threads that wait.
    let threads = || fs::read_dir(format!("/proc/{watcher}/task")).unwrap();
    wait_until("it watches", || threads().count() == 3);
    kill("KILL", watcher);
    assert_eq!(run.code(), 1);
    wait_until("the hook's processes end", || {
        has_ended(hook) && has_ended(child)
    });
    let err = hooked.read("err");
    assert!(err.contains("was not watched over to its end"), "{err}");
}

#[test]
fn a_run_that_is_killed_leaves_its_name_dirty_and_is_cleaned_up() {
    let hooked = Hooked::new(TOLD);
    let mut run =
        hooked.start("echo $$ >run; exec name-manager run db -- sh -c 'echo in; exec sleep 1000'");
    assert_eq!(run.line(), "in");
    kill("KILL", hooked.pid("run"));
    run.code();
    assert_eq!(hooked.wait().code, 0);
    let told = "setup\ninit db-0\ncleanup db-0\nteardown\n";
    assert_eq!(hooked.read("told"), told);
}

#[test]
fn a_hook_whose_directory_was_removed_runs_in_an_empty_one() {
    let away = tempfile::tempdir().unwrap();
    let told = away.path().join("told");
    let hooked = Hooked::new(&format!(
        "cleanup = 'echo {{name}} $(ls -A | wc -l) >{}'\n",
        told.display()
    ));
    let script = format!(
        "name-manager run db --dir {} -- rm -r {}",
        away.path().join("state").display(),
        hooked.lab.path().display()
    );
    hooked.script(&script);
    wait_until("the cleanup is done", || {
        fs::read_to_string(&told).is_ok_and(|told| told.ends_with('\n'))
    });
    assert_eq!(fs::read_to_string(&told).unwrap(), "db-0 0\n");
    fs::create_dir_all(hooked.lab.path()).unwrap();
}

#[test]
fn a_fingerprint_keeps_names_until_a_file_or_the_command_changes() {
    let hooks = format!("{TOLD}fingerprint = [\"schema\"]\n");
    let hooked = Hooked::new(&hooks);
    let told = |told: &str| {
        assert_eq!(hooked.script("name-manager run db -- true").answer(), "");
        let found: Vec<_> = hooked.read("told").lines().map(str::to_owned).collect();
        let found = found
            .iter()
            .filter(|line| !line.ends_with("up") && !line.ends_with("down"));
        assert_eq!(found.cloned().collect::<Vec<_>>().join(", "), told);
        fs::remove_file(hooked.path("told")).unwrap();
    };
    hooked.write("schema", "1");
    told("init db-0");
    told("reset db-0 clean ");
    hooked.write("schema", "2");
    told("cleanup db-0, init db-0");
    fs::remove_file(hooked.path("schema")).unwrap();
    let said = hooked.script("name-manager run db -- true");
    assert!(
        said.err
            .contains("failed to fingerprint pool `db`: failed to fingerprint `"),
        "{said:?}"
    );
}

#[test]
fn a_reset_cleans_up_what_a_fingerprint_keeps() {
    let cleanup = r#"cleanup = "test ! -e broken && echo cleanup {name} >>told""#;
    let hooks = TOLD.lines().map(|line| match line.starts_with("cleanup") {
        true => cleanup,
        false => line,
    });
    let hooks: Vec<_> = hooks.chain(["fingerprint = ['schema']"]).collect();
    let hooked = Hooked::new(&hooks.join("\n"));
    hooked.write("schema", "one");
    assert_eq!(hooked.script("name-manager run db -- true").answer(), "");
    let made = "setup\ninit db-0\nteardown\n";
    assert_eq!(hooked.read("told"), made);
    // What cannot be cleaned up is not forgotten.
    hooked.write("broken", "");
    let said = hooked.script("name-manager reset db");
    assert_eq!((said.code, said.out.as_str()), (70, ""), "{said:?}");
    let expected = "name-manager: db-0 of pool `db`, which a fingerprint keeps, could not be cleaned up, which would be forgotten; nothing was reset: `name-manager wait db` tries again, --force forgets it: ";
    assert!(said.err.contains(expected), "{said:?}");
    fs::remove_file(hooked.path("broken")).unwrap();
    assert_eq!(hooked.script("name-manager wait db").code, 0);
    assert!(hooked.read("told").contains("cleanup db-0\n"));
    // And where nothing is broken:
    fs::remove_file(hooked.path("told")).unwrap();
    assert_eq!(hooked.script("name-manager run db -- true").answer(), "");
    assert_eq!(hooked.read("told"), made);
    assert_eq!(hooked.script("name-manager reset db").answer(), "db-0\n");
    let all = made.to_owned() + "setup\ncleanup db-0\nteardown\n";
    assert_eq!(hooked.read("told"), all);
    // Nothing is left to do, and no hook is called.
    assert_eq!(hooked.script("name-manager reset db").answer(), "db-0\n");
    assert_eq!(hooked.read("told"), all);
}

#[test]
fn a_reset_leaves_what_a_fingerprint_keeps_to_a_run_that_uses_it() {
    let hooked = Hooked::new(&(TOLD.to_owned() + "fingerprint = ['schema']\n"));
    hooked.write("schema", "one");
    let mut running = hooked.start(
        "name-manager run -- sh -c 'name-manager run db -- true; echo between; read line; name-manager run db -- true'",
    );
    assert_eq!(running.line(), "between");
    let said = hooked.script("name-manager reset db");
    assert_eq!((said.code, said.out.as_str()), (75, ""), "{said:?}");
    assert!(
        said.err.contains("a run that goes on uses db-0"),
        "{said:?}"
    );
    running.end_input();
    assert_eq!(running.code(), 0);
    let told = hooked.read("told");
    assert!(told.contains("init db-0\nreset db-0 clean"), "{told}");
    assert!(!told.contains("cleanup"), "{told}");
}

#[test]
fn hooks_that_are_edited_while_a_run_goes_on_are_told_once_and_whose_run_it_is() {
    let hooked = Hooked::new(TOLD);
    let script = r#"
        name-manager acquire db >names
        sed 's/echo init/echo made/' Cargo.toml >edited && mv edited Cargo.toml
        (name-manager run -- sh -c 'name-manager run db --no-wait --timeout 1ms -- true'; :)
        (name-manager run -- sh -c 'name-manager run db --no-wait --timeout 1ms -- true'; :)
        echo $$"#;
    let said = hooked.script(script);
    let (pid, place) = (said.out.trim(), hooked.path("Cargo.toml:5:43"));
    let warnings = said.err.lines().filter(|line| line.contains("hooks"));
    let warnings: Vec<_> = warnings.collect();
    let run = warnings[0].split("run shell-").nth(1).unwrap();
    let run = run.split(' ').next().unwrap();
    let expected = format!(
        "name-manager: the hooks of pool `db` at {} have been edited since run shell-{run} began, which goes on and lasts until `dash` (pid {pid}) ends; what one makes ready, the other resets and cleans up: if that does not fit, end that run first",
        place.display()
    );
    assert_eq!(warnings, [expected], "{said:?}");
}

#[test]
fn what_is_never_given_back_is_dirty_unless_it_is_to_stay_clean() {
    let hooked = Hooked::new(TOLD);
    let script = |option: &str| {
        format!("dash -c \"db=\\$(name-manager acquire {option} db); echo had \\$db >>told\"")
    };
    let said = hooked.script(&format!(
        "name-manager run -- sh -c '{}\n{}\nname-manager run db -- true'",
        script("--stays-clean"),
        script("")
    ));
    assert_eq!(said.code, 0, "{said:?}");
    let told = hooked.read("told");
    let told: Vec<_> = told.lines().collect();
    assert_eq!(
        told[..4],
        ["setup", "init db-0", "had db-0", "reset db-0 clean "]
    );
    assert_eq!(told[4], "had db-0");
    assert!(
        told[5].starts_with("reset db-0 dirty ") && told[5].ends_with("ended without releasing it"),
        "{told:?}"
    );
}

#[test]
fn a_configuration_without_the_hooks_is_lent_nothing() {
    let hooked = Hooked::new(TOLD);
    let mut running = hooked.start("name-manager run db -- sh -c 'echo in; read line'");
    assert_eq!(running.line(), "in");
    hooked.write("Cargo.toml", "[workspace]\n");
    let said = hooked.lab.run(&["try-acquire", "db"]);
    let place = format!(
        "pool `db` has hooks, at {}/Cargo.toml:5:",
        hooked.lab.path().display()
    );
    said.fails(2, &place);
    let said = hooked.lab.run(&["try-acquire", "db"]);
    said.fails(2, "which are not configured here, so its names would be neither initialised nor reset; configure the same here, or give it a pool of its own; if the pool has no hooks any more, run `name-manager reset db`");
    running.end_input();
    running.code();
    // What the reaper knows, it knew from the start.
    assert!(hooked.read("told").ends_with("cleanup db-0\nteardown\n"));
}

#[test]
fn what_a_program_has_left_that_is_gone_is_cleaned_up_by_the_command_line() {
    let hooked = Hooked::new(&held_up("cleanup"));
    let mut run = hooked.start("cp $(command -v name-manager) copied; ./copied run db -- true");
    let group = hooked.pid("cleanup");
    hooked.write("quick", "");
    fs::remove_file(hooked.path("copied")).unwrap();
    kill("KILL", parent(parent(group)));
    assert_eq!(run.code(), 70);
    let said = hooked.wait();
    assert_eq!(
        (said.code, said.out.contains("db: db-0 cleaned\n")),
        (0, true),
        "{said:?}"
    );
    assert_eq!(hooked.read("told"), AFTER_ANOTHER);
}
