//! The timeline in every form: lanes of blocks over one stretch of time.

use std::collections::{BTreeMap, BTreeSet};

use crate::events::spans::{Lease, Span, Wait};

#[derive(Debug, Default)]
pub struct Chart {
    pub run: String,
    pub start: u64,
    pub end: u64,
    pub pools: Vec<Pool>,
    /// The runs whose leases are shown beside those of the run.
    pub others: Vec<Other>,
    /// The number of blocks that are not shown, because so many could not be told apart.
    pub left_out: usize,
}

#[derive(Debug, Default)]
pub struct Pool {
    pub name: String,
    pub lanes: Vec<Lane>,
    /// Rows of waits that do not overlap.
    pub waits: Vec<Vec<Wait>>,
}

/// What another run had of the pools that are shown.
#[derive(Debug)]
pub struct Other {
    pub run: String,
    pub leases: usize,
}

/// One name. Readers that share it have rows of their own.
#[derive(Debug, Default)]
pub struct Lane {
    pub name: String,
    pub rows: Vec<Vec<Lease>>,
}

const MOST: usize = 20_000;

/// Takes spans in any order.
#[derive(Debug, Default)]
pub struct Drawing {
    leases: Vec<Lease>,
    waits: Vec<Wait>,
    others: Vec<Lease>,
    left_out: usize,
}

impl Drawing {
    pub fn add(&mut self, span: Span) {
        let own = self.leases.len() + self.waits.len();
        match span {
            Span::Lease(_) | Span::Wait(_) if own == MOST => self.left_out += 1,
            Span::OtherLease(_) if self.others.len() == MOST => self.left_out += 1,
            Span::Lease(lease) => self.leases.push(lease),
            Span::Wait(wait) => self.waits.push(wait),
            Span::OtherLease(lease) => self.others.push(lease),
            // Hooks of the pool, or after the run: on no name's lane.
            Span::OtherWait(_) | Span::Hook { .. } => {}
        }
    }

    pub fn chart(mut self, run: String) -> Chart {
        let starts = self.leases.iter().map(|lease| lease.start);
        let start = starts.chain(self.waits.iter().map(|wait| wait.start)).min();
        let ends = self.leases.iter().map(|lease| lease.end);
        let end = ends.chain(self.waits.iter().map(|wait| wait.end)).max();
        let (start, end) = (start.unwrap_or(0), end.unwrap_or(0));
        let own = self.leases.iter().map(|lease| &lease.pool);
        let own: BTreeSet<_> = own
            .chain(self.waits.iter().map(|wait| &wait.pool))
            .collect();
        self.others
            .retain(|lease| own.contains(&lease.pool) && lease.start < end && lease.end > start);
        let others = others(&self.others);
        self.leases.append(&mut self.others);
        self.leases.sort_by_key(|lease| lease.start);
        self.waits.sort_by_key(|wait| wait.start);
        let mut pools: BTreeMap<String, (BTreeMap<Order, Lane>, Pool)> = BTreeMap::new();
        for lease in self.leases {
            let (lanes, _) = pools.entry(lease.pool.clone()).or_default();
            let lane = lanes.entry(order(&lease.name)).or_default();
            lane.name.clone_from(&lease.name);
            put(&mut lane.rows, lease, |lease| (lease.start, lease.end));
        }
        for wait in self.waits {
            let (_, pool) = pools.entry(wait.pool.clone()).or_default();
            put(&mut pool.waits, wait, |wait| (wait.start, wait.end));
        }
        let pools = pools.into_iter().map(|(name, (lanes, pool))| Pool {
            name,
            lanes: lanes.into_values().collect(),
            ..pool
        });
        Chart {
            run,
            start,
            end,
            pools: pools.collect(),
            others,
            left_out: self.left_out,
        }
    }
}

impl Chart {
    /// How long it is; never zero.
    pub fn length(&self) -> u64 {
        (self.end - self.start).max(1)
    }

    /// Whether it is a lease of another run.
    pub fn is_other(&self, lease: &Lease) -> bool {
        self.others.iter().any(|other| other.run == lease.run)
    }

    /// The part of a lease that is shown: one of another run may be longer.
    pub fn shown(&self, lease: &Lease) -> (u64, u64) {
        (lease.start.max(self.start), lease.end.min(self.end))
    }
}

fn others(leases: &[Lease]) -> Vec<Other> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for lease in leases {
        *counts.entry(&lease.run).or_default() += 1;
    }
    let others = counts.into_iter().map(|(run, leases)| Other {
        run: run.to_owned(),
        leases,
    });
    others.collect()
}

type Order = (String, u64, String);

/// As people count: `db-2`, then `db-10`.
fn order(name: &str) -> Order {
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (stem, number) = name.split_at(name.len() - digits);
    (
        stem.to_owned(),
        number.parse().unwrap_or(0),
        name.to_owned(),
    )
}

/// Puts it into the first row where it overlaps nothing.
fn put<T>(rows: &mut Vec<Vec<T>>, item: T, time: impl Fn(&T) -> (u64, u64)) {
    let (start, _) = time(&item);
    let free = |row: &&mut Vec<T>| row.last().is_none_or(|last| time(last).1 <= start);
    match rows.iter_mut().find(free) {
        Some(row) => row.push(item),
        None => rows.push(vec![item]),
    }
}
