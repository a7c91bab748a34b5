//! The process that watches over a hook that is a command, for its caller. It has the lock of
//! the name's hooks; the hook gets the log alone.

use std::fs::File;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::command::job::{self, Job};
use crate::sys::{self, Caller, Group};

/// So long a hook has to end by itself, once it is asked to, before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// A hook that prints more loses what it has printed.
const MOST_PRINTED: u64 = 16 << 20;
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Runs the hook; returns the exit code of this process.
pub(crate) fn run(job: &Job) -> i32 {
    i32::from(watch(job).is_err())
}

fn watch(job: &Job) -> io::Result<()> {
    // Not one of those that `identity::runner` looks for, above what the hook starts.
    sys::name_process("nm-hook");
    let (caller, log) = Caller::find()?;
    let mut command = sys::command(&job.words);
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log.try_clone()?);
    let how = match Group::start(command) {
        Err(error) => Err(format!("could not be started: {error}")),
        Ok(group) => {
            // If nobody hears it, that is seen at once.
            let _ = caller.tell(&job::begun(group.id()));
            until_end(job, group, &caller, &log)?
        }
    };
    caller.tell(&job::ended(&how))
}

/// What can happen meanwhile.
enum Event {
    HookEnded,
    CallerEnded,
}

fn until_end(
    job: &Job,
    group: Group,
    caller: &Caller,
    log: &File,
) -> io::Result<Result<(), String>> {
    let (tell, told) = mpsc::channel();
    let (leader, tell_end) = (group.leader_end()?, tell.clone());
    thread::spawn(move || {
        let _ = leader.wait();
        let _ = tell_end.send(Event::HookEnded);
    });
    let wait_for_caller = caller.end()?;
    thread::spawn(move || {
        wait_for_caller();
        let _ = tell.send(Event::CallerEnded);
    });
    // `None`, for ever, if it is beyond the clock.
    let until = Instant::now().checked_add(job.timeout());
    let why = match wait(&told, until, log) {
        Some(Event::HookEnded) => return Ok(how(group.status()?)),
        Some(Event::CallerEnded) => "was ended with its caller".to_owned(),
        None => job.timed_out(),
    };
    group.end();
    let until = Instant::now() + GRACE;
    let leader_ended = loop {
        match wait(&told, Some(until), log) {
            Some(Event::CallerEnded) => {}
            Some(Event::HookEnded) => break true,
            None => break false,
        }
    };
    group.kill(leader_ended, until)?;
    Ok(Err(why))
}

/// Waits for what happens next; `None` if the time is over.
fn wait(told: &Receiver<Event>, until: Option<Instant>, log: &File) -> Option<Event> {
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        match told.recv_timeout(left.unwrap_or(LOOK).min(LOOK)) {
            Ok(event) => return Some(event),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if left == Some(Duration::ZERO) {
            return None;
        }
        if log.metadata().is_ok_and(|log| log.len() > MOST_PRINTED) {
            // What comes next goes to the end, which is the beginning then.
            let _ = log.set_len(0);
        }
    }
}

fn how(status: ExitStatus) -> Result<(), String> {
    match (status.code(), sys::signal(status)) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => Err(format!("exited with {code}")),
        (None, Some(signal)) => Err(format!("was ended by signal {signal}")),
        (None, None) => Err(format!("ended with {status}")),
    }
}
