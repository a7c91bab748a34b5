//! One request's wait: its deadline, what it tells people, and how it ends.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Kind, Result};
use crate::base::text;
use crate::base::{caller, notice};
use crate::config::place;
use crate::config::pool::DEFAULT_WAIT;
use crate::journal::Entry;
use crate::lend::deadlock::{self, Watch};
use crate::lend::held::{self, Held};
use crate::lend::live::Live;
use crate::lend::occupancy;
use crate::local::blocked_head::BlockedHead;
use crate::local::dir::{PoolDir, unusable};
use crate::local::gate::Permit;
use crate::local::grant::{Grant, next_request};
use crate::local::lock::Locked;
use crate::local::timed_lock::Queued;
use crate::pool::Shared;
use crate::sys::OpenFile;
use crate::terms::access::Access;
use crate::terms::event;
use crate::terms::holder::Holder;
use crate::terms::record::Waiting;
use crate::terms::want::Want;

const FIRST_NOTICE: Duration = Duration::from_secs(1);
const NEXT_NOTICE: Duration = Duration::from_secs(30);

pub(crate) struct Wait<'a> {
    pool: &'a Shared,
    want: &'a Want,
    count: usize,
    holder: Holder,
    request: String,
    started: Instant,
    timeout: Duration,
    next_notice: Instant,
    live: Option<Live>,
    /// What the thread holds while it asks for more.
    held: Vec<Held>,
    /// Since when it is blocked, rather than merely asking.
    begun: Option<Watch>,
}

impl<'a> Wait<'a> {
    /// Refuses at once what no wait would ever end.
    pub(crate) fn new(
        pool: &'a Shared,
        want: &'a Want,
        count: usize,
        holder: Holder,
    ) -> Result<Self> {
        let started = Instant::now();
        let held = held::by(&holder.token);
        let wait = Self {
            pool,
            want,
            count,
            request: next_request(holder.pid),
            holder,
            started,
            timeout: want
                .timeout
                .or(pool.config.wait_timeout)
                .unwrap_or(DEFAULT_WAIT),
            next_notice: started + FIRST_NOTICE,
            live: None,
            held,
            begun: None,
        };
        wait.refuse_what_it_holds()?;
        Ok(wait)
    }

    fn refuse_what_it_holds(&self) -> Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let path = place::pool_dir(&self.pool.config.state_dir, &self.pool.name);
        let here = |held: &&Held| held.dir.pool.path() == path;
        let mut own = self.held.iter().filter(here).map(|held| held.name.as_str());
        let (name, taken) = match &self.want.name {
            Some(wanted) => match own.find(|own| own == wanted) {
                Some(name) => (name, "that very name".to_owned()),
                None => return Ok(()),
            },
            None => {
                let own: Vec<_> = own.collect();
                match (own.first(), self.pool.config.names.capacity()) {
                    (Some(name), Some(capacity)) if capacity - own.len() < self.count => {
                        (*name, format!("{} of {capacity}", own.len()))
                    }
                    _ => return Ok(()),
                }
            }
        };
        let pool = &self.pool.name;
        Err(Error::new(
            Kind::AlreadyHeld,
            format!(
                "`{}` already holds `{name}` of pool `{pool}` ({taken}), so waiting for {} more would never end; use that lease, or ask for all at once with `count`",
                self.holder.test, self.count
            ),
        ))
    }

    /// Waits for room in this process.
    pub(crate) fn enter_gate(&self) -> Result<Permit> {
        if !self.held.is_empty() {
            return Ok(Permit::unlimited());
        }
        let permit = Permit::wait(self.count as u64, self.deadline());
        permit.ok_or_else(|| {
            Error::new(
                Kind::Timeout,
                format!(
                    "timed out after {} waiting for pool `{}`: this process already has as many requests under way as its limit of open files allows; raise it (ulimit -n) or run fewer tests at once",
                    humantime::format_duration(self.timeout), self.pool.name
                ),
            )
        })
    }

    fn deadline(&self) -> Instant {
        // A timeout beyond what the clock can count is none.
        let forever = Duration::from_secs(1 << 32);
        self.started + self.timeout.min(forever)
    }

    /// What was no waiting does not count.
    pub(crate) fn pause(&mut self, time: Duration) {
        self.started += time;
        self.next_notice += time;
    }

    /// The request's id, as its events bear it.
    pub(crate) fn request(&self) -> &str {
        &self.request
    }

    /// Who waits.
    pub(crate) fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Whether the request had to wait at all.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// Called whenever the request blocks: writes that down the first time.
    pub(crate) fn begin(&mut self, dir: &PoolDir) {
        if self.begun.is_some() {
            return;
        }
        self.begun = Some(Watch::new(Instant::now()));
        self.journal(dir, event::Kind::Waiting, &self.wanted());
        held::publish(&self.held, Some(&self.waiting(dir)));
    }

    /// Called when the request goes on to wait beside the queue, and once the name
    /// is reserved for it.
    pub(crate) fn left_queue(&self, dir: &PoolDir, reserved: bool) {
        let beside = Waiting {
            queued: false,
            reserved: Some(reserved),
            ..self.waiting(dir)
        };
        held::publish(&self.held, Some(&beside));
    }

    /// What others see of this request while it heads the queue and waits.
    pub(crate) fn blocked_head(&self, dir: &PoolDir, taken: Vec<String>) -> BlockedHead {
        BlockedHead::new(self.holder.clone(), self.waiting(dir), taken)
    }

    fn waiting(&self, dir: &PoolDir) -> Waiting {
        Waiting {
            pool: self.pool.name.to_string(),
            dir: dir.pool.path().display().to_string(),
            count: self.count as u64,
            capacity: self.pool.config.names.capacity().map(|n| n as u64),
            name: self.want.name.clone(),
            access: self.want.access,
            queued: true,
            reserved: None,
        }
    }

    /// By when [`Wait::tick`] must be called again.
    pub(crate) fn until(&self) -> Instant {
        let mut until = self.next_notice.min(self.deadline());
        if let (Some(watch), false) = (&self.begun, self.held.is_empty()) {
            until = until.min(watch.next());
        }
        until
    }

    /// Does what is due: gives up, looks for a deadlock, tells the user.
    pub(crate) fn tick(&mut self, dir: &PoolDir) -> Result<()> {
        let now = Instant::now();
        if now >= self.deadline() {
            return Err(self.timed_out(dir));
        }
        if !self.held.is_empty()
            && let Some(watch) = &mut self.begun
            && watch.next() <= now
            && let Some(circle) = watch.look(&self.holder.token, now)
        {
            return Err(self.deadlocked(dir, &circle));
        }
        if now >= self.next_notice {
            match self.live.take().or_else(Live::begin) {
                Some(live) => {
                    self.next_notice = now + FIRST_NOTICE;
                    live.show(&self.in_one_line(dir));
                    self.live = Some(live);
                }
                None => {
                    self.next_notice = now + NEXT_NOTICE;
                    self.say_so(dir);
                }
            }
        }
        Ok(())
    }

    /// Waits for a lock that was asked for.
    pub(crate) fn for_lock(
        &mut self,
        queued: &Queued,
        dir: &PoolDir,
        path: &Path,
    ) -> Result<Locked> {
        loop {
            let lock = queued.wait_until(self.until());
            match lock.map_err(|error| unusable(path, error))? {
                Some(lock) => return Ok(lock),
                None => self.tick(dir)?,
            }
        }
    }

    /// Locks a file that somebody else has locked.
    pub(crate) fn for_file(
        &mut self,
        file: OpenFile,
        access: Access,
        dir: &PoolDir,
        path: &Path,
    ) -> Result<Locked> {
        let queued =
            Queued::join(file, access, Box::new(|| ())).map_err(|error| unusable(path, error))?;
        self.for_lock(&queued, dir, path)
    }

    /// To whom the names go, now that they are there.
    pub(crate) fn grant(&self, others_wait: bool) -> Grant {
        let waited = match self.begun {
            Some(_) => self.started.elapsed(),
            None => Duration::ZERO,
        };
        Grant {
            holder: self.holder.clone(),
            request: self.request.clone(),
            waited,
            contended: others_wait || self.has_begun(),
        }
    }

    fn journal(&self, dir: &PoolDir, kind: event::Kind, detail: &str) {
        let waited = self.started.elapsed().as_micros() as u64;
        let entry = Entry {
            name: self.want.name.as_deref(),
            detail: Some(detail),
            waited: (kind != event::Kind::Waiting).then_some(waited),
            access: Some(self.want.access),
            ..Entry::new(kind, &self.pool.name, &self.request, &self.holder)
        };
        dir.journal.write(&dir.pool, &entry);
    }

    /// `a name`, `2 names`, `db-0`, with `to share`.
    fn wanted(&self) -> String {
        let what = match (&self.want.name, self.count) {
            (Some(name), _) => format!("`{name}`"),
            (None, 1) => "a name".to_owned(),
            (None, count) if Some(count) == self.pool.config.names.capacity() => {
                format!("all {count} names")
            }
            (None, count) => format!("{count} names"),
        };
        match self.want.access {
            Access::Exclusive => what,
            Access::Shared => format!("{what} to share"),
        }
    }

    fn in_one_line(&self, dir: &PoolDir) -> String {
        let occupants = match occupancy::of(dir, &self.pool.config.names) {
            occupants if occupants.is_empty() => "queued behind others".to_owned(),
            occupants => occupants.join("; "),
        };
        format!(
            "waiting {} for {} of pool `{}`: {occupants}",
            text::seconds(self.started.elapsed()),
            self.wanted(),
            self.pool.name,
        )
    }

    fn say_so(&self, dir: &PoolDir) {
        let mut text = format!(
            "`{}` has waited {} for {} of pool `{}`\n",
            self.holder.test,
            text::seconds(self.started.elapsed()),
            self.wanted(),
            self.pool.name,
        );
        let occupants = occupancy::of(dir, &self.pool.config.names);
        for line in &occupants {
            text.push_str(&format!("    {line}\n"));
        }
        if occupants.is_empty() {
            text.push_str("    it is queued behind others\n");
        }
        notice::say(&text);
    }

    fn timed_out(&self, dir: &PoolDir) -> Error {
        self.journal(dir, event::Kind::Timeout, &self.wanted());
        let pool = &self.pool.name;
        let held = match occupancy::of(dir, &self.pool.config.names) {
            occupants if occupants.is_empty() => "queued behind other waiters".to_owned(),
            occupants => occupants.join("; "),
        };
        let asked_with = match caller::get() {
            Some(_) => "say so with `--timeout`, or set `wait_timeout`",
            None => "set `wait_timeout` in the attribute or",
        };
        Error::new(
            Kind::Timeout,
            format!(
                "timed out after {} waiting for {} of pool `{pool}` ({held}); to wait longer, {asked_with} under [workspace.metadata.name-manager.pools.{pool}], or NAME_MANAGER_WAIT_TIMEOUT",
                humantime::format_duration(self.timeout),
                self.wanted(),
            ),
        )
    }

    fn deadlocked(&self, dir: &PoolDir, circle: &deadlock::Circle) -> Error {
        let message = format!(
            "deadlock: {}; ask for all of them before the body instead, one `#[shared_resource(..)]` for each pool on each of these tests",
            circle.describe()
        );
        self.journal(dir, event::Kind::Deadlock, &message);
        Error::new(Kind::Deadlock, message)
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if self.begun.is_some() {
            held::publish(&self.held, None);
        }
    }
}
