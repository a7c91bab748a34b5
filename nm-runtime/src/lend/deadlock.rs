//! Deadlock detection, for tests that acquire more names inside their bodies.
//!
//! Builds a resource-allocation graph from the records of held names, where every
//! holder that waits for more says what it waits for, and from what the heads of queues
//! publish. A set of requests is deadlocked if no member's request can be met even if
//! all others outside of the set finish.
//!
//! Records may be read half-way through a change, so only a cycle that is seen twice
//! counts; and one holder of a cycle fails, the one with the highest token.

use std::time::{Duration, Instant};

use crate::backend::Backend;
use crate::backend::snapshot::{BlockedHead, NameSnapshot};
use crate::base::text;
use crate::lend::held::HeldName;
use crate::terms::access::Access;
use crate::terms::holder::Holder;
use crate::terms::record::{State, Waiting};

const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Looks for a cycle periodically while its owner waits.
#[derive(Debug)]
pub(crate) struct Watch {
    next: Instant,
    seen: Option<(Cycle, u32)>,
}

/// After this many sightings the chosen holder should have failed: any other may.
const CHOSEN_FAILS_WITHIN: u32 = 6;

impl Watch {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            next: now + LOOK_EVERY,
            seen: None,
        }
    }

    pub(crate) fn next(&self) -> Instant {
        self.next
    }

    /// The cycle that the waiter is in, once it is certain and the waiter is the one
    /// to fail.
    /// `wanted`: the backend of what it waits for.
    pub(crate) fn look(
        &mut self,
        token: &str,
        held: &[HeldName],
        wanted: &dyn Backend,
        now: Instant,
    ) -> Option<Cycle> {
        self.next = now + LOOK_EVERY;
        let found = Graph::read_around(held, wanted).cycle(token);
        let times = match (&self.seen, &found) {
            (Some((seen, times)), Some(found)) if seen == found => times + 1,
            _ => 1,
        };
        self.seen = found.map(|cycle| (cycle, times));
        let (cycle, times) = self.seen.as_ref()?;
        // A head without a lease does not look for cycles, and has nothing to release.
        let holders = cycle.0.iter().filter(|member| member.holds_lease);
        let chosen = holders.map(|member| order(&member.token)).max() == Some(order(token));
        let certain = *times > 1 && (chosen || *times > CHOSEN_FAILS_WITHIN);
        certain.then(|| cycle.clone())
    }
}

/// Tokens are `pid-thread`.
fn order(token: &str) -> (u64, u64) {
    let (pid, thread) = token.split_once('-').unwrap_or((token, "0"));
    (pid.parse().unwrap_or(0), thread.parse().unwrap_or(0))
}

/// Requests that wait for each other: none can be met before another member's is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cycle(Vec<Member>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Member {
    token: String,
    test: String,
    /// Whether it holds a lease, rather than only its place in a queue.
    holds_lease: bool,
    holds: Vec<String>,
    waits_for: String,
}

impl Cycle {
    pub(crate) fn describe(&self) -> String {
        let mut all = Vec::new();
        for member in &self.0 {
            let (test, waits_for) = (&member.test, &member.waits_for);
            all.push(match member.holds.is_empty() {
                true => format!("`{test}` waits for {waits_for}"),
                false => format!(
                    "`{test}` holds {} and waits for {waits_for}",
                    text::quoted(&member.holds)
                ),
            });
        }
        all.join("; ")
    }
}

/// The part of the resource-allocation graph that concerns one waiter.
#[derive(Debug, Default)]
struct Graph {
    nodes: Vec<Node>,
    pools: Vec<PoolState>,
}

#[derive(Debug)]
struct PoolState {
    dir: String,
    names: Vec<NameState>,
    /// The token of the head of the queue, if it is blocked.
    head: Option<String>,
    /// The names that the head has already taken for its request.
    taken: Vec<String>,
}

#[derive(Debug)]
struct NameState {
    name: String,
    holdings: Vec<Holding>,
    /// Reserved for a waiter for this very name.
    reserved: bool,
    /// The run to which it is not lent, because it is broken there.
    broken_in: Option<String>,
}

impl NameState {
    fn is_wanted(&self, waiting: &Waiting) -> bool {
        waiting.name.as_ref().is_none_or(|want| *want == self.name)
    }
}

#[derive(Debug)]
struct Holding {
    token: String,
    access: Access,
}

/// A holder or a waiter, or both.
#[derive(Debug)]
struct Node {
    token: String,
    test: String,
    run: String,
    /// Whether it holds a lease, rather than only its place in a queue.
    holds_lease: bool,
    /// Sorted, each once.
    holds: Vec<String>,
    waiting: Option<Waiting>,
}

impl Node {
    /// A reader may hold one name twice.
    fn hold(&mut self, name: &str) {
        let place = self.holds.binary_search_by(|held| held.as_str().cmp(name));
        if let Err(place) = place {
            self.holds.insert(place, name.to_owned());
        }
    }
}

impl Graph {
    /// Follows what holders wait for from pool to pool, starting with the pools of the
    /// names that the waiter holds: it, too, is read from its records.
    fn read_around(held: &[HeldName], wanted: &dyn Backend) -> Self {
        let mut graph = Self::default();
        let mut unread: Vec<String> = held
            .iter()
            .map(|held| held.backend.key().to_owned())
            .collect();
        while let Some(dir) = unread.pop() {
            if graph.pool(&dir).is_some() {
                continue;
            }
            // The first backend that can look at it.
            let held = held.iter().map(|held| &*held.backend);
            let mut snapshots = held
                .chain([wanted])
                .filter_map(|backend| backend.snapshot(&dir).ok().flatten());
            let snapshot = snapshots.next().unwrap_or_default();
            let mut pool = PoolState {
                dir,
                names: Vec::new(),
                head: None,
                taken: Vec::new(),
            };
            for NameSnapshot {
                name,
                record,
                holders: tenures,
                reserved,
                ..
            } in snapshot.names
            {
                let mut holdings = Vec::new();
                for tenure in tenures {
                    let node = graph.node_mut(&tenure.holder);
                    node.holds_lease = true;
                    node.hold(&name);
                    if let Some(waiting) = tenure.waiting {
                        unread.push(waiting.dir.clone());
                        node.waiting = Some(waiting);
                    }
                    holdings.push(Holding {
                        token: tenure.holder.token.clone(),
                        access: tenure.access,
                    });
                }
                let broken = record.filter(|record| record.state == State::Broken);
                pool.names.push(NameState {
                    name,
                    holdings,
                    reserved,
                    broken_in: broken.and_then(|record| record.broken_in),
                });
            }
            if let Some(head) = snapshot.head {
                graph.add_blocked_head(head, &mut pool);
            }
            graph.pools.push(pool);
        }
        graph
    }

    fn pool(&self, dir: &str) -> Option<&PoolState> {
        self.pools.iter().find(|pool| pool.dir == dir)
    }

    fn node_of(&self, token: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.token == token)
    }

    /// The node of this holder, added if need be.
    fn node_mut(&mut self, holder: &Holder) -> &mut Node {
        let known = self.nodes.iter().position(|n| n.token == holder.token);
        let at = known.unwrap_or(self.nodes.len());
        if known.is_none() {
            self.nodes.push(Node {
                token: holder.token.clone(),
                test: holder.test.clone(),
                run: holder.run.clone(),
                holds_lease: false,
                holds: Vec::new(),
                waiting: None,
            });
        }
        &mut self.nodes[at]
    }

    /// What a blocked head has taken is out of others' reach, though no record says
    /// so yet.
    fn add_blocked_head(&mut self, head: BlockedHead, pool: &mut PoolState) {
        let node = self.node_mut(&head.holder);
        for name in &head.taken {
            node.hold(name);
            let holding = Holding {
                token: head.holder.token.clone(),
                // Even a reader: until it has all of them it lets no other reader in.
                access: Access::Exclusive,
            };
            match pool.names.iter_mut().find(|known| known.name == *name) {
                Some(known) => known.holdings.push(holding),
                None => pool.names.push(NameState {
                    name: name.clone(),
                    holdings: vec![holding],
                    reserved: false,
                    broken_in: None,
                }),
            }
        }
        node.waiting = Some(head.waiting);
        pool.head = Some(head.holder.token);
        pool.taken = head.taken;
    }

    /// The names that this waiter has taken as the head of the queue; it waits for others.
    fn taken(&self, token: &str, waiting: &Waiting) -> Option<&Vec<String>> {
        let pool = self.pool(&waiting.dir)?;
        (pool.head.as_deref() == Some(token)).then_some(&pool.taken)
    }

    /// For each name that this request could take, the holders that must release it
    /// first.
    fn blockers(&self, token: &str, waiting: &Waiting) -> Vec<Vec<&str>> {
        let Some(pool) = self.pool(&waiting.dir) else {
            return Vec::new();
        };
        let taken = self.taken(token, waiting);
        let mut blockers = Vec::new();
        for state in pool.names.iter().filter(|name| name.is_wanted(waiting)) {
            if taken.is_some_and(|taken| taken.contains(&state.name)) {
                continue;
            }
            // The waiter that a name is reserved for waits for all of its holders.
            let kept = state.reserved && waiting.reserved != Some(true);
            let in_the_way = state.holdings.iter().filter(|holding| {
                kept || [waiting.access, holding.access].contains(&Access::Exclusive)
            });
            let holders: Vec<_> = in_the_way.map(|holding| holding.token.as_str()).collect();
            if !holders.is_empty() {
                blockers.push(holders);
            }
        }
        blockers
    }

    /// The names of the pool that this request cannot take, whoever finishes. What another
    /// run has may come back unbroken.
    fn broken(&self, node: &Node, waiting: &Waiting) -> Vec<String> {
        let Some(pool) = self.pool(&waiting.dir) else {
            return Vec::new();
        };
        let mut broken = Vec::new();
        for name in pool.names.iter().filter(|name| name.is_wanted(waiting)) {
            if name.holdings.is_empty() && name.broken_in.as_deref() == Some(&*node.run) {
                broken.push(name.name.clone());
            }
        }
        broken
    }

    /// The blocked head that this waiter is queued behind.
    fn queued_behind(&self, token: &str, waiting: &Waiting) -> Option<&str> {
        let head = self.pool(&waiting.dir)?.head.as_deref()?;
        (waiting.queued && head != token).then_some(head)
    }

    /// The largest deadlocked set: all that wait, except those whose request can be
    /// met once every node outside of what remains has finished.
    fn deadlocked(&self) -> Vec<&Node> {
        let mut deadlocked: Vec<_> = self.nodes.iter().collect();
        deadlocked.retain(|node| node.waiting.is_some());
        let met = |set: &[&Node]| set.iter().position(|node| self.can_be_met(node, set));
        while let Some(at) = met(&deadlocked) {
            deadlocked.swap_remove(at);
        }
        deadlocked
    }

    /// Whether a request can be met once every node outside of this set has finished.
    fn can_be_met(&self, node: &Node, set: &[&Node]) -> bool {
        let Some(waiting) = &node.waiting else {
            return true;
        };
        let in_set = |token: &str| set.iter().any(|node| node.token == token);
        if self.queued_behind(&node.token, waiting).is_some_and(in_set) {
            return false;
        }
        let mut blocked = self.blockers(&node.token, waiting);
        blocked.retain(|holders| holders.iter().any(|holder| in_set(holder)));
        let capacity = match &waiting.name {
            Some(_) => 1,
            None => waiting.capacity.unwrap_or(u64::MAX),
        };
        let taken = self.taken(&node.token, waiting).map_or(0, Vec::len);
        let broken = self.broken(node, waiting).len();
        capacity.saturating_sub((blocked.len() + taken + broken) as u64) >= waiting.count
    }

    /// The nodes of this set that one waits for, that these wait for, and so on: sorted
    /// by token, whichever node it starts from.
    fn reachable<'a>(&self, from: &'a Node, set: &[&'a Node]) -> Vec<&'a Node> {
        let mut reached: Vec<&Node> = Vec::new();
        let mut unseen = vec![from];
        while let Some(node) = unseen.pop() {
            let Some(waiting) = &node.waiting else {
                continue;
            };
            let mut tokens = self.blockers(&node.token, waiting).concat();
            tokens.extend(self.queued_behind(&node.token, waiting));
            for token in tokens {
                let place = reached.binary_search_by(|node| node.token.as_str().cmp(token));
                if let Err(place) = place
                    && let Some(next) = set.iter().find(|node| node.token == token)
                {
                    reached.insert(place, next);
                    unseen.push(next);
                }
            }
        }
        reached
    }

    /// The deadlocked nodes that the node with this token reaches and that reach it.
    fn cycle(&self, token: &str) -> Option<Cycle> {
        let deadlocked = self.deadlocked();
        let comes_back = |from: &Node| {
            let mut reached = self.reachable(from, &deadlocked).into_iter();
            reached.any(|node| node.token == token)
        };
        let own = deadlocked.iter().find(|node| node.token == token)?;
        if !comes_back(own) {
            return None;
        }
        let mut around = self.reachable(own, &deadlocked);
        around.retain(|node| comes_back(node));
        let members = around.into_iter().map(|node| Member {
            token: node.token.clone(),
            test: node.test.clone(),
            holds_lease: node.holds_lease,
            holds: node.holds.clone(),
            waits_for: self.describe(node),
        });
        Some(Cycle(members.collect()))
    }

    fn describe(&self, node: &Node) -> String {
        let Some(waiting) = &node.waiting else {
            return String::new();
        };
        let broken = self.broken(node, waiting);
        let what = match (&waiting.name, broken.len()) {
            (Some(name), _) => format!("`{name}`"),
            (None, 0) => format!("pool `{}`", waiting.pool),
            (None, count) => format!(
                "pool `{}`, of which {} {} broken",
                waiting.pool,
                text::quoted(&broken),
                if count == 1 { "is" } else { "are" }
            ),
        };
        let behind = self.queued_behind(&node.token, waiting);
        match behind.and_then(|head| self.node_of(head)) {
            Some(head) => format!("{what} behind `{}`", head.test),
            None => what,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(token: &str) -> Holder {
        Holder {
            test: token.to_owned(),
            pid: 1,
            pid_namespace: None,
            token: token.to_owned(),
            run: "run".to_owned(),
            file: "tests/a.rs".to_owned(),
            line: 1,
            since: 1,
            host: None,
        }
    }

    fn waiting(pool: &str, name: Option<&str>, access: Access, of: u64) -> Waiting {
        Waiting {
            pool: pool.to_owned(),
            dir: pool.to_owned(),
            count: if name.is_some() { 1 } else { of },
            capacity: Some(of),
            name: name.map(str::to_owned),
            access,
            queued: name.is_none(),
            reserved: name.map(|_| true),
        }
    }

    fn pool(dir: &str, name: &str, token: &str) -> PoolState {
        let holding = Holding {
            token: token.to_owned(),
            access: Access::Exclusive,
        };
        PoolState {
            dir: dir.to_owned(),
            names: vec![NameState {
                name: name.to_owned(),
                holdings: vec![holding],
                reserved: false,
                broken_in: None,
            }],
            head: None,
            taken: Vec::new(),
        }
    }

    /// `1-0` came to wait beside the queue before there was this head, so only what the
    /// head has taken is in its way.
    #[test]
    fn a_name_that_a_sharing_head_has_taken_is_in_a_readers_way() {
        let mut graph = Graph::default();
        for (token, name, wanted) in [
            (
                "1-0",
                "other-0",
                waiting("db", Some("db-0"), Access::Shared, 2),
            ),
            ("2-0", "db-1", waiting("other", None, Access::Exclusive, 1)),
        ] {
            let node = graph.node_mut(&holder(token));
            node.holds_lease = true;
            node.hold(name);
            node.waiting = Some(wanted);
        }
        let mut db = pool("db", "db-1", "2-0");
        let both = waiting("db", None, Access::Shared, 2);
        let head = BlockedHead::new(holder("3-0"), both, vec!["db-0".to_owned()]);
        graph.add_blocked_head(head, &mut db);
        graph.pools.push(db);
        graph.pools.push(pool("other", "other-0", "1-0"));
        let members = graph.cycle("1-0").map(|cycle| cycle.0.len());
        assert_eq!(members, Some(3));
    }
}
