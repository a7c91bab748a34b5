//! What an acquire and its release cost, counted rather than timed, so that CI can
//! hold it to bounds.

use std::env;
use std::fs;
use std::process::Command;

use name_manager::{Access, Pool};

use crate::bench::counter::{AGAIN, Counts, FIRST};
use crate::bench::package::Package;
use crate::bench::peer;
use crate::bench::rounds::Bench;
use crate::bench::spread::figure;
use crate::bench::table::Table;
use crate::bench::worker::{Worker, say, with_state};
use crate::result::Result;

/// What is done again and again, and what one time may cost at most: about 5 %
/// over what it cost when the bound was set. A change that makes it cheaper lowers it.
struct Work {
    name: &'static str,
    title: &'static str,
    names: usize,
    /// By another process.
    held: usize,
    times: [usize; 2],
    calls: f64,
    instructions: f64,
    allocations: f64,
}

const WORKS: [Work; 5] = [
    Work {
        name: "exclusive",
        title: "the first of a process",
        names: 2,
        held: 0,
        times: FIRST,
        calls: 69.0,
        instructions: 124_800.0,
        allocations: 204.0,
    },
    Work {
        name: "exclusive",
        title: "acquire and release",
        names: 2,
        held: 0,
        times: AGAIN,
        calls: 20.0,
        instructions: 35_100.0,
        allocations: 41.0,
    },
    Work {
        name: "shared",
        title: "the same, shared",
        names: 2,
        held: 0,
        times: AGAIN,
        calls: 44.0,
        instructions: 78_600.0,
        allocations: 66.0,
    },
    Work {
        name: "exclusive",
        title: "the last free name of 8",
        names: 8,
        held: 7,
        times: AGAIN,
        calls: 34.5,
        instructions: 55_000.0,
        allocations: 70.5,
    },
    Work {
        name: "try",
        title: "try_acquire of a held name",
        names: 1,
        held: 1,
        times: AGAIN,
        calls: 8.0,
        instructions: 7_850.0,
        allocations: 13.7,
    },
];

/// Of the package that asks.
const MANIFEST: &str = "[package]
name = \"counts\"

[workspace.metadata.name-manager.pools.bench]
wait_timeout = \"1m\"
";

/// What a user's dev-dependency brings along, on this system and in all.
const CRATES: f64 = 20.0;
const LOCK_LINES: f64 = 228.0;

/// With `--check`, fails where a bound is exceeded.
pub fn run(args: &[&str]) -> Result<()> {
    let check = match args {
        [] => false,
        ["--check"] => true,
        _ => return Err("expected nothing or `--check`".into()),
    };
    let mut excesses = Vec::new();
    let mut hold_to = |what: &str, found: f64, bound: f64| {
        if found > bound {
            let (found, bound) = (figure(found), figure(bound));
            excesses.push(format!("{what}: found {found}, expected at most {bound}"));
        }
    };
    let mut table = Table::of_counts();
    for work in &WORKS {
        let found = work.count()?;
        table.counts(work.title, &found);
        for (what, found, bound) in [
            ("system calls", found.calls(), work.calls),
            ("instructions", found.instructions, work.instructions),
            ("allocations", found.allocations, work.allocations),
        ] {
            hold_to(&format!("{}: {what}", work.title), found, bound);
        }
    }
    println!("{table}");
    let package = Package::of_users("counts", &[peer::OURS])?;
    let (crates, lines) = (package.crates()? as f64, package.lock_lines()? as f64);
    println!("as a dev-dependency: {crates} crates on this system, Cargo.lock of {lines} lines");
    hold_to("as a dev-dependency: crates", crates, CRATES);
    hold_to(
        "as a dev-dependency: lines of Cargo.lock",
        lines,
        LOCK_LINES,
    );
    match check && !excesses.is_empty() {
        false => Ok(()),
        true => Err(format!(
            "{}\n`cargo xtask bench counts` shows all counts; if the change is worth its cost, raise the bound in xtask/src/bench/counts.rs",
            excesses.join("\n")
        )
        .into()),
    }
}

/// The peers too.
pub fn compare(bench: &Bench) -> Result<Vec<Table>> {
    let mut table = Table::of_counts();
    let state = tempfile::tempdir()?;
    for peer in peer::ALL.into_iter().chain([peer::CALLS]) {
        for (access, title) in [("exclusive", peer.title), ("shared", "the same, to read")] {
            if access == "shared" && !peer.has_readers {
                continue;
            }
            let found = Counts::of(AGAIN, |times| {
                let mut command = Command::new(&bench.peers);
                command.args([peer.name, "counted", access, &times.to_string()]);
                with_state(&mut command, state.path(), 1);
                Ok(command)
            })?;
            table.counts(title, &found);
        }
    }
    let more = |work: &&Work| work.held > 0 || work.times == FIRST;
    for work in WORKS.iter().filter(more) {
        table.counts(&format!("**name-manager**, {}", work.title), &work.count()?);
    }
    Ok(vec![table])
}

impl Table {
    fn of_counts() -> Self {
        Self::new(
            "Counts of an acquire and its release",
            "By `strace` and `valgrind`, without contention: not timed, so the same under any load.",
            &[
                "",
                "instructions",
                "allocations",
                "bytes",
                "system calls",
                "which",
            ],
        )
    }

    fn counts(&mut self, title: &str, found: &Counts) {
        self.row(vec![
            title.to_owned(),
            figure(found.instructions),
            figure(found.allocations),
            figure(found.bytes),
            figure(found.calls()),
            found.calls_by_name(),
        ]);
    }
}

impl Work {
    fn count(&self) -> Result<Counts> {
        let state = tempfile::tempdir()?;
        // Wherever this repository lies, and whatever its own manifest says.
        fs::write(state.path().join("Cargo.toml"), MANIFEST)?;
        // Projects are looked for as far up as the repository.
        fs::create_dir(state.path().join(".git"))?;
        let held = self.held.to_string();
        let mut holder = Worker::start(state.path(), self.names, &["hold", &held])?;
        holder.hear()?;
        Counts::of(self.times, |times| {
            let mut command = Command::new(env::current_exe()?);
            command.args(["worker", "counted", self.name, &times.to_string()]);
            with_state(&mut command, state.path(), self.names);
            command.env("CARGO_MANIFEST_DIR", state.path());
            Ok(command)
        })
    }
}

/// In a worker: the work, `times` times.
pub fn work(name: &str, times: usize) -> Result<()> {
    if times == 0 {
        return Ok(());
    }
    let pool = Pool::open("bench")?;
    for _ in 0..times {
        match name {
            "exclusive" => pool.acquire()?.release()?,
            "shared" => drop(pool.request().access(Access::Shared).acquire()?),
            _ => drop(pool.try_acquire()?),
        }
    }
    Ok(())
}

/// In a worker: holds the first names until its input ends.
pub fn hold(count: u32) -> Result<()> {
    let pool = Pool::open("bench")?;
    let _leases = match count {
        0 => Vec::new(),
        _ => pool.request().count(count).acquire()?,
    };
    say(&[])?;
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
