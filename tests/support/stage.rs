//! What a story is played on: processes that share a state directory, or what stands
//! in for them.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use nm_runtime::journal::Event;
use nm_runtime::record::Record;

use super::patience;

/// One backend, with actors that ask it for names.
pub trait Stage {
    type Host: Host;

    /// Whether a reader's lease, too, has a fence above all earlier ones.
    const READERS_HAVE_FENCES: bool = false;

    /// Whether a death is told when it is noticed; if not, when the name is next lent.
    const DEATHS_ARE_TOLD_AT_ONCE: bool = false;

    /// What messages say of a process behind its id.
    const HOST: &str = "";

    /// As many as ask one after the other within the time that a story may take.
    const CROWD: usize = 1000;

    /// Of four pools that hundreds of threads ask at once, in so many somebody surely waits,
    /// although few of them have room.
    const AWAITED: usize = 4;

    /// May keep things in this directory.
    fn new(dir: &Path) -> Self;

    /// A pool of so many names, for hosts started from here on.
    fn size(&mut self, pool: &str, max: u32);

    /// At most so long waits every request to this pool, of hosts started from here on.
    fn wait_timeout(&mut self, pool: &str, timeout: Duration);

    /// The run of hosts started from here on.
    fn run(&mut self, id: &str);

    /// Starts a host, whose first actor bears this name.
    fn start(&mut self, actor: &str) -> Self::Host;

    /// As [`Stage::start`], with few descriptors where they count.
    fn start_with_few_descriptors(&mut self, actor: &str) -> Self::Host;

    /// Whether an actor of this host has its place, and all others of it that wait.
    fn is_parked(&self, host: &Self::Host, actor: &str, ask: &str) -> bool;

    /// Whether an actor that waits has done what there was to do for it, as far as
    /// that can be seen: what it has not been granted then, it is not granted.
    fn is_settled(&self, host: &Self::Host, actor: &str) -> bool;

    /// Whether what a host held that was killed is free, and nothing waits for it any more.
    fn has_left(&self, _host: &Self::Host) -> bool {
        true
    }

    /// What an actor told people; of one that shares its host, perhaps the others, too.
    fn notices(&self, host: &Self::Host, actor: &str) -> String;

    /// A name that was lent.
    fn record(&self, pool: &str, name: &str) -> Record;

    /// The journal of a pool; empty where there is no such pool yet.
    fn events(&self, pool: &str) -> Vec<Event>;
}

/// What actors are threads of, seen from the test.
pub trait Host {
    fn id(&self) -> u32;

    /// Tells one of its actors to do something.
    fn tell(&mut self, actor: &str, command: &str);

    fn replies(&mut self) -> &mut Replies;

    /// Its actors that wait for a lease.
    fn waiting(&mut self) -> &mut Vec<String>;

    /// How it ended, if it has.
    fn end(&mut self) -> String;

    /// Ends it as it stands; returns when what it held is free.
    fn kill(&mut self);

    /// Returns when none of its actors does anything any more.
    fn stop(&mut self);

    fn go_on(&mut self);

    /// The next reply of that actor.
    #[track_caller]
    fn reply(&mut self, actor: &str) -> String {
        match self.replies().next(actor) {
            Ok(reply) => reply,
            Err(RecvTimeoutError::Timeout) => panic!("`{actor}` does not answer"),
            Err(RecvTimeoutError::Disconnected) => {
                panic!("`{actor}` ended without an answer, with {}", self.end())
            }
        }
    }
}

/// What the actors of a host answer.
pub struct Replies {
    incoming: Receiver<(String, String)>,
    /// Those that came while another actor's was asked for.
    early: Vec<(String, String)>,
}

impl Replies {
    /// From pairs of an actor and its answer.
    pub fn new(incoming: Receiver<(String, String)>) -> Self {
        Self {
            incoming,
            early: Vec::new(),
        }
    }

    fn next(&mut self, actor: &str) -> Result<String, RecvTimeoutError> {
        if let Some(reply) = self.early(actor) {
            return Ok(reply);
        }
        loop {
            match self.incoming.recv_timeout(patience::BOUND)? {
                (from, reply) if from == actor => return Ok(reply),
                other => self.early.push(other),
            }
        }
    }

    /// What that actor has answered by now.
    pub fn by_now(&mut self, actor: &str) -> Option<String> {
        self.early.extend(self.incoming.try_iter());
        self.early(actor)
    }

    fn early(&mut self, actor: &str) -> Option<String> {
        let at = self.early.iter().position(|(from, _)| from == actor)?;
        Some(self.early.remove(at).1)
    }
}
