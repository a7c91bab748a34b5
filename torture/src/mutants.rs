//! Engines broken on purpose: each must be caught, or the oracle is blind or the
//! load too weak.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use torture::oracle::Bounds;

use crate::args::Args;
use crate::mutant::{Load, Mutant};
use crate::result::Result;
use crate::round::Plan;
use crate::{container, kills, load, machines};

/// Where little happens at once a lost wake-up shows sooner.
const BOUNDS: Bounds = Bounds {
    idle: 3_000_000_000,
    patience: 5_000_000_000,
};

pub fn run(args: &Args) -> Result<()> {
    let started = Instant::now();
    let sources: PathBuf = env::var_os("TORTURE_SOURCES")
        .ok_or("TORTURE_SOURCES is not set; start this with `cargo xtask torture mutants`")?
        .into();
    let mut mutants = all(&sources)?;
    let known = |name: &&String| mutants.iter().any(|mutant| mutant.name == **name);
    if let Some(name) = args.names.iter().find(|name| !known(name)) {
        return Err(format!("there is no torture/mutants/{name}.mutant").into());
    }
    if !args.names.is_empty() {
        mutants.retain(|mutant| args.names.contains(&mutant.name));
    }
    let containers = container::can_be_made()?;
    mutants.retain(|mutant| containers || !mutant.load.containers);
    if mutants.iter().any(|mutant| mutant.load.machines) && !machines::can_be_made()? {
        mutants.retain(|mutant| !mutant.load.machines);
    }
    let workshop = Workshop::new(&sources)?;
    println!("{} mutants, seed {}", mutants.len(), args.seed);
    // The rarest shows after 20 s on average.
    let time = args.time.unwrap_or(Duration::from_secs(180));
    // Under the same load and bounds the engine itself is without fault; machines are tortured
    // by themselves.
    let is_of_one = mutants.iter().any(|mutant| !mutant.load.machines);
    for kills in [true, false].into_iter().filter(|_| is_of_one) {
        let all = Load {
            kills,
            pools: load::MORE.map(|(pool, _)| pool.to_owned()).into(),
            containers,
            ..Load::default()
        };
        let found = try_engine(args.seed, &args.worker, &all)?;
        if !found.is_empty() {
            let found = found.join(", ");
            return Err(format!("the engine itself fails, without any mutant: {found}").into());
        }
    }
    let mut survivors = Vec::new();
    // One is built while the one before it is tried.
    let (built, to_try) = mpsc::sync_channel(0);
    let outcome = thread::scope(|scope| {
        let builder = scope.spawn(move || -> std::result::Result<(), String> {
            for mutant in mutants {
                let worker = workshop.build(&mutant).map_err(|error| error.to_string())?;
                if built.send((mutant, worker)).is_err() {
                    break;
                }
            }
            Ok(())
        });
        for (mutant, worker) in to_try {
            let begun = Instant::now();
            let rules = match mutant.load.machines {
                true => {
                    let args = Args {
                        cli: Some(worker),
                        time: Some(time),
                        ..args.clone()
                    };
                    machines::broken(&args, &mutant.expected)?
                }
                false => until_caught(args.seed, &mutant, &worker, time)?,
            };
            let caught = mutant.expected.iter().any(|rule| rules.contains(rule));
            let said: Vec<_> = rules.into_iter().collect();
            println!(
                "{:7.1} s  {:23} {} {}",
                begun.elapsed().as_secs_f64(),
                mutant.name,
                if caught { "caught:" } else { "SURVIVED:" },
                said.join(", ")
            );
            if !caught {
                println!("           {}", mutant.what);
                survivors.push(mutant.name);
            }
        }
        builder.join().map_err(|_| "the builder panicked")??;
        Ok(())
    });
    let outcome: Result<()> = outcome;
    outcome?;
    println!("in {} s", started.elapsed().as_secs());
    match survivors.is_empty() {
        true => Ok(()),
        false => Err(format!("not caught: {}", survivors.join(", ")).into()),
    }
}

fn all(sources: &Path) -> Result<Vec<Mutant>> {
    let mut mutants = Vec::new();
    for entry in fs::read_dir(sources.join("torture/mutants"))? {
        mutants.push(Mutant::read(&entry?.path())?);
    }
    mutants.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(mutants)
}

/// Runs until a rule that is expected is broken, or the time is over.
fn until_caught(
    mut seed: u64,
    mutant: &Mutant,
    worker: &Path,
    time: Duration,
) -> Result<BTreeSet<String>> {
    let started = Instant::now();
    let mut broken = BTreeSet::new();
    while started.elapsed() < time {
        broken.extend(try_engine(seed, worker, &mutant.load)?);
        if mutant.expected.iter().any(|rule| broken.contains(rule)) {
            break;
        }
        seed += 1;
    }
    Ok(broken)
}

/// Which rules are broken in one round. In a process of its own: it takes all
/// processes below it for the round's.
fn try_engine(seed: u64, worker: &Path, load: &Load) -> Result<Vec<String>> {
    let mut round = Command::new(env::current_exe()?);
    let what = if load.kills { "kills" } else { "load" };
    let place = if load.containers {
        "containers"
    } else {
        "here"
    };
    round
        .args(["try", what, place, &seed.to_string()])
        .arg(load.long.to_string())
        .arg(worker)
        .args(&load.pools);
    if let Some(site) = &load.at {
        // Inherited down to the workers.
        round.env("TORTURE_AT", site);
    }
    let output = round.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{round:?} failed:\n{said}").into());
    }
    let said = String::from_utf8(output.stdout)?;
    Ok(said.lines().map(str::to_owned).collect())
}

/// One round with that worker: prints the rules that were broken.
pub fn try_one(args: &[&str]) -> Result<()> {
    let [load, place, seed, long, worker, pools @ ..] = args else {
        return Err(format!("no round of a mutant: {args:?}").into());
    };
    let (seed, long, worker) = (seed.parse()?, long.parse()?, Path::new(worker));
    let plan = |plan: Plan| Plan {
        containers: *place == "containers",
        ..plan
    };
    let verdict = match *load {
        "kills" => kills::one(&plan(kills::plan(seed, worker, None, 160)), BOUNDS)?,
        _ => load::one(&plan(load::small(seed, worker, long, pools)), BOUNDS)?,
    };
    let rules = verdict.violations.iter().map(|violation| violation.rule);
    rules
        .collect::<BTreeSet<_>>()
        .iter()
        .for_each(|rule| println!("{rule}"));
    Ok(())
}

/// Where mutants are built: a copy of the sources.
struct Workshop {
    original: PathBuf,
    copy: PathBuf,
    target: PathBuf,
    done: PathBuf,
}

impl Workshop {
    fn new(sources: &Path) -> Result<Self> {
        let own = env::current_exe()?;
        let target = own.parent().and_then(Path::parent);
        let target = target.ok_or("this program stands in no target directory")?;
        let workshop = target.join("mutants");
        let copy = workshop.join("sources");
        if copy.exists() {
            fs::remove_dir_all(&copy)?;
        }
        for part in [
            "Cargo.toml",
            "Cargo.lock",
            "src",
            "nm-agent",
            "nm-cli",
            "nm-macros",
            "nm-os",
            "nm-postgres",
            "nm-register",
            "nm-runtime",
            "nm-serial-test",
            "nm-words",
            "tests/attribute/renamed",
            "torture",
            "xtask",
        ] {
            copy_all(&sources.join(part), &copy.join(part))?;
        }
        let done = workshop.join("workers");
        fs::create_dir_all(&done)?;
        Ok(Self {
            original: fs::canonicalize(sources)?,
            copy,
            target: target.to_owned(),
            done,
        })
    }

    /// A worker with the broken engine; of a mutant of what stands between machines, the
    /// command that is their agent.
    fn build(&self, mutant: &Mutant) -> Result<PathBuf> {
        let (package, workspace, program) = match mutant.load.machines {
            true => ("nm-cli", self.copy.clone(), "name-manager"),
            false => (
                "torture-worker",
                self.copy.join("torture"),
                "torture-worker",
            ),
        };
        mutant.apply(&self.copy)?;
        let mut build = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
        build
            .args(["build", "--quiet", "--package", package])
            .current_dir(workspace)
            .env("CARGO_TARGET_DIR", &self.target)
            // A quarter of the time to build, and as broken.
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
            .env_remove("RUSTFLAGS");
        let output = build.output()?;
        mutant.revert(&self.original, &self.copy)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("mutant `{}` does not build:\n{said}", mutant.name).into());
        }
        let built = self.done.join(&mutant.name);
        fs::copy(self.target.join("debug").join(program), &built)?;
        Ok(built)
    }
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            if entry.file_name() != "target" {
                copy_all(&entry.path(), &to.join(entry.file_name()))?;
            }
        }
        return Ok(());
    }
    fs::create_dir_all(to.parent().ok_or("no parent")?)?;
    fs::copy(from, to)?;
    Ok(())
}
