//! A name that this process holds on a server, until it ends.

use std::sync::Arc;

use crate::backend::hold::{Ending, Hold};
use crate::base::error::{Error, Kind, Result};
use crate::remote::link::{Link, Where};
use crate::remote::request::{answer, unexpected};
use crate::remote::token::Token;
use crate::remote::wire::{self, After, Answer, Change, Known, Release, Share, variant};
use crate::terms::access::Access;
use crate::terms::event::{self, Entry};
use crate::terms::holder::Holder;
use crate::terms::record::{Record, State};

/// In characters: the message of a panic may have any number.
const LONGEST_REASON: usize = 2000;

/// A name that a server has lent to this process.
#[derive(Debug)]
pub(crate) struct RemoteHold {
    pub(crate) link: Arc<Link>,
    pub(crate) at: Where,
    pub(crate) token: Token,
    pub(crate) name: String,
    pub(crate) access: Access,
    pub(crate) holder: Arc<Holder>,
    pub(crate) request: String,
    /// As it was granted, and as hooks have changed it.
    pub(crate) record: Record,
    /// As the server has it, as far as is known.
    pub(crate) known: Known,
    pub(crate) ended: bool,
}

impl Hold for RemoteHold {
    fn name(&self) -> &str {
        &self.name
    }

    fn holder(&self) -> &Arc<Holder> {
        &self.holder
    }

    fn record(&mut self) -> &mut Record {
        &mut self.record
    }

    fn save(&mut self) -> Result<()> {
        let record = Known::of(&self.record);
        while self.known != record {
            match answer(&self.link, &self.at, self.change(&record))? {
                Answer::Done => self.known = record.clone(),
                // Ours alone: whatever it is, it is to be this.
                Answer::Changed(known) if known != self.known => self.known = known,
                Answer::Gone => return Err(self.lost("it was not held any more")),
                other => return Err(unexpected(&other)),
            }
        }
        Ok(())
    }

    fn amend(&mut self, change: &mut dyn FnMut(&mut Record)) -> Result<()> {
        loop {
            let fence = self.record.fence;
            let holders = self.record.holders.clone();
            let mut record = self.known.clone().into_record(fence, holders);
            change(&mut record);
            let changed = Known::of(&record);
            if changed == self.known {
                return Ok(());
            }
            match answer(&self.link, &self.at, self.change(&changed))? {
                Answer::Done => {
                    self.known = changed;
                    return Ok(());
                }
                Answer::Changed(known) if known != self.known => self.known = known,
                Answer::Gone => return Err(self.lost("it was not held any more")),
                other => return Err(unexpected(&other)),
            }
        }
    }

    fn share(&mut self) -> Result<bool> {
        let share = Share {
            token: self.token,
            name: &self.name,
        };
        let ask = variant("share", &share);
        // Said again so, should the agent end before it answers.
        self.link
            .change(self.token, &self.name, |held| held.alone = false);
        match answer(&self.link, &self.at, ask)? {
            Answer::Done => Ok(true),
            Answer::Gone => Err(self.lost("it was not held any more")),
            other => Err(unexpected(&other)),
        }
    }

    fn is_of_this_process(&self) -> bool {
        self.link.is_of_this_process()
    }

    fn leave(mut self: Box<Self>) {
        self.ended = true;
    }

    fn end(mut self: Box<Self>, ending: Ending<'_>) -> Result<()> {
        self.ended = true;
        let known = self.link.lost(self.token, &self.name);
        let ended = match known {
            Some(why) => Err(self.lost(&why)),
            None => self.give_back(&ending),
        };
        self.link.released(self.token, &self.name);
        if ended.as_ref().is_err_and(Error::is_lost) {
            let entry = Entry {
                name: Some(ending.name),
                fence: Some(self.record.fence),
                detail: ending.reason.as_deref(),
                access: Some(self.access),
                state: Some(ending.state),
                ..Entry::new(event::Kind::Lost, ending.pool, &self.request, &self.holder)
            };
            let _ = self.link.ask(&self.at, wire::log(&[entry]), None, None);
        }
        ended
    }
}

impl RemoteHold {
    fn change(&self, record: &Known) -> String {
        let change = Change {
            token: self.token,
            name: &self.name,
            was: &self.known,
            record,
        };
        variant("change", &change)
    }

    fn give_back(&mut self, ending: &Ending<'_>) -> Result<()> {
        // What hooks have changed and not written. Readers write what they change.
        let saved = match self.access {
            Access::Exclusive => self.save(),
            Access::Shared => Ok(()),
        };
        let after = After {
            state: ending.state,
            reason: ending.reason.as_deref().map(shortened),
            as_it_was: ending.as_it_was,
        };
        match answer(&self.link, &self.at, self.release(after, ending.durable))? {
            Answer::Done => saved,
            Answer::Gone => Err(self.lost("it was not held any more when it was given back")),
            other => Err(unexpected(&other)),
        }
    }

    fn release(&self, after: After, durable: bool) -> String {
        self.link.release(&Release {
            token: self.token,
            name: &self.name,
            fence: self.record.fence,
            after,
            durable,
        })
    }

    fn lost(&self, why: &str) -> Error {
        Error::new(
            Kind::Lost,
            format!(
                "`{}` may have been lent to others while this test held it: {why}",
                self.name
            ),
        )
    }
}

/// A reason that every change of the pool can carry, and a line to the agent.
fn shortened(reason: &str) -> String {
    match reason.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{} ..", &reason[..end]),
        None => reason.to_owned(),
    }
}

impl Drop for RemoteHold {
    /// Its holder counts as one that died.
    fn drop(&mut self) {
        if self.ended || !self.link.is_of_this_process() {
            return;
        }
        let why = format!("`{}` ended while it held it", self.holder.test);
        let after = After {
            state: State::Dirty,
            reason: Some(why),
            as_it_was: false,
        };
        let ask = self.release(after, false);
        let _ = self.link.ask(&self.at, ask, None, None);
        self.link.released(self.token, &self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_two_characters() {
        assert_eq!(shortened("no disk"), "no disk");
        let long = "ä".repeat(LONGEST_REASON + 1);
        let cut = shortened(&long);
        assert_eq!(cut.chars().count(), LONGEST_REASON + 3);
        assert!(cut.ends_with("ä .."));
        assert_eq!(shortened(&long[2..]), long[2..]);
    }
}
