//! Several machines that share pools on a server, with everything between them that can break.

mod fault;
mod machine;
mod namespace;
mod processes;
mod round;
mod server;
mod site;
mod table;
pub mod wire;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use std::{env, fs, process, thread};

use crate::args::Args;
use crate::result::Result;
use namespace::Namespace;
use round::Round;
pub use round::judge_again;
use site::Site;
use table::Table;

/// Sites that are tortured at the same time.
const SITES: usize = 3;

/// Violations of a round that are printed.
const MOST: usize = 6;

pub fn run(args: &Args) -> Result<()> {
    let wanted = args.faults.unwrap_or(100);
    println!("{wanted} faults, seed {}", args.seed);
    if let Err(error) = can_be_made() {
        if env::var_os("CI").is_some_and(|ci| ci == "true") {
            return Err(format!("machines are not to be skipped in CI: {error}").into());
        }
        println!("SKIPPED: {error}");
        return Ok(());
    }
    let began = Instant::now();
    let dir = env::temp_dir().join(format!("torture-{}", process::id()));
    fs::create_dir_all(&dir)?;
    // PostgreSQL's user must come through.
    let tortured = Tortured {
        args,
        wanted,
        began,
        rounds: AtomicUsize::new(0),
        table: Mutex::default(),
    };
    let sites = args.sites.unwrap_or(SITES);
    let failed: Vec<Option<String>> = thread::scope(|scope| {
        let site = |number| {
            let dir = dir.join(format!("site-{number}"));
            let tortured = &tortured;
            scope.spawn(move || tortured.site(&dir).err().map(|error| error.to_string()))
        };
        let threads: Vec<_> = (0..sites).map(site).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Some("a panic".to_owned()))
        };
        threads.into_iter().map(join).collect()
    });
    let table = tortured.table.into_inner().map_err(|_| "a panic")?;
    println!("{table}");
    println!("in {} s", began.elapsed().as_secs());
    if let Some(error) = failed.into_iter().flatten().next() {
        return Err(error.into());
    }
    if !table.violations.is_empty() {
        return Err(format!("{} violations", table.violations.len()).into());
    }
    match table.faults < wanted && args.time.is_none() {
        true => Err(format!("only {} faults of {wanted}", table.faults).into()),
        false => {
            fs::remove_dir_all(&dir)?;
            Ok(())
        }
    }
}

struct Tortured<'a> {
    args: &'a Args,
    wanted: usize,
    began: Instant,
    /// That were begun.
    rounds: AtomicUsize,
    table: Mutex<Table>,
}

impl Tortured<'_> {
    /// One round after the other at a site, while there are not enough faults.
    fn site(&self, dir: &std::path::Path) -> Result<()> {
        let cli = self
            .args
            .cli
            .as_ref()
            .ok_or("which `name-manager`? (--cli)")?;
        let mut site = Site::new(dir, &fs::canonicalize(cli)?)?;
        loop {
            let faults = self.table().faults;
            let is_over = self
                .args
                .time
                .is_some_and(|time| self.began.elapsed() >= time);
            if faults >= self.wanted || is_over {
                return Ok(());
            }
            let number = self.rounds.fetch_add(1, Ordering::Relaxed);
            let round = round::run(&mut site, self.args.seed + number as u64, self.args)?;
            self.add(round)?;
        }
    }

    fn add(&self, round: Round) -> Result<()> {
        let Round {
            seed,
            faults,
            verdict,
            errors,
            dir,
        } = round;
        if verdict.violations.is_empty() && errors.is_empty() {
            fs::remove_dir_all(&dir)?;
        } else {
            println!("seed {seed}, histories in {}\n{errors}", dir.display());
            verdict
                .violations
                .iter()
                .take(MOST)
                .for_each(|it| println!("{it}"));
        }
        self.table().add(faults, verdict);
        match errors.is_empty() {
            true => Ok(()),
            false => Err("processes complained".into()),
        }
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.table
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Whether there can be machines here.
fn can_be_made() -> Result<()> {
    let namespace = Namespace::new()?;
    namespace.run("iptables -w -A OUTPUT -m statistic --mode random --probability 0.5 -j DROP")?;
    server::programs()
        .ok_or("found no PostgreSQL; install it (Debian: `apt-get install postgresql`)")?;
    Ok(())
}
