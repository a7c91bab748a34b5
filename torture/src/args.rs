use std::env;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::result::Result;

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Args {
    pub seed: u64,
    pub kills: Option<usize>,
    pub faults: Option<usize>,
    pub sites: Option<usize>,
    pub time: Option<Duration>,
    pub processes: Option<usize>,
    pub requests: Option<u64>,
    pub worker: PathBuf,
    /// `name-manager`, to be killed, too.
    pub cli: Option<PathBuf>,
    pub names: Vec<String>,
}

impl Args {
    pub fn parse(words: &[&str]) -> Result<Self> {
        let own = env::current_exe()?;
        let mut args = Self {
            seed: SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros() as u64 % 1_000_000,
            kills: None,
            faults: None,
            sites: None,
            time: None,
            processes: None,
            requests: None,
            worker: own.with_file_name("torture-worker"),
            cli: None,
            names: Vec::new(),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(key) = word.strip_prefix("--") else {
                args.names.push((*word).to_owned());
                continue;
            };
            let value = *words
                .next()
                .ok_or_else(|| format!("{word} needs a value"))?;
            let number = || {
                let wrong = |_| format!("{word} is `{value}`, not a number");
                value.parse::<u64>().map_err(wrong)
            };
            match key {
                "seed" => args.seed = number()?,
                "kills" => args.kills = Some(number()? as usize),
                "faults" => args.faults = Some(number()? as usize),
                "sites" => args.sites = Some(number()? as usize),
                "seconds" => args.time = Some(Duration::from_secs(number()?)),
                "processes" => args.processes = Some(number()? as usize),
                "requests" => args.requests = Some(number()?),
                "worker" => args.worker = value.into(),
                "cli" => args.cli = Some(value.into()),
                _ => return Err(format!("unknown option {word}\n{}", crate::USAGE).into()),
            }
        }
        Ok(args)
    }
}
