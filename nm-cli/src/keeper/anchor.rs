//! The process with whose end a lease ends.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::exit::code;
use crate::keeper::session::Session;
use crate::sys::{self, Anchored, Input, Source};

/// Watches a process. Never mistakes another one for it that gets its id later.
#[derive(Debug)]
pub struct Anchor {
    session: Session,
    /// `None` where the system does not tell its end, or if it has already ended.
    process: Option<Anchored>,
}

/// How often to look for it where the system does not report its end.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl Anchor {
    pub fn new(session: Session) -> Self {
        let mut anchor = Self {
            process: Anchored::open(session.pid),
            session,
        };
        // Opened first, then compared: from here on it is this one.
        if Session::at(anchor.session.pid).as_ref() != Some(&anchor.session) {
            anchor.process = None;
        }
        anchor
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    pub fn has_ended(&self) -> bool {
        match &self.process {
            Some(process) => {
                sys::ready(&[process.source()], Some(Duration::ZERO)).is_ok_and(|ready| ready[0])
            }
            None => Session::at(self.session.pid).as_ref() != Some(&self.session),
        }
    }

    /// Whether it has ended well; false if that is unknown.
    pub fn succeeded(&self) -> bool {
        let told = || self.process.as_ref()?.status();
        let left = || sys::exit_status(self.session.pid);
        told().or_else(left).or_else(told) == Some(0)
    }

    /// Waits until it ends, one of these is ready, or the time is over; returns which of them
    /// are.
    pub fn wait(&self, others: &[Source<'_>], until: Option<Instant>) -> io::Result<Vec<bool>> {
        let mut left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let mut sources = others.to_vec();
        match &self.process {
            Some(process) => sources.push(process.source()),
            None => left = Some(left.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN)),
        }
        sys::ready(&sources, left)
    }
}

/// Like [`Anchor::wait`], without a process to wait for.
pub fn wait(sources: &[Source<'_>], until: Option<Instant>) -> io::Result<Vec<bool>> {
    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
    sys::ready(sources, left)
}

/// While a request waits: ends this process when its caller has ended. Nothing is
/// held then, and the kernel takes back the place in the queue.
#[derive(Debug)]
pub struct Vigil {
    over: Arc<Mutex<bool>>,
}

impl Vigil {
    /// Watches the anchor, and for the writer of `input` to go away.
    pub fn begin(anchor: &Arc<Anchor>, input: Option<Arc<Input>>) -> Self {
        let over = Arc::new(Mutex::new(false));
        let (anchor, still) = (anchor.clone(), over.clone());
        thread::spawn(move || {
            loop {
                let mut sources: Vec<_> = input.iter().map(|input| input.source()).collect();
                sources.extend(anchor.process.iter().map(Anchored::source));
                let timeout = anchor.process.is_none().then_some(LOOK_AGAIN);
                // The input becomes ready when it is written to, too; by then the wait is over.
                let ready = sys::ready(&sources, timeout);
                let over = still.lock().unwrap_or_else(PoisonError::into_inner);
                if *over {
                    return;
                }
                let gone = ready.map_or(true, |ready| ready.contains(&true));
                if gone || anchor.has_ended() {
                    std::process::exit(code::FAILURE.into());
                }
            }
        });
        Self { over }
    }

    /// The names are ours.
    pub fn end(self) {
        *self.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }
}
