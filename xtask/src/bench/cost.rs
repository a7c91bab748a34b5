use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::result::Result;

/// What a command took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Seconds by the clock.
    pub wall: f64,
    /// Seconds of processors, of it and all its children, to the hundredth.
    pub cpu: f64,
}

impl Cost {
    /// Runs the command to its end. It must succeed.
    pub fn of(command: &mut Command) -> Result<Self> {
        let before = cpu_of_children()?;
        let start = Instant::now();
        let output = command.stdin(Stdio::null()).output()?;
        let wall = start.elapsed().as_secs_f64();
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            return Err(format!("{command:?} ended with {}: {said}", output.status).into());
        }
        let cpu = cpu_of_children()? - before;
        Ok(Self { wall, cpu })
    }
}

/// Of all that were waited for.
fn cpu_of_children() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The program's name may contain anything; it ends at the last parenthesis.
    let (_, rest) = stat.rsplit_once(')').ok_or("no name in /proc/self/stat")?;
    let ticks = rest.split_whitespace().skip(13).take(2);
    let ticks: u64 = ticks
        .map(str::parse::<u64>)
        .sum::<std::result::Result<_, _>>()?;
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}
