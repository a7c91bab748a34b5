//! Backends for tests that stand in front of another one: they count what is asked of
//! it, make it fail, or hold it up.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::backend::Backend;
use crate::backend::ask::{Answer, Ask, Granted};
use crate::backend::hold::{Ending, Hold};
use crate::backend::hook_files::HookFiles;
use crate::backend::patience::Patience;
use crate::backend::runs::{Guard, LifeLock, Reaping, Runs};
#[cfg(feature = "tools")]
use crate::backend::snapshot::Forgotten;
use crate::backend::snapshot::{Ahead, BlockedHead, Snapshot};
use crate::base::error::{Error, Kind, Result};
use crate::terms::code::PoolCode;
use crate::terms::declaration::Declaration;
use crate::terms::event::{Entry, Event};
use crate::terms::holder::Holder;
use crate::terms::pool_life::PoolLife;
use crate::terms::record::{Record, Tenure};

/// What is asked of a backend, or of what it gave away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    Acquire,
    TryAcquire,
    TakeBack,
    Snapshot,
    Publish,
    Declare,
    Declarations,
    Code,
    DeclareCode,
    Log,
    Events,
    Runs,
    #[cfg(feature = "tools")]
    Forget,
    Save,
    Amend,
    Share,
    End,
    Join,
    IsAlive,
    IsRunning,
    EnsureReaper,
    StandBy,
    Life,
    ReadLife,
    WriteLife,
}

/// What becomes of a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Pass,
    /// It fails, and the backend never hears of it.
    Fail,
    /// What any backend may answer, and seldom does: a pool is gone, a writer was
    /// quicker.
    Lose,
}

/// Decides what becomes of each call.
pub(crate) trait Script: Send + Sync {
    fn call(&self, call: Call) -> Verdict;
}

impl<F: Fn(Call) -> Verdict + Send + Sync> Script for F {
    fn call(&self, call: Call) -> Verdict {
        self(call)
    }
}

/// Counts calls.
#[derive(Default)]
pub(crate) struct Counting(Mutex<BTreeMap<Call, usize>>);

impl Counting {
    /// How often each call was made since this was asked last.
    pub(crate) fn take(&self) -> Vec<(Call, usize)> {
        let counts = std::mem::take(&mut *self.0.lock().unwrap());
        counts.into_iter().collect()
    }
}

impl Script for Counting {
    fn call(&self, call: Call) -> Verdict {
        *self.0.lock().unwrap().entry(call).or_default() += 1;
        Verdict::Pass
    }
}

/// Spoils the nth call of a kind.
pub(crate) struct Failing {
    call: Call,
    left: AtomicUsize,
    lose: bool,
}

impl Failing {
    /// Counted from 1.
    pub(crate) fn nth(call: Call, n: usize) -> Self {
        Self {
            call,
            left: AtomicUsize::new(n),
            lose: false,
        }
    }

    /// As [`Verdict::Lose`].
    pub(crate) fn losing(call: Call, n: usize) -> Self {
        Self {
            lose: true,
            ..Self::nth(call, n)
        }
    }

    /// Whether the call has come.
    pub(crate) fn is_over(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

impl Script for Failing {
    fn call(&self, call: Call) -> Verdict {
        let count = |left: usize| left.checked_sub(1);
        let counted = match call == self.call {
            true => self
                .left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, count),
            false => Err(0),
        };
        match counted {
            Ok(1) if self.lose => Verdict::Lose,
            Ok(1) => Verdict::Fail,
            _ => Verdict::Pass,
        }
    }
}

/// Holds up the first call of a kind until it is released.
pub(crate) struct Delaying {
    call: Call,
    ends: Mutex<Option<(Sender<()>, Receiver<()>)>>,
}

/// A call that is held up. Goes on when this drops.
pub(crate) struct Delayed {
    came: Receiver<()>,
    _goes_on: Sender<()>,
}

impl Delaying {
    pub(crate) fn first(call: Call) -> (Self, Delayed) {
        let (comes, came) = channel();
        let (goes_on, waits) = channel();
        let delaying = Self {
            call,
            ends: Mutex::new(Some((comes, waits))),
        };
        let _goes_on = goes_on;
        (delaying, Delayed { came, _goes_on })
    }
}

impl Delayed {
    /// Waits until the call comes.
    pub(crate) fn has_come(&self) {
        self.came.recv().expect("the call comes");
    }
}

impl Script for Delaying {
    fn call(&self, call: Call) -> Verdict {
        if call == self.call
            && let Some((comes, waits)) = self.ends.lock().unwrap().take()
        {
            let _ = comes.send(());
            // Nothing is ever sent: it ends when the other side drops.
            let _ = waits.recv();
        }
        Verdict::Pass
    }
}

/// A backend before which a script stands.
pub(crate) struct Double {
    inner: Arc<dyn Backend>,
    script: Arc<dyn Script>,
    /// As long as the inner ones are the same.
    runs: Mutex<Option<Arc<DoubleRuns>>>,
}

impl Double {
    pub(crate) fn new(inner: Arc<dyn Backend>, script: &Arc<impl Script + 'static>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            script: script.clone(),
            runs: Mutex::default(),
        })
    }

    fn passes(&self, call: Call) -> Result<()> {
        pass(&*self.script, call)
    }

    fn asks(&self, call: Call, ask: impl FnOnce() -> Result<Answer>) -> Result<Answer> {
        let answer = match self.script.call(call) {
            Verdict::Pass => ask()?,
            Verdict::Fail => return Err(spoilt(call)),
            Verdict::Lose => return Ok(Answer::Gone),
        };
        let Answer::Granted(granted) = answer else {
            return Ok(answer);
        };
        let granted = granted.into_iter().map(|granted| Granted {
            hold: Box::new(DoubleHold {
                inner: granted.hold,
                script: self.script.clone(),
            }),
            ..granted
        });
        Ok(Answer::Granted(granted.collect()))
    }
}

fn pass(script: &dyn Script, call: Call) -> Result<()> {
    match script.call(call) {
        Verdict::Pass => Ok(()),
        Verdict::Fail | Verdict::Lose => Err(spoilt(call)),
    }
}

fn spoilt(call: Call) -> Error {
    Error::new(Kind::Io, format!("{call:?} is to fail"))
}

impl fmt::Debug for Double {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Backend for Double {
    fn acquire(&self, ask: &Ask<'_>, patience: &mut dyn Patience) -> Result<Answer> {
        self.asks(Call::Acquire, || self.inner.acquire(ask, patience))
    }

    fn try_acquire(&self, ask: &Ask<'_>) -> Result<Answer> {
        self.asks(Call::TryAcquire, || self.inner.try_acquire(ask))
    }

    fn take_back(&self, ask: &Ask<'_>) -> Result<()> {
        self.passes(Call::TakeBack)?;
        self.inner.take_back(ask)
    }

    fn keeps_files_open(&self) -> bool {
        self.inner.keeps_files_open()
    }

    fn key(&self) -> &str {
        self.inner.key()
    }

    fn snapshot(&self, key: &str) -> Result<Option<Snapshot>> {
        self.passes(Call::Snapshot)?;
        self.inner.snapshot(key)
    }

    fn ahead(&self, ask: &Ask<'_>, head: Option<&BlockedHead>) -> Ahead {
        self.inner.ahead(ask, head)
    }

    fn publish(&self, name: &str, token: &str, change: &dyn Fn(&mut Tenure)) {
        if self.passes(Call::Publish).is_ok() {
            self.inner.publish(name, token, change);
        }
    }

    fn declare(&self, run: &str, ours: Option<&Declaration>) -> Result<Option<Declaration>> {
        self.passes(Call::Declare)?;
        self.inner.declare(run, ours)
    }

    fn declarations(&self) -> Result<Vec<Declaration>> {
        self.passes(Call::Declarations)?;
        self.inner.declarations()
    }

    fn code(&self) -> Result<PoolCode> {
        self.passes(Call::Code)?;
        self.inner.code()
    }

    fn declare_code(&self, ours: &PoolCode) -> Result<PoolCode> {
        self.passes(Call::DeclareCode)?;
        self.inner.declare_code(ours)
    }

    fn log(&self, entry: &Entry<'_>) {
        if self.passes(Call::Log).is_ok() {
            self.inner.log(entry);
        }
    }

    fn hook_files(
        &self,
        name: Option<&str>,
        patience: &mut dyn Patience,
    ) -> Result<Option<HookFiles>> {
        self.inner.hook_files(name, patience)
    }

    fn events(&self, since: u64) -> Result<Box<dyn Iterator<Item = Result<Event>>>> {
        self.passes(Call::Events)?;
        self.inner.events(since)
    }

    fn runs(&self) -> Result<Arc<dyn Runs>> {
        self.passes(Call::Runs)?;
        let inner = self.inner.runs()?;
        let mut runs = self.runs.lock().unwrap();
        if let Some(known) = &*runs
            && std::ptr::addr_eq(Arc::as_ptr(&known.inner), Arc::as_ptr(&inner))
        {
            return Ok(known.clone());
        }
        let script = self.script.clone();
        Ok(runs.insert(Arc::new(DoubleRuns { inner, script })).clone())
    }

    #[cfg(feature = "tools")]
    fn forget(&self, holder: &Holder, force: bool) -> Result<Forgotten> {
        self.passes(Call::Forget)?;
        self.inner.forget(holder, force)
    }
}

struct DoubleHold {
    inner: Box<dyn Hold>,
    script: Arc<dyn Script>,
}

impl fmt::Debug for DoubleHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Hold for DoubleHold {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn holder(&self) -> &Arc<Holder> {
        self.inner.holder()
    }

    fn record(&mut self) -> &mut Record {
        self.inner.record()
    }

    fn save(&mut self) -> Result<()> {
        pass(&*self.script, Call::Save)?;
        self.inner.save()
    }

    fn amend(&mut self, change: &mut dyn FnMut(&mut Record)) -> Result<()> {
        pass(&*self.script, Call::Amend)?;
        self.inner.amend(change)
    }

    fn share(&mut self) -> Result<bool> {
        match self.script.call(Call::Share) {
            Verdict::Pass => self.inner.share(),
            Verdict::Fail => Err(spoilt(Call::Share)),
            Verdict::Lose => Ok(false),
        }
    }

    fn is_of_this_process(&self) -> bool {
        self.inner.is_of_this_process()
    }

    fn leave(self: Box<Self>) {
        self.inner.leave();
    }

    fn end(self: Box<Self>, ending: Ending<'_>) -> Result<()> {
        pass(&*self.script, Call::End)?;
        self.inner.end(ending)
    }
}

struct DoubleRuns {
    inner: Arc<dyn Runs>,
    script: Arc<dyn Script>,
}

impl fmt::Debug for DoubleRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Runs for DoubleRuns {
    fn join(&self, run: &str, patience: &mut dyn Patience) -> Result<Box<dyn Guard>> {
        pass(&*self.script, Call::Join)?;
        self.inner.join(run, patience)
    }

    fn is_alive(&self, run: &str, patience: Option<&mut dyn Patience>) -> Result<bool> {
        pass(&*self.script, Call::IsAlive)?;
        self.inner.is_alive(run, patience)
    }

    fn is_running(&self, run: &str, patience: Option<&mut dyn Patience>) -> Result<bool> {
        pass(&*self.script, Call::IsRunning)?;
        self.inner.is_running(run, patience)
    }

    fn ensure_reaper(
        &self,
        run: &str,
        patience: &mut dyn Patience,
        start: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        pass(&*self.script, Call::EnsureReaper)?;
        self.inner.ensure_reaper(run, patience, start)
    }

    fn stand_by<'a>(&'a self, run: &str) -> Result<Option<Box<dyn Reaping + 'a>>> {
        pass(&*self.script, Call::StandBy)?;
        self.inner.stand_by(run)
    }

    fn life<'a>(&'a self, patience: Option<&mut dyn Patience>) -> Result<Box<dyn LifeLock + 'a>> {
        pass(&*self.script, Call::Life)?;
        Ok(Box::new(DoubleLife {
            inner: self.inner.life(patience)?,
            script: self.script.clone(),
        }))
    }

    fn life_by_now(&self) -> Option<PoolLife> {
        self.inner.life_by_now()
    }

    fn is_gone(&self) -> bool {
        self.inner.is_gone()
    }
}

struct DoubleLife<'a> {
    inner: Box<dyn LifeLock + 'a>,
    script: Arc<dyn Script>,
}

impl LifeLock for DoubleLife<'_> {
    fn read(&self) -> Result<PoolLife> {
        pass(&*self.script, Call::ReadLife)?;
        self.inner.read()
    }

    fn write(&self, life: &PoolLife) -> Result<()> {
        pass(&*self.script, Call::WriteLife)?;
        self.inner.write(life)
    }
}

/// A request's patience that notes what it is told.
pub(crate) struct Noting {
    notes: Sender<&'static str>,
    deadline: Instant,
    is_blocked: bool,
}

impl Noting {
    /// One that ends at a time which no test reaches; and its notes, without ticks.
    pub(crate) fn new() -> (Self, Receiver<&'static str>) {
        Self::until(Instant::now() + Duration::from_secs(600))
    }

    pub(crate) fn until(deadline: Instant) -> (Self, Receiver<&'static str>) {
        let (notes, noted) = channel();
        let noting = Self {
            notes,
            deadline,
            is_blocked: false,
        };
        (noting, noted)
    }

    fn note(&self, what: &'static str) {
        // Not every test reads them.
        let _ = self.notes.send(what);
    }
}

impl Patience for Noting {
    fn blocked(&mut self) {
        if !self.is_blocked {
            self.note("blocked");
        }
        self.is_blocked = true;
    }

    fn beside(&mut self, reserved: bool) {
        self.note(match reserved {
            true => "reserved",
            false => "beside",
        });
    }

    fn until(&self) -> Instant {
        self.deadline
    }

    fn tick(&mut self) -> Result<()> {
        match Instant::now() < self.deadline {
            true => Ok(()),
            false => Err(Error::new(Kind::Timeout, "patience is over")),
        }
    }

    fn waited(&self) -> Option<Duration> {
        self.is_blocked.then_some(Duration::from_secs(7))
    }
}
