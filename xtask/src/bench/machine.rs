use std::fs;
use std::path::Path;
use std::process::Command;

use crate::bench::peer;
use crate::result::Result;

/// The versions and the hardware that figures belong to.
pub fn describe() -> Result<Vec<[String; 2]>> {
    let mut facts = vec![
        ["date".to_owned(), said("date", &["-u", "+%F %H:%M UTC"])?],
        ["commit".to_owned(), commit()?],
        ["processor".to_owned(), processor()?],
        ["system".to_owned(), said("uname", &["-srm"])?],
        [
            "file system of the locks".to_owned(),
            file_system(&std::env::temp_dir())?,
        ],
        ["load before (1, 5, 15 min)".to_owned(), load()?],
        ["rustc".to_owned(), said("rustc", &["--version"])?],
        [
            "nextest".to_owned(),
            said("cargo", &["nextest", "--version"])?,
        ],
    ];
    let locked = fs::read_to_string(peer::lock_file())?;
    for name in ["serial_test", "fd-lock", "named-lock"] {
        let version =
            version(&locked, name).ok_or_else(|| format!("no {name} in the lock file"))?;
        facts.push([name.to_owned(), version]);
    }
    Ok(facts)
}

/// The first line that a program prints.
fn said(program: &str, args: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(args)
        .current_dir(peer::repository())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or("unknown");
    Ok(line.trim().to_owned())
}

fn commit() -> Result<String> {
    let commit = said("git", &["rev-parse", "--short", "HEAD"])?;
    let changed = said("git", &["status", "--porcelain", "--untracked-files=no"])?;
    Ok(match changed.as_str() {
        "unknown" => commit,
        _ => format!("{commit}, with changes"),
    })
}

fn processor() -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown", |model| {
        model.trim_start_matches([' ', '\t', ':'])
    });
    Ok(format!("{model}, {cores} cores"))
}

/// As the mount that a path is on says.
fn file_system(path: &Path) -> Result<String> {
    let path = path.canonicalize()?;
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let above = mounts.filter(|(point, _)| path.starts_with(point));
    let nearest = above.max_by_key(|(point, _)| point.len());
    Ok(nearest.map_or("unknown", |(_, kind)| kind).to_owned())
}

fn load() -> Result<String> {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let words: Vec<_> = text.split(' ').take(3).collect();
    Ok(words.join(", "))
}

/// Of a package in a `Cargo.lock`.
fn version(locked: &str, name: &str) -> Option<String> {
    let (_, rest) = locked.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    let (version, _) = rest.split_once('"')?;
    Some(version.to_owned())
}
