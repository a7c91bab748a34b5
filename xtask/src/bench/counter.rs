//! Counts of what a process does: the same on every machine and under any load.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::process::{Command, Stdio};

use crate::result::Result;

/// Of one piece of work.
pub struct Counts {
    /// By name.
    calls: BTreeMap<String, f64>,
    pub instructions: f64,
    pub allocations: f64,
    pub bytes: f64,
}

/// Fewer times and more: the difference is free of what happens once.
pub const AGAIN: [usize; 2] = [20, 120];
/// The difference is all that a process does for the first time.
pub const FIRST: [usize; 2] = [0, 1];

impl Counts {
    /// Of work that the command does as many times as it is told, once fewer and once more.
    pub fn of(times: [usize; 2], command: impl Fn(usize) -> Result<Command>) -> Result<Self> {
        // Nor is the first process like those that find what it made.
        let status = command(1)?.stdout(Stdio::null()).status()?;
        if !status.success() {
            return Err(format!("{:?} ended with {status}", command(1)?).into());
        }
        let [few, many] = times.map(|times| Self::of_process(&command(times)?));
        let (few, many) = (few?, many?);
        let times = (times[1] - times[0]) as f64;
        let per_time = |few: f64, many: f64| (many - few) / times;
        let calls = many.calls.iter().map(|(name, &many)| {
            let few = few.calls.get(name).copied().unwrap_or(0.0);
            (name.clone(), per_time(few, many))
        });
        Ok(Self {
            calls: calls.collect(),
            instructions: per_time(few.instructions, many.instructions),
            allocations: per_time(few.allocations, many.allocations),
            bytes: per_time(few.bytes, many.bytes),
        })
    }

    /// System calls.
    pub fn calls(&self) -> f64 {
        self.calls.values().sum()
    }

    /// `flock 6, fstat 2`
    pub fn calls_by_name(&self) -> String {
        let seldom = |count: f64| count < 0.05;
        let mut calls: Vec<_> = self.calls.iter().filter(|call| !seldom(*call.1)).collect();
        calls.sort_by(|one, other| other.1.total_cmp(one.1));
        let words: Vec<_> = calls
            .iter()
            .map(|(name, count)| format!("{name} {}", (**count * 10.0).round() / 10.0))
            .collect();
        words.join(", ")
    }

    /// Of the whole command: of three processes, for each tool slows the others' down.
    fn of_process(command: &Command) -> Result<Self> {
        let told = tempfile::NamedTempFile::new()?;
        let out = told.path().display();
        let under = |tool: &[&str]| -> Result<String> {
            let mut counted = Command::new("timeout");
            counted.args(["--foreground", "60"]).args(tool);
            counted.arg(command.get_program()).args(command.get_args());
            // Looking through many variables costs more.
            counted
                .env_clear()
                .envs(env::var_os("PATH").map(|path| ("PATH", path)));
            for (key, value) in command.get_envs() {
                counted.env(key, value.unwrap_or_default());
            }
            let output = counted.stdin(Stdio::null()).output()?;
            match output.status.success() {
                true => Ok(fs::read_to_string(told.path())?),
                false => {
                    let said = String::from_utf8_lossy(&output.stderr).into_owned();
                    Err(format!("{counted:?} ended with {}: {said}", output.status).into())
                }
            }
        };
        let calls = under(&[
            "strace",
            "-f",
            "-c",
            "-U",
            "calls,name",
            "-o",
            &out.to_string(),
        ])?;
        let file = format!("--callgrind-out-file={out}");
        let instructions = under(&["valgrind", "--tool=callgrind", &file])?;
        let file = format!("--log-file={out}");
        let heap = under(&["valgrind", "--tool=memcheck", "--leak-check=no", &file])?;
        let heap = after(&heap, "total heap usage: ")?;
        Ok(Self {
            calls: parse_calls(&calls),
            instructions: number(after(&instructions, "summary: ")?)?,
            allocations: number(heap)?,
            bytes: number(after(heap, "frees, ")?)?,
        })
    }
}

/// Lines such as `  12 flock`.
fn parse_calls(text: &str) -> BTreeMap<String, f64> {
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
    digits
        .parse()
        .map_err(|_| format!("no number at the beginning of {text:?}").into())
}
