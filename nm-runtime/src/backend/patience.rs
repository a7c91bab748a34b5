use std::time::{Duration, Instant};

use crate::base::error::{Error, Kind, Result};

/// How a backend waits: it asks, and the engine decides on timeout, deadlock and
/// notices.
pub(crate) trait Patience {
    /// The request blocks. Called each time; the first one counts.
    fn blocked(&mut self);

    /// The request goes on waiting beside the queue for its given name, which is
    /// reserved for it, or not yet.
    fn beside(&mut self, reserved: bool);

    /// By when [`Patience::tick`] must be called again.
    fn until(&self) -> Instant;

    /// Does what is due.
    ///
    /// # Errors
    ///
    /// If the request is to give up.
    fn tick(&mut self) -> Result<()>;

    /// How long ago the request was made; `None` if it was never blocked.
    fn waited(&self) -> Option<Duration>;
}

/// The patience of what waits for no name, and has nobody to tell.
pub(crate) struct Deadline {
    until: Instant,
    patience: Duration,
}

impl Deadline {
    pub(crate) fn after(patience: Duration) -> Self {
        Self {
            until: Instant::now() + patience,
            patience,
        }
    }
}

impl Patience for Deadline {
    fn blocked(&mut self) {}

    fn beside(&mut self, _: bool) {}

    fn until(&self) -> Instant {
        self.until
    }

    fn tick(&mut self) -> Result<()> {
        match Instant::now() < self.until {
            true => Ok(()),
            false => Err(Error::new(
                Kind::Timeout,
                format!("waited for {:?}", self.patience),
            )),
        }
    }

    fn waited(&self) -> Option<Duration> {
        None
    }
}
