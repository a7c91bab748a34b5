//! The process that watches over a hook that is a command, for its caller. It has the lock of
//! the name's hooks; the hook gets the log alone.

use std::fs::File;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nm_os::{Caller, Group};

use crate::command::job::{self, Job};

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
    nm_os::name_process("nm-hook");
    let (caller, log) = Caller::find()?;
    let mut command = nm_os::command(&job.words);
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

/// Who has ended meanwhile.
#[derive(Clone, Copy, Default)]
struct Ended {
    hook: bool,
    caller: bool,
}

type Told = Arc<(Mutex<Ended>, Condvar)>;

fn until_end(
    job: &Job,
    group: Group,
    caller: &Caller,
    log: &File,
) -> io::Result<Result<(), String>> {
    let told = Told::default();
    let (leader, tell) = (group.leader_end()?, told.clone());
    nm_os::start_lock_waiter(Box::new(move || {
        let _ = leader.wait();
        tell_of(&tell, |ended| ended.hook = true);
    }))?;
    let (wait_for_caller, tell) = (caller.end()?, told.clone());
    nm_os::start_lock_waiter(Box::new(move || {
        wait_for_caller();
        tell_of(&tell, |ended| ended.caller = true);
    }))?;
    // `None`, for ever, if it is beyond the clock.
    let until = Instant::now().checked_add(job.timeout());
    let ended = wait(&told, |ended| ended.hook || ended.caller, until, log);
    let why = match ended {
        Ended { hook: true, .. } => return Ok(how(group.status()?)),
        Ended { caller: true, .. } => "was ended with its caller".to_owned(),
        _ => job.timed_out(),
    };
    group.end();
    let until = Instant::now() + GRACE;
    let leader_ended = wait(&told, |ended| ended.hook, Some(until), log).hook;
    group.kill(leader_ended, until)?;
    Ok(Err(why))
}

fn tell_of(told: &Told, end: fn(&mut Ended)) {
    end(&mut told.0.lock().unwrap_or_else(PoisonError::into_inner));
    told.1.notify_one();
}

/// Waits for one of these ends, or until the time is over; returns who has ended by then.
fn wait(told: &Told, these: fn(&Ended) -> bool, until: Option<Instant>, log: &File) -> Ended {
    let mut ended = told.0.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if these(&ended) || left == Some(Duration::ZERO) {
            return *ended;
        }
        let woken = told.1.wait_timeout(ended, left.unwrap_or(LOOK).min(LOOK));
        ended = woken.unwrap_or_else(PoisonError::into_inner).0;
        if log.metadata().is_ok_and(|log| log.len() > MOST_PRINTED) {
            // What comes next goes to the end, which is the beginning then.
            let _ = log.set_len(0);
        }
    }
}

fn how(status: ExitStatus) -> Result<(), String> {
    match (status.code(), nm_os::signal(status)) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => Err(format!("exited with {code}")),
        (None, Some(signal)) => Err(format!("was ended by signal {signal}")),
        (None, None) => Err(format!("ended with {status}")),
    }
}
