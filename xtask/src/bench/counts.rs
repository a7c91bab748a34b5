//! What an acquire and its release cost, counted rather than timed: the same on
//! every machine and under any load, so that CI can hold it to bounds.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use name_manager::{Access, Pool};

use crate::bench::Result;
use crate::bench::package::Package;
use crate::bench::peer;
use crate::bench::spread::figure;
use crate::bench::table::Table;
use crate::bench::worker::{Worker, say, with_state};

/// What is done again and again, and what one time may cost at most: about 5 %
/// over what it cost when the bound was set. Whoever makes it cheaper lowers it.
struct Work {
    name: &'static str,
    title: &'static str,
    names: usize,
    /// By another process.
    held: usize,
    calls: f64,
    instructions: f64,
    allocations: f64,
}

const WORKS: [Work; 4] = [
    Work {
        name: "exclusive",
        title: "acquire and release",
        names: 2,
        held: 0,
        calls: 25.0,
        instructions: 72_800.0,
        allocations: 100.0,
    },
    Work {
        name: "shared",
        title: "the same, shared",
        names: 2,
        held: 0,
        calls: 52.0,
        instructions: 105_700.0,
        allocations: 137.0,
    },
    Work {
        name: "exclusive",
        title: "the last free name of 8",
        names: 8,
        held: 7,
        calls: 47.0,
        instructions: 95_500.0,
        allocations: 137.0,
    },
    Work {
        name: "try",
        title: "try_acquire of a held name",
        names: 1,
        held: 1,
        calls: 11.5,
        instructions: 7_900.0,
        allocations: 14.7,
    },
];

/// What a user's dev-dependency brings along, on this system and in all.
const CRATES: f64 = 35.0;
const LOCK_LINES: f64 = 513.0;

/// So many times, twice: the difference is free of what happens once.
const TIMES: [usize; 2] = [20, 120];

pub fn run(args: &[&str]) -> Result<()> {
    let check = match args {
        [] => false,
        ["--check"] => true,
        _ => return Err("expected nothing or `--check`".into()),
    };
    let mut table = Table::new(
        "Counts",
        "Of one acquire and its release.",
        &["", "system calls", "instructions", "allocations", "bytes"],
    );
    let mut excesses = Vec::new();
    let mut made = Vec::new();
    for work in &WORKS {
        let found = work.count()?;
        let calls: f64 = found.calls.values().sum();
        table.row(vec![
            work.title.to_owned(),
            figure(calls),
            figure(found.instructions),
            figure(found.allocations),
            figure(found.bytes),
        ]);
        made.push(format!("{}: {}", work.title, found.in_words()));
        for (what, found, bound) in [
            ("system calls", calls, work.calls),
            ("instructions", found.instructions, work.instructions),
            ("allocations", found.allocations, work.allocations),
        ] {
            if found > bound {
                excesses.push(excess(&format!("{}: {what}", work.title), found, bound));
            }
        }
    }
    println!("{table}\n{}\n", made.join("\n"));
    let package = Package::of_users("counts", &[peer::OURS])?;
    let (crates, lines) = (package.crates()? as f64, package.lock_lines()? as f64);
    println!("as a dev-dependency: {crates} crates on this system, Cargo.lock of {lines} lines");
    for (what, found, bound) in [
        ("crates", crates, CRATES),
        ("lines of Cargo.lock", lines, LOCK_LINES),
    ] {
        if found > bound {
            excesses.push(excess(
                &format!("as a dev-dependency: {what}"),
                found,
                bound,
            ));
        }
    }
    match check && !excesses.is_empty() {
        false => Ok(()),
        true => Err(format!(
            "{}\n`cargo xtask bench counts` shows them all; if it is worth that, raise the bound in xtask/src/bench/counts.rs",
            excesses.join("\n")
        )
        .into()),
    }
}

fn excess(what: &str, found: f64, bound: f64) -> String {
    format!(
        "{what}: found {}, expected at most {}",
        figure(found),
        figure(bound)
    )
}

/// Of one time.
struct Counts {
    /// By name.
    calls: BTreeMap<String, f64>,
    instructions: f64,
    allocations: f64,
    bytes: f64,
}

impl Counts {
    /// `flock 6, fstat 2`
    fn in_words(&self) -> String {
        let mut calls: Vec<_> = self
            .calls
            .iter()
            .filter(|(_, count)| **count >= 0.05)
            .collect();
        calls.sort_by(|one, other| other.1.total_cmp(one.1));
        let words: Vec<_> = calls
            .iter()
            .map(|(name, count)| format!("{name} {}", (**count * 10.0).round() / 10.0))
            .collect();
        words.join(", ")
    }
}

impl Work {
    fn count(&self) -> Result<Counts> {
        let state = tempfile::tempdir()?;
        let mut holder =
            Worker::start(state.path(), self.names, &["hold", &self.held.to_string()])?;
        holder.hear()?;
        let [few, many] = TIMES.map(|times| self.count_times(state.path(), times));
        let (few, many) = (few?, many?);
        let times = (TIMES[1] - TIMES[0]) as f64;
        let per_time = |few: f64, many: f64| (many - few) / times;
        let calls = many.calls.iter().map(|(name, &many)| {
            let few = few.calls.get(name).copied().unwrap_or(0.0);
            (name.clone(), per_time(few, many))
        });
        Ok(Counts {
            calls: calls.collect(),
            instructions: per_time(few.instructions, many.instructions),
            allocations: per_time(few.allocations, many.allocations),
            bytes: per_time(few.bytes, many.bytes),
        })
    }

    /// Of a whole process.
    fn count_times(&self, state: &Path, times: usize) -> Result<Counts> {
        let told = tempfile::NamedTempFile::new()?;
        let out = told.path().display();
        let run = |tool: &[&str]| -> Result<String> {
            let mut command = Command::new(tool[0]);
            command.args(&tool[1..]).arg(env::current_exe()?);
            command.args(["worker", "counted", self.name, &times.to_string()]);
            with_state(&mut command, state, self.names);
            command.stdin(Stdio::null()).stdout(Stdio::null());
            let output = command
                .output()
                .map_err(|error| format!("{}: {error}", tool[0]))?;
            match output.status.success() {
                true => Ok(fs::read_to_string(told.path())?),
                false => {
                    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
                }
            }
        };
        let calls = run(&[
            "strace",
            "-f",
            "-c",
            "-U",
            "calls,name",
            "-o",
            &out.to_string(),
        ])?;
        let callgrind = format!("--callgrind-out-file={out}");
        let instructions = run(&["valgrind", "--tool=callgrind", &callgrind])?;
        let log = format!("--log-file={out}");
        let allocations = run(&["valgrind", "--tool=memcheck", "--leak-check=no", &log])?;
        let heap = after(&allocations, "total heap usage: ")?;
        Ok(Counts {
            calls: calls_by_name(&calls),
            instructions: number(after(&instructions, "summary: ")?)?,
            allocations: number(heap)?,
            bytes: number(after(heap, "frees, ")?)?,
        })
    }
}

/// Lines such as `  12 flock`.
fn calls_by_name(text: &str) -> BTreeMap<String, f64> {
    let calls = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let count = words.next()?.parse().ok()?;
        let name = words.next()?;
        (name != "total").then(|| (name.to_owned(), count))
    });
    calls.collect()
}

fn after<'a>(text: &'a str, what: &str) -> Result<&'a str> {
    let rest = text.split_once(what).map(|(_, rest)| rest);
    rest.ok_or_else(|| format!("no `{what}` in {text:?}").into())
}

/// Such as `1,234`, at the beginning of a text.
fn number(text: &str) -> Result<f64> {
    let end = text.find(|char: char| char != ',' && !char.is_ascii_digit());
    let digits = text[..end.unwrap_or(text.len())].replace(',', "");
    Ok(digits.parse()?)
}

/// In a worker: the work, so many times.
pub fn work(name: &str, times: usize) -> Result<()> {
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
