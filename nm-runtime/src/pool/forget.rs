use std::panic::Location;

use crate::backend::snapshot::Forgotten;
use crate::base::error::Result;
use crate::pool::Pool;

impl Pool {
    /// Forgets what is known about the pool's names: their dates, whether they are
    /// dirty or broken, and that they were initialised. Fences go on growing, and
    /// the journal stays. While a name is lent nothing is forgotten, or, with
    /// `force`, only what is known about the others: a lent name stays with its
    /// holder.
    ///
    /// # Errors
    ///
    /// If the pool's directory cannot be used.
    #[track_caller]
    pub fn forget(&self, force: bool) -> Result<Forgotten> {
        let holder = self.opened.asker(Location::caller())?;
        self.opened.backend.forget(&holder, force)
    }
}
