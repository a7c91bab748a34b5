//! What ends the wait for a name: its holder rings the pool's bell when it gives the name
//! back, and the kernel tells when the holder's process has ended. Both only say to look
//! again. A waiter does that once in a while in any case.

use std::time::Duration;

use nm_os::{End, Heard, LOOK_AGAIN, Obituary, Process};

use crate::local::dir::PoolDir;
use crate::local::look;
use crate::terms::holder::Holder;
use crate::terms::record::State;

/// A wait for names of a pool.
pub(crate) struct Wakeup<'a> {
    dir: &'a PoolDir,
    heard: Heard,
    /// The holders, and who tells of their end.
    holders: Vec<Process>,
    obituary: Option<Obituary>,
    /// Something has happened since they were looked up.
    rung: bool,
    /// How long the next wait may be.
    longest: Duration,
}

/// Nobody is watched before that: most waits of a busy pool are over sooner, and a death
/// in that time is found at its end.
const SOON: Duration = Duration::from_millis(2);

/// How often to look again in any case. That covers what is told to nobody: the end of a
/// process that has a lock and is not in the record yet, which shows a reader that lost its
/// lock to it; the end of a child that has the lock of a holder that has ended, and whose
/// process id is another's by now; and where a bell is a file, a ring on a full disk, or one
/// from another machine.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Of the names that one waiter waits for. Beyond, it looks again by the clock.
const MOST: usize = 64;

impl<'a> Wakeup<'a> {
    pub(crate) fn new(dir: &'a PoolDir) -> Self {
        Self {
            dir,
            heard: dir.bell.heard(),
            holders: Vec::new(),
            obituary: None,
            rung: true,
            longest: SOON,
        }
    }

    /// Look at the names after this, and before the next wait: what happens from here on
    /// ends it.
    pub(crate) fn listen(&mut self, names: impl Iterator<Item = String>) {
        self.heard = self.dir.bell.heard();
        if self.longest > SOON {
            self.watch_holders(names);
        }
    }

    fn watch_holders(&mut self, names: impl Iterator<Item = String>) {
        let Some(holders) = self.holders_of(names) else {
            self.obituary = None;
            self.longest = LOOK_AGAIN;
            return;
        };
        if self.rung || self.obituary.is_none() || holders != self.holders {
            self.obituary = Obituary::of(&holders, &self.dir.bell);
            self.holders = holders;
        }
        self.longest = match self.obituary {
            Some(_) => HEARTBEAT,
            None => LOOK_AGAIN,
        };
    }

    /// The processes that hold these names, in order; `None` unless it is known of each.
    fn holders_of(&self, names: impl Iterator<Item = String>) -> Option<Vec<Process>> {
        let mut holders = Vec::new();
        for (count, name) in names.enumerate() {
            let record = look::read(self.dir.names.path(), &name)?;
            if record.state == State::Broken {
                // Nobody waits for it.
                continue;
            }
            if record.holders.is_empty() || count == MOST {
                return None;
            }
            let of = |holder: &Holder| (holder.pid, holder.pid_namespace);
            for tenure in &record.holders {
                let process = of(&tenure.holder);
                if let Err(place) = holders.binary_search(&process) {
                    holders.insert(place, process);
                }
            }
        }
        Some(holders)
    }

    /// Ends the wait, but for what is told of the holders' end, in silence: to end that
    /// takes longer than to grant a name.
    pub(crate) fn into_obituary(self) -> Option<Obituary> {
        self.obituary.inspect(Obituary::silence)
    }

    /// Blocks until the names are worth a look, at most so long.
    pub(crate) fn wait(&mut self, timeout: Duration) {
        let end = self.dir.bell.wait(self.heard, timeout.min(self.longest));
        self.rung = end == End::Rung;
        if end == End::Over && self.longest == SOON {
            self.longest = LOOK_AGAIN;
        }
    }
}
