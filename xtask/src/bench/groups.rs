//! Tests under nextest and `cargo test`, with groups and without, against the
//! time that their names and slots need in any case.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::figures::{Figures, ratio};
use crate::result::Result;

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const ROUNDS: usize = 5;
const TEST: Duration = Duration::from_millis(50);

pub fn run() -> Result<()> {
    let bench = Bench::new()?;
    println!("groups: medians of {ROUNDS} runs at -j4, tests of 50 ms, times as the runner says");
    bench.compare("40 tests over 2 names", "limited", 40 * TEST / 2)?;
    bench.compare("20 over 2 names, 40 free", "mixed", 60 * TEST / 4)?;
    bench.timeouts()?;
    bench.listing()?;
    bench.cargo_test()
}

struct Bench {
    root: PathBuf,
    name_manager: PathBuf,
}

impl Bench {
    fn new() -> Result<Self> {
        let repository = Path::new(REPOSITORY);
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(target) => repository.join(target),
            None => repository.join("target"),
        };
        let root = target.join("bench-groups");
        for (path, text) in files() {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&root))?;
            if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                fs::write(path, text)?;
            }
        }
        let locked = Path::new(REPOSITORY).join("Cargo.lock");
        if locked.is_file() {
            fs::copy(locked, root.join("Cargo.lock"))?;
        }
        succeed(
            Command::new("cargo")
                .args(["build", "--quiet", "-p", "nm-cli"])
                .current_dir(REPOSITORY),
        )?;
        let bench = Self {
            root,
            name_manager: target.join("debug/name-manager"),
        };
        succeed(bench.command("cargo").args(["nextest", "run", "--no-run"]))?;
        Ok(bench)
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        // The tests' own builds do not disturb those of the repository.
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", self.root.join("target"))
            .env_remove("RUST_TEST_THREADS")
            .stdin(Stdio::null());
        command
    }

    fn nextest(&self) -> Command {
        let mut command = self.command("cargo");
        command.args(["nextest", "run"]);
        command
    }

    fn with_groups(&self) -> Command {
        let mut command = self.command(&self.name_manager);
        command.arg("nextest");
        command
    }

    /// In turn, so that the machine's mood is the same for all.
    fn compare(&self, what: &str, test: &str, ideal: Duration) -> Result<()> {
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            let mut by_hand = self.nextest();
            by_hand.args(["--config-file", "by-hand.toml"]);
            let commands = [self.with_groups(), by_hand, self.nextest()];
            for (mut command, times) in commands.into_iter().zip(&mut times) {
                command.args(["-j4", "--test", test]);
                times.push(summary(&succeed(&mut command)?)?);
            }
        }
        let [ours, by_hand, waiting] = times.map(|times| Figures::new(times).median());
        println!(
            "{what:26} ideal {:.3} s: with groups {:.3} s ({:.2} x), groups by hand {:.3} s ({:.2} x), waiting {:.3} s ({:.2} x)",
            ideal.as_secs_f64(),
            ours.as_secs_f64(),
            ratio(ours, ideal),
            by_hand.as_secs_f64(),
            ratio(by_hand, ideal),
            waiting.as_secs_f64(),
            ratio(waiting, ideal),
        );
        Ok(())
    }

    /// Six tests of half a second queue for one name; a test is killed after 1 s.
    fn timeouts(&self) -> Result<()> {
        let killed = |mut command: Command| -> Result<usize> {
            command.args([
                "--profile",
                "slow",
                "--no-fail-fast",
                "-j4",
                "--test",
                "slow",
            ]);
            let output = command.output()?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let is_killed = |line: &&str| line.trim_start().starts_with("TIMEOUT");
            let before_summary = said.split("Summary").next().unwrap_or_default();
            Ok(before_summary.lines().filter(is_killed).count())
        };
        println!(
            "{:26} killed of 18: with groups {}, waiting {}",
            "slow-timeout 1 s",
            killed(self.with_groups())?,
            killed(self.nextest())?
        );
        Ok(())
    }

    /// What asking a binary adds, beside what nextest does with each anyway.
    fn listing(&self) -> Result<()> {
        let deps = fs::read_dir(self.root.join("target/debug/deps"))?;
        let is_mixed = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("mixed-") && path.extension().is_none()
        };
        let binary = deps.flatten().map(|entry| entry.path()).find(is_mixed);
        let binary = binary.ok_or("no binary `mixed` was built")?;
        let time = |mode: Option<&str>| -> Result<Duration> {
            let mut times = Vec::new();
            for _ in 0..20 {
                let mut command = self.command(&binary);
                command.args(["--list", "--format", "terse"]);
                if let Some(mode) = mode {
                    command.env("NAME_MANAGER_MODE", mode);
                }
                let started = Instant::now();
                succeed(&mut command)?;
                times.push(started.elapsed());
            }
            Ok(Figures::new(times).median())
        };
        let (ours, theirs) = (time(Some("list"))?, time(None)?);
        println!(
            "{:26} {:.1} ms a binary, beside {:.1} ms of libtest's own",
            "listing",
            ours.as_secs_f64() * 1e3,
            theirs.as_secs_f64() * 1e3
        );
        Ok(())
    }

    fn cargo_test(&self) -> Result<()> {
        let mut times = [const { Vec::new() }; 2];
        for _ in 0..ROUNDS {
            let ours = self.command(&self.name_manager);
            let theirs = self.command("cargo");
            for (mut command, times) in [ours, theirs].into_iter().zip(&mut times) {
                command.args(["test", "--test", "mixed", "--", "--test-threads=4"]);
                times.push(finished_in(&succeed(&mut command)?)?);
            }
        }
        let [ours, theirs] = times.map(|times| Figures::new(times).median());
        let ideal = 60 * TEST / 4;
        println!(
            "{:26} ideal {:.3} s: name-manager test {:.3} s ({:.2} x), cargo test {:.3} s ({:.2} x)",
            "20 over 2 names, 40 free",
            ideal.as_secs_f64(),
            ours.as_secs_f64(),
            ratio(ours, ideal),
            theirs.as_secs_f64(),
            ratio(theirs, ideal)
        );
        Ok(())
    }
}

/// All that a command printed.
fn succeed(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    match output.status.success() {
        true => Ok(said),
        false => Err(format!("{command:?} failed: {said}").into()),
    }
}

/// `Summary [   1.109s] 60 tests run`
fn summary(said: &str) -> Result<Duration> {
    seconds(said, "Summary [").ok_or_else(|| format!("no summary in {said}").into())
}

/// `finished in 1.02s`
fn finished_in(said: &str) -> Result<Duration> {
    seconds(said, "finished in ").ok_or_else(|| format!("no result in {said}").into())
}

fn seconds(said: &str, after: &str) -> Option<Duration> {
    let (_, rest) = said.split_once(after)?;
    let (number, _) = rest.split_once('s')?;
    Some(Duration::from_secs_f64(number.trim().parse().ok()?))
}

fn files() -> [(&'static str, String); 7] {
    let manifest = format!(
        "[package]\nname = \"groups\"\nedition = \"2024\"\npublish = false\n\n[dependencies]\nname-manager = {{ path = {REPOSITORY:?} }}\n\n[workspace]\n"
    );
    let by_hand = "[test-groups]\nhand = { max-threads = 2 }\n\n[[profile.default.overrides]]\nfilter = 'test(/^limited_/)'\ntest-group = 'hand'\npriority = 100\n";
    let slow = "[profile.slow]\nslow-timeout = { period = \"1s\", terminate-after = 1, grace-period = \"0s\" }\n";
    [
        ("Cargo.toml", manifest),
        ("src/lib.rs", String::new()),
        ("by-hand.toml", by_hand.to_owned()),
        (".config/nextest.toml", slow.to_owned()),
        ("tests/limited.rs", tests(40, 2, 0, 50)),
        ("tests/mixed.rs", tests(20, 2, 40, 50)),
        ("tests/slow.rs", tests(6, 1, 12, 500)),
    ]
}

fn tests(limited: usize, names: usize, free: usize, millis: u64) -> String {
    let mut text = String::new();
    let sleep = format!("std::thread::sleep(std::time::Duration::from_millis({millis}))");
    let pool = format!("#[name_manager::shared_resource(pool = \"db-{names}\", max = {names})]");
    for index in 0..limited {
        let _ = writeln!(
            text,
            "{pool}\n#[test]\nfn limited_{index:02}() {{ {sleep} }}"
        );
    }
    for index in 0..free {
        let _ = writeln!(text, "#[test]\nfn unlimited_{index:02}() {{ {sleep} }}");
    }
    text
}
