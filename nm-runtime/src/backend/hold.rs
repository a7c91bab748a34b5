//! A held name, and how it is released.

use std::fmt;
use std::sync::Arc;

use crate::base::error::Result;
use crate::terms::holder::Holder;
use crate::terms::record::{Record, State};

/// A name that is held. Dropped without [`Hold::end`], the name is free, and its holder
/// counts as one that died.
pub(crate) trait Hold: fmt::Debug + Send {
    /// Which name it is.
    fn name(&self) -> &str;

    /// Its holder, as the record has it.
    fn holder(&self) -> &Arc<Holder>;

    /// The record in memory, as it was granted or last changed here.
    fn record(&mut self) -> &mut Record;

    /// Writes the record as it is in memory. For the only holder.
    fn save(&mut self) -> Result<()>;

    /// Changes the stored record beside other readers, which may do the same.
    fn amend(&mut self, change: &mut dyn FnMut(&mut Record)) -> Result<()>;

    /// Lets other readers in. False if a writer was quicker: the name is lost, and
    /// its record is no longer ours to change.
    fn share(&mut self) -> Result<bool>;

    /// Whether this process holds the name, and not the one that it was forked from.
    fn is_of_this_process(&self) -> bool;

    /// Lets go of a name of the parent, from which this process was forked: the name
    /// stays held.
    fn leave(self: Box<Self>);

    /// Releases the name: event, record, unlock, wake, in that order.
    fn end(self: Box<Self>, ending: Ending<'_>) -> Result<()>;
}

/// How a lease ends.
#[derive(Debug)]
pub(crate) struct Ending<'a> {
    pub(crate) pool: &'a str,
    pub(crate) name: &'a str,
    pub(crate) state: State,
    pub(crate) reason: Option<String>,
    /// The name is not ready yet: its state stays what it was.
    pub(crate) as_it_was: bool,
    /// Whether it is waited for that a server has it. Who drops a lease does not wait.
    #[cfg_attr(
        not(all(unix, feature = "server")),
        allow(dead_code, reason = "no pool is on a server there")
    )]
    pub(crate) durable: bool,
}
