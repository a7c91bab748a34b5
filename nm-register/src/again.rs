//! What an agent holds, said again to a server that may have forgotten it.

use crate::access::Access;
use crate::document::{Hold, Waiter};
use crate::event::Kind;
use crate::id::Token;
use crate::names::is_lock;
use crate::work::Work;

/// What the next holder is told of a lease that nobody had put an end to.
const FORGOTTEN: &str = "how its lease ended is not known any more";

impl Work<'_> {
    /// Makes the entries of this session what its agent knows. Those that are lost.
    pub(crate) fn say_again(&mut self, holds: &[Hold], waiters: &[Waiter]) -> Vec<(Token, String)> {
        let mut lost = Vec::new();
        for hold in holds {
            // It was granted since.
            self.document
                .line
                .retain(|waiter| waiter.token != hold.token);
            let own = |known: &&mut Hold| known.token == hold.token && known.name == hold.name;
            if let Some(known) = self.document.holds.iter_mut().find(own) {
                known.session = self.known.session;
                known.alone &= hold.alone;
            } else if !self.put_back(hold) {
                lost.push((hold.token, hold.name.clone()));
                self.log(Kind::Lost, hold, None, None);
            }
        }
        for waiter in waiters {
            let known = self.document.line.iter_mut();
            match known.into_iter().find(|known| known.token == waiter.token) {
                Some(known) => known.session = self.known.session,
                None => self.stand_in_line(waiter),
            }
        }
        lost
    }

    /// Puts a hold back that the document lacks. Only before names are granted again: later
    /// ones may have used the name and be gone. And only if nobody is known to have been
    /// granted the name after it who could have that only once it had ended: a single holder,
    /// or, of a hold that excludes others, anybody.
    fn put_back(&mut self, hold: &Hold) -> bool {
        if self.known.calm {
            return false;
        }
        let known = self.known(&hold.name);
        let ended_by = match hold.excludes() {
            true => known.fence,
            false => known.alone,
        };
        if hold.fence <= ended_by {
            return false;
        }
        known.fence = known.fence.max(hold.fence);
        if hold.excludes() {
            known.alone = hold.fence;
        }
        // They were granted before: the server has merely forgotten that they ended, or that
        // a first reader let others in.
        let mut ended = Vec::new();
        self.document.holds.retain_mut(|other| {
            if other.name != hold.name {
                return true;
            }
            let ends = hold.excludes() || other.access == Access::Exclusive;
            if ends {
                ended.push(other.clone());
            } else {
                other.alone = false;
            }
            !ends
        });
        for other in ended {
            self.abandoned(&other, FORGOTTEN);
        }
        self.document.holds.push(Hold {
            session: self.known.session,
            ..hold.clone()
        });
        true
    }

    /// Ends all of this session that its agent does not know, or knows to be over: what came
    /// of a swap after its token was given up, and what was released in changes that the
    /// server forgot.
    pub(crate) fn keep(&mut self, held: &[(Token, String)], asked: &[Token]) {
        let session = self.known.session;
        let line = &mut self.document.line;
        line.retain(|waiter| waiter.session != session || asked.contains(&waiter.token));
        // By name, too: of several that were granted together some may be released.
        let is_over = |hold: &Hold| {
            let is_held =
                |(token, name): &(Token, String)| *token == hold.token && *name == hold.name;
            hold.session == session && !asked.contains(&hold.token) && !held.iter().any(is_held)
        };
        let holds = &mut self.document.holds;
        let over: Vec<_> = holds.extract_if(.., |hold| is_over(hold)).collect();
        for hold in over {
            self.abandoned(&hold, FORGOTTEN);
        }
    }

    /// What is left of a hold that has been taken out.
    fn abandoned(&mut self, hold: &Hold, how: &str) {
        if !is_lock(&hold.name)
            && let Some(known) = self.document.names.get_mut(&hold.name)
        {
            known.record.abandon(&hold.who, how.to_owned());
        }
        self.log(Kind::Died, hold, Some(how), None);
    }
}
