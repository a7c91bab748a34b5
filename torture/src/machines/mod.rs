//! Several machines that share pools on a server, with everything between them that can break.

mod clock;
mod fault;
#[path = "../../../tests/support/liar.rs"]
mod liar;
mod machine;
mod namespace;
mod processes;
mod round;
mod server;
mod site;
mod table;
pub mod wire;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
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
    if !can_be_made()? {
        return Ok(());
    }
    let began = Instant::now();
    let table = Tortured::run(args, true, |table| table.faults >= wanted)?;
    print!("{table}");
    println!("in {} s", began.elapsed().as_secs());
    match table.violations.len() {
        0 => Ok(()),
        violations => Err(format!("{violations} violations").into()),
    }
}

/// Which rules are broken, until that is one of these, or the time is over.
pub fn broken(args: &Args, expected: &[String]) -> Result<BTreeSet<String>> {
    let is_expected = |rule: &str| expected.iter().any(|expected| expected == rule);
    let table = Tortured::run(args, false, |table| {
        table.violations.iter().any(|it| is_expected(it.rule))
    })?;
    let rules = table.violations.iter().map(|it| it.rule.to_owned());
    Ok(rules.collect())
}

/// Whether there can be machines here. Says why not; where everything must be there
/// (`CI=true`) that is an error.
pub fn can_be_made() -> Result<bool> {
    let made = || -> Result<()> {
        let rule = "-A OUTPUT -m statistic --mode random --probability 0.5 -j DROP";
        Namespace::new()?.run(&format!("iptables -w {rule}"))?;
        let found = server::programs();
        found.ok_or("found no PostgreSQL; install it (Debian: `apt-get install postgresql`)")?;
        liar::library().ok_or("found no libfaketime (Debian: `apt-get install libfaketime`)")?;
        Ok(())
    };
    let Err(why) = made() else {
        return Ok(true);
    };
    if env::var_os("CI").is_some_and(|ci| ci == "true") {
        return Err(format!("machines are not to be skipped in CI: {why}").into());
    }
    println!("skipped: machines: {why}");
    Ok(false)
}

struct Tortured<'a, F> {
    args: &'a Args,
    began: Instant,
    says: bool,
    is_enough: F,
    /// The seed of the next round.
    seed: AtomicU64,
    table: Mutex<Table>,
}

impl<F: Fn(&Table) -> bool + Sync> Tortured<'_, F> {
    /// Several sites at a time, until it is enough, or the time is over. `says`: what is wrong.
    fn run(args: &Args, says: bool, is_enough: F) -> Result<Table> {
        let dir = env::temp_dir().join(format!("torture-{}", process::id()));
        let tortured = Tortured {
            args,
            began: Instant::now(),
            says,
            is_enough,
            seed: AtomicU64::new(args.seed),
            table: Mutex::default(),
        };
        let failed: Vec<Option<String>> = thread::scope(|scope| {
            let site = |number| {
                let dir = dir.join(format!("site-{number}"));
                let tortured = &tortured;
                scope.spawn(move || tortured.site(&dir).err().map(|error| error.to_string()))
            };
            let threads: Vec<_> = (0..args.sites.unwrap_or(SITES)).map(site).collect();
            let threads = threads.into_iter().map(thread::ScopedJoinHandle::join);
            let ends = threads.map(|end| end.unwrap_or_else(|_| Some("a panic".to_owned())));
            ends.collect()
        });
        clock::sweep();
        if let Some(error) = failed.into_iter().flatten().next() {
            return Err(error.into());
        }
        let table = tortured.table.into_inner();
        let table = table.unwrap_or_else(PoisonError::into_inner);
        if table.violations.is_empty() || !says {
            fs::remove_dir_all(&dir)?;
        }
        Ok(table)
    }

    /// One round after the other at a site.
    fn site(&self, dir: &Path) -> Result<()> {
        let cli = self
            .args
            .cli
            .as_ref()
            .ok_or("which `name-manager`? (--cli)")?;
        let mut site = Site::new(dir, &fs::canonicalize(cli)?)?;
        loop {
            let time = self.args.time;
            let is_over = time.is_some_and(|time| self.began.elapsed() >= time);
            if is_over || (self.is_enough)(&self.table()) {
                return Ok(());
            }
            let seed = self.seed.fetch_add(1, Ordering::Relaxed);
            self.add(round::run(&mut site, seed, self.args)?)?;
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
        let is_well = verdict.violations.is_empty() && errors.is_empty();
        if self.says && !is_well {
            println!("seed {seed}, histories in {}\n{errors}", dir.display());
            let violations = verdict.violations.iter().take(MOST);
            violations.for_each(|violation| println!("{violation}"));
        } else if env::var_os("TORTURE_KEEP").is_none() {
            fs::remove_dir_all(&dir)?;
        }
        self.table().add(faults, verdict);
        match errors.is_empty() {
            true => Ok(()),
            false => Err(format!("processes complained:\n{errors}").into()),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
