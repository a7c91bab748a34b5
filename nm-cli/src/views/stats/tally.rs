use std::collections::BTreeMap;

use nm_runtime::journal::Kind;
use nm_runtime::record::State;

use crate::events::extent::Extent;
use crate::events::spans::{Ending, Hook, Lease, Span, Wait, WaitEnding};
use crate::views::stats::waits::Waits;

/// What happened in one pool.
#[derive(Debug, Default)]
pub struct Tally {
    pub names: BTreeMap<String, NameTally>,
    pub waits: Waits,
    /// How much of the waiting passed while a reaper cleaned up after another run.
    pub waits_in_cleanup: u64,
    /// How much of it passed while other runs held names.
    pub waits_beside_others: u64,
    pub requests: u64,
    pub unclean: u64,
    pub died: u64,
    pub timeouts: u64,
    pub deadlocks: u64,
    /// By kind: how many and how long.
    pub hooks: BTreeMap<&'static str, (u64, u64)>,
    pub failed_hooks: u64,
    first: Option<u64>,
    last: u64,
    /// The request that was counted last: it may be for several names.
    request: String,
}

#[derive(Debug, Default)]
pub struct NameTally {
    pub leases: u64,
    /// In micros, hooks included.
    pub held: u64,
    /// By tests of other runs, while the run's tests were under way.
    pub held_by_others: u64,
    /// Until when it was seen held: readers share that time.
    until: u64,
    until_by_others: u64,
    /// When anybody had it.
    used: Vec<(u64, u64)>,
}

/// Adds a span of time, as far as it is after what was added before.
fn extend(sum: &mut u64, until: &mut u64, start: u64, end: u64) {
    *sum = sum.saturating_add(end.saturating_sub(start.max(*until)));
    *until = end.max(*until);
}

impl Tally {
    pub fn add(&mut self, span: &Span, run: Option<&Extent>) {
        match span {
            // A reaper is no user: its hooks count, its lease does not.
            Span::Lease(lease) if lease.to_reaper => {
                lease.hooks.iter().for_each(|hook| self.hook(hook));
            }
            Span::Wait(wait) if wait.of_reaper => {}
            Span::Lease(lease) => self.lease(lease),
            Span::Wait(wait) => self.wait(wait),
            Span::Hook { hook, .. } => self.hook(hook),
            Span::OtherLease(lease) => {
                if let Some(run) = run {
                    self.other_lease(lease, run);
                }
            }
            Span::OtherWait(_) => {}
        }
    }

    /// Whether the run itself used the pool.
    pub fn is_used(&self) -> bool {
        self.requests > 0 || !self.hooks.is_empty()
    }

    fn name(&mut self, name: &str) -> &mut NameTally {
        if !self.names.contains_key(name) {
            self.names.insert(name.to_owned(), NameTally::default());
        }
        self.names.get_mut(name).expect("it was just put there")
    }

    fn other_lease(&mut self, lease: &Lease, run: &Extent) {
        let (start, end) = run.of_tests(lease.start, lease.end);
        if start == end {
            return;
        }
        let name = self.name(&lease.name);
        extend(
            &mut name.held_by_others,
            &mut name.until_by_others,
            start,
            end,
        );
        name.used.push((start, end));
    }

    fn lease(&mut self, lease: &Lease) {
        self.reach(lease.start.saturating_sub(lease.waited), lease.end);
        let name = self.name(&lease.name);
        name.leases += 1;
        extend(&mut name.held, &mut name.until, lease.start, lease.end);
        name.used.push((lease.start, lease.end));
        if self.request != lease.request {
            lease.request.clone_into(&mut self.request);
            self.requests += 1;
            if lease.waited > 0 {
                self.waits.add(&lease.test, lease.waited);
            }
        }
        match lease.ending {
            Ending::Died => self.died += 1,
            Ending::Released(State::Dirty | State::Broken) => self.unclean += 1,
            Ending::Released(State::Clean) | Ending::Open => {}
        }
        for hook in &lease.hooks {
            self.hook(hook);
        }
    }

    fn wait(&mut self, wait: &Wait) {
        if wait.ending != WaitEnding::Open {
            self.waits_in_cleanup = self.waits_in_cleanup.saturating_add(wait.in_cleanup);
            self.waits_beside_others = self.waits_beside_others.saturating_add(wait.beside_others);
        }
        match wait.ending {
            // Counted with its lease.
            WaitEnding::Granted | WaitEnding::Open => return,
            WaitEnding::Timeout => self.timeouts += 1,
            WaitEnding::Deadlock => self.deadlocks += 1,
        }
        self.requests += 1;
        self.reach(wait.start, wait.end);
        self.waits.add(&wait.test, wait.end - wait.start);
    }

    fn hook(&mut self, hook: &Hook) {
        // Hooks after the run are not part of its length.
        if !matches!(hook.kind, Kind::Cleanup | Kind::Teardown) {
            self.reach(hook.start, hook.end);
        }
        let (count, micros) = self.hooks.entry(hook.kind.as_str()).or_default();
        *count += 1;
        *micros = micros.saturating_add(hook.end - hook.start);
        self.failed_hooks += u64::from(hook.failed);
    }

    fn reach(&mut self, from: u64, until: u64) {
        self.first = Some(self.first.map_or(from, |first| first.min(from)));
        self.last = self.last.max(until);
    }

    /// From the first request to the last release.
    pub fn makespan(&self) -> u64 {
        self.first
            .map_or(0, |first| self.last.saturating_sub(first))
    }

    /// The share of the makespan in which a name was held, by whichever run.
    pub fn use_of(&self, name: &NameTally) -> f64 {
        let mut used = name.used.clone();
        used.sort_unstable();
        // Other runs may have had it when this one did not use the pool.
        let (mut sum, mut until) = (0, self.first.unwrap_or(0));
        for (start, end) in used {
            extend(&mut sum, &mut until, start, end.min(self.last));
        }
        match self.makespan() {
            0 => 0.0,
            makespan => sum as f64 / makespan as f64,
        }
    }
}
