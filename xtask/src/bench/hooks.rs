//! What a pool's life costs where its hooks do nothing, and where there is none.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use name_manager::{Pool, Resource};

use crate::bench::figures::{Figures, micros, ratio};
use crate::bench::worker::Worker;
use crate::result::Result;

/// Hooks that do nothing.
#[derive(Default)]
struct Nothing;

#[name_manager::resource(pool = "hooked")]
impl Resource for Nothing {}

const BATCHES: usize = 1000;
/// Short enough that a batch is seldom interrupted.
const EACH: u32 = 20;
const PROCESSES: usize = 200;
const TESTS: usize = 1000;

pub fn run() -> Result<()> {
    warm()?;
    processes()?;
    registered()
}

/// A warm name, with hooks and without.
fn warm() -> Result<()> {
    let state = tempfile::tempdir()?;
    let mut worker = Worker::start(state.path(), 2, &["hooks"])?;
    let bare = nanos(worker.hear()?);
    let hooked = nanos(worker.hear()?);
    println!(
        "warm name, acquire + release: {:.2} µs with hooks, {:.2} µs without; ratio {:.2}",
        micros(hooked.median()),
        micros(bare.median()),
        ratio(hooked.median(), bare.median()),
    );
    Ok(())
}

/// In the worker.
pub fn measure() -> Result<()> {
    let pools = [Pool::open("bench")?, Pool::open("hooked")?];
    let mut times = [Vec::new(), Vec::new()];
    for pool in &pools {
        pool.acquire()?.release()?;
    }
    // In turns, so that both meet the machine in the same moods.
    for _ in 0..BATCHES {
        for (pool, times) in pools.iter().zip(&mut times) {
            times.push(time(|| Ok(pool.acquire()?.release()?))?);
        }
    }
    for times in times {
        let words: Vec<_> = times
            .iter()
            .map(|time| time.as_nanos().to_string())
            .collect();
        println!("{}", words.join(" "));
    }
    Ok(())
}

/// One round of some, on average.
fn time(mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    for _ in 0..EACH {
        work()?;
    }
    Ok(start.elapsed() / EACH)
}

/// Processes that find everything initialised, against some that ask for nothing.
fn processes() -> Result<()> {
    let state = tempfile::tempdir()?;
    let run = |job: &[&str]| -> Result<Duration> {
        let mut command = Command::new(env::current_exe()?);
        command.arg("worker").args(job);
        command.env("NAME_MANAGER_DIR", state.path());
        command.env("NAME_MANAGER_POOL_HOOKED_MAX", "2");
        command.env("NAME_MANAGER_RUN_ID", "bench");
        timed(command)
    };
    // Keeps the run alive, and its reaper waiting.
    let mut first = Command::new(env::current_exe()?)
        .args(["worker", "hooked-stays"])
        .env("NAME_MANAGER_DIR", state.path())
        .env("NAME_MANAGER_POOL_HOOKED_MAX", "2")
        .env("NAME_MANAGER_RUN_ID", "bench")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut ready = [0];
    let output = first.stdout.as_mut().ok_or("no standard output")?;
    std::io::Read::read_exact(output, &mut ready)?;
    let (mut idle, mut asking) = (Vec::new(), Vec::new());
    for _ in 0..PROCESSES {
        idle.push(run(&["nothing"])?);
        asking.push(run(&["hooked-once"])?);
    }
    drop(first.stdin.take());
    first.wait()?;
    let (idle, asking) = (Figures::new(idle), Figures::new(asking));
    println!(
        "{PROCESSES} processes that find all initialised: {:.0} µs each beyond one that asks for nothing ({:.0} against {:.0}; p90 {:.0} against {:.0})",
        micros(asking.median().saturating_sub(idle.median())),
        micros(asking.median()),
        micros(idle.median()),
        micros(asking.at(0.9)),
        micros(idle.at(0.9)),
    );
    Ok(())
}

/// In a worker: one lease.
pub fn once() -> Result<()> {
    Ok(Pool::open("hooked")?.acquire()?.release()?)
}

/// In a worker: initialises both names, and stays until its input closes.
pub fn stays() -> Result<()> {
    let pool = Pool::open("hooked")?;
    let all = pool.request().all().acquire()?;
    drop(all);
    print!("!");
    std::io::Write::flush(&mut std::io::stdout())?;
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

/// The start of a binary with registered tests that asks for nothing.
fn registered() -> Result<()> {
    let package = tempfile::tempdir()?;
    let [annotated, bare] = build(package.path())?;
    let start = |program: &Path| {
        let mut command = Command::new(program);
        command.args(["--exact", "none", "--test-threads=1"]);
        timed(command)
    };
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..PROCESSES {
        without.push(start(&bare)?);
        with.push(start(&annotated)?);
    }
    let (with, without) = (Figures::new(with), Figures::new(without));
    println!(
        "start of a binary with {TESTS} annotated tests: {:.0} µs beyond one with {TESTS} bare ones ({:.0} against {:.0})",
        micros(with.median()) - micros(without.median()),
        micros(with.median()),
        micros(without.median()),
    );
    Ok(())
}

/// Two test binaries, one annotated.
fn build(package: &Path) -> Result<[PathBuf; 2]> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let manifest = format!(
        "[package]\nname = \"registered\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\nname-manager = {{ path = {root:?} }}\n"
    );
    fs::write(package.join("Cargo.toml"), manifest)?;
    // The versions that this was built with, so that none is looked up.
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock"))?;
    fs::create_dir_all(package.join("src"))?;
    fs::create_dir_all(package.join("tests"))?;
    fs::write(package.join("src/lib.rs"), "")?;
    let attribute = "#[name_manager::shared_resource(pool = \"db\")]\n";
    for (file, attribute) in [("annotated", attribute), ("bare", "")] {
        let mut text = String::new();
        for test in 0..TESTS {
            writeln!(text, "{attribute}#[test]\nfn test_{test}() {{}}\n")?;
        }
        fs::write(package.join("tests").join(format!("{file}.rs")), text)?;
    }
    let built = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["test", "--offline", "--release", "--no-run"])
        .arg("--target-dir")
        .arg(package.join("target"))
        .current_dir(package)
        .output()?;
    let told = String::from_utf8_lossy(&built.stderr);
    let find = |file: &str| -> Result<PathBuf> {
        let line = told.lines().find(|line| line.contains(file));
        let path = line.and_then(|line| Some(line.rsplit_once('(')?.1.trim_end_matches(')')));
        let path = path.ok_or_else(|| format!("nothing was built:\n{told}"))?;
        Ok(package.join(path))
    };
    Ok([find("tests/annotated.rs")?, find("tests/bare.rs")?])
}

fn timed(mut command: Command) -> Result<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status()?;
    let time = start.elapsed();
    match status.success() {
        true => Ok(time),
        false => Err(format!("{command:?} ended with {status}").into()),
    }
}

fn nanos(numbers: Vec<u64>) -> Figures {
    Figures::new(numbers.into_iter().map(Duration::from_nanos).collect())
}
