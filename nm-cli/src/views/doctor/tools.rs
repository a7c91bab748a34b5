use std::env;
use std::process::{Command, Stdio};

use crate::screen::finding::Findings;

/// Variables that are no secret.
const SHOWN: [&str; 5] = ["DIR", "KEEP", "RUN_ID", "SCOPE", "WAIT_TIMEOUT"];
/// The same of one pool.
const OF_POOL: [&str; 6] = ["DIR", "MAX", "NAMES", "SCOPE", "TEMPLATE", "WAIT_TIMEOUT"];

/// Whether the value of `NAME_MANAGER_..` may be shown. Others may be a secret's, misspelt; and
/// an address may have a password wherever it is.
fn is_shown(rest: &str, value: &str) -> bool {
    let of_pool = |key: &&str| {
        let pool = rest.strip_prefix("POOL_");
        let pool = pool.and_then(|rest| rest.strip_suffix(key));
        pool.is_some_and(|pool| pool.len() > 1 && pool.ends_with('_'))
    };
    let is_known = SHOWN.contains(&rest) || OF_POOL.iter().any(of_pool);
    is_known && !value.contains("://")
}

pub fn look(findings: &mut Findings) {
    findings.note(
        "version",
        format!("name-manager {}", env!("CARGO_PKG_VERSION")),
    );
    for (program, args) in [
        ("cargo", ["--version", ""]),
        ("cargo", ["nextest", "--version"]),
    ] {
        let args = args.iter().filter(|arg| !arg.is_empty());
        if let Some(version) = first_line(program, args.copied()) {
            findings.note("runner", version);
        }
    }
    if let Ok(run) = env::var("NEXTEST_RUN_ID") {
        findings.note("run", format!("this shell belongs to nextest run {run}"));
    }
    let ours = env::vars_os().filter_map(|(key, value)| {
        let key = key.into_string().ok()?;
        let rest = key.strip_prefix("NAME_MANAGER_")?;
        let value = value.to_string_lossy();
        Some(match is_shown(rest, &value) {
            true => format!("{key}={value}"),
            false => format!("{key} is set"),
        })
    });
    let mut ours: Vec<_> = ours.collect();
    ours.sort();
    for variable in ours {
        findings.note("variable", variable);
    }
}

fn first_line<'a>(program: &str, args: impl Iterator<Item = &'a str>) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().filter(|_| output.status.success())?;
    Some(line.to_owned())
}
