//! One round: pools of its own, faults, an end without any, and the verdict.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use torture::history::{self, Event, Line, Writer};
use torture::oracle::machines::{Verdict, judge};

use super::fault::{Planned, plan};
use super::machine::Job;
use super::site::{LEASE, Site, WORKERS};
use crate::args::Args;
use crate::result::Result;

/// Faults begin within that.
const FAULTS: Duration = Duration::from_secs(6);

/// Workers go on for so long after the last fault.
const AFTER: Duration = Duration::from_millis(1500);

/// Nobody waits longer than that.
const PATIENCE: Duration = Duration::from_secs(90);

/// Name and size of each.
const POOLS: [(&str, u32); 2] = [("gcp", 3), ("one", 1)];

/// What came of it.
pub struct Round {
    pub seed: u64,
    pub faults: usize,
    pub verdict: Verdict,
    pub errors: String,
    /// Its histories.
    pub dir: PathBuf,
}

/// One round at that site.
pub fn run(site: &mut Site, seed: u64, args: &Args) -> Result<Round> {
    let dir = site.dir.join(format!("round-{seed}"));
    let histories = dir.join("histories");
    fs::create_dir_all(&histories)?;
    let pools = POOLS.map(|(pool, max)| {
        format!("[pools.{pool}]\nscope = \"server\"\nspace = \"round-{seed}\"\nmax = {max}\n")
    });
    fs::write(dir.join("name-manager.toml"), pools.concat())?;
    let writer = Writer::create_as(&histories, "torture", "torture")?;
    for (pool, max) in POOLS {
        writer.write(
            0,
            Event::Pool {
                pool: pool.to_owned(),
                max: Some(max as usize),
                hooks: false,
                allocator: false,
            },
        );
    }
    let job = Job {
        seed,
        dir: dir.clone(),
        worker: fs::canonicalize(&args.worker)?,
        cli: fs::canonicalize(args.cli.as_ref().ok_or("which `name-manager`? (--cli)")?)?,
        pools: POOLS.to_vec(),
        patience: PATIENCE.as_millis() as u64,
    };
    let mut random = Rng::with_seed(seed);
    let planned = plan(&mut random, &site.far(), FAULTS);
    for machine in &mut site.machines {
        for _ in 0..WORKERS {
            machine.start(&job, "lend")?;
        }
    }
    make(site, &planned, &mut random, &job, &writer)?;
    thread::sleep(AFTER);
    File::create(dir.join("stop"))?;
    wait(site, &writer)?;
    let last = random.usize(0..site.machines.len());
    site.machines[last].start(&job, "ask-all")?;
    wait(site, &writer)?;
    writer.write(0, Event::Over);
    let lines = site.server.take_history()?;
    fs::write(histories.join("server.server.history"), lines)?;
    let lines = history::read_dir(&histories)?;
    Ok(Round {
        seed,
        faults: planned.len(),
        verdict: judge(&lines, LEASE * 1_000_000_000),
        errors: errors(&dir),
        dir,
    })
}

/// Makes all faults, and ends them.
fn make(
    site: &mut Site,
    planned: &[Planned],
    random: &mut Rng,
    job: &Job,
    writer: &Writer,
) -> Result<()> {
    let begins = planned
        .iter()
        .enumerate()
        .map(|(id, it)| (it.from, id, true));
    let ends = planned
        .iter()
        .enumerate()
        .map(|(id, it)| (it.to, id, false));
    let mut moments: Vec<_> = begins.chain(ends).collect();
    moments.sort_by_key(|(at, id, begins)| (*at, *id, !begins));
    let began = Instant::now();
    for (at, id, begins) in moments {
        thread::sleep(at.saturating_sub(began.elapsed()));
        let it = &planned[id];
        let on = it.on.map(|on| site.machines[on].host.clone());
        if begins {
            let site = history::Site::FaultBegins {
                id: id as u64,
                kind: it.fault.kind().to_owned(),
                on: on.unwrap_or_else(|| "server".to_owned()),
            };
            writer.write(0, Event::Site(site));
        }
        let made = match begins {
            true => site.begin(it, random, writer),
            false => site.end(it, job, writer),
        };
        made.map_err(|error| format!("{it:?}: {error}"))?;
        if !begins {
            writer.write(0, Event::Site(history::Site::FaultEnds(id as u64)));
        }
    }
    Ok(())
}

/// Waits until all processes have ended. Those that do not are killed, which is left waiting.
fn wait(site: &mut Site, writer: &Writer) -> Result<()> {
    let until = Instant::now() + PATIENCE + Duration::from_secs(10);
    for machine in &mut site.machines {
        while !machine.have_ended(writer)? {
            if Instant::now() > until {
                machine.kill_worker(0, "hang", writer)?;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
    Ok(())
}

/// What processes said on standard error that nobody expects.
fn errors(dir: &Path) -> String {
    let text = fs::read_to_string(dir.join("stderr")).unwrap_or_default();
    let lines = text.lines().filter(|line| line.starts_with("torture"));
    lines.take(20).collect::<Vec<_>>().join("\n")
}

/// Judges the histories of a round that was kept.
pub fn judge_again(lines: &[Line]) -> Verdict {
    judge(lines, LEASE * 1_000_000_000)
}
