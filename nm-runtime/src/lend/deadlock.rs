//! Holders that wait for each other in a circle: made by hand, by acquiring
//! inside a body. Read from the records of held names, where every holder that
//! waits for more says what it waits for, and from what the heads of queues show.
//!
//! Records may be read half-way through a change, so only what is seen twice
//! counts; and of a circle one holder fails, the one with the highest token.

use std::time::{Duration, Instant};

use crate::backend::snapshot::{BlockedHead, NameSnapshot};
use crate::lend::held::Held;
use crate::terms::access::Access;
use crate::terms::holder::Holder;
use crate::terms::record::Waiting;

const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Looks for a circle now and then while its owner waits.
#[derive(Debug)]
pub(crate) struct Watch {
    next: Instant,
    seen: Option<(Circle, u32)>,
}

/// Seen so often, another holder of the circle should have failed by now.
const PATIENCE: u32 = 6;

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

    /// The circle that the waiter is in, once it is certain and the waiter is
    /// the one to fail.
    pub(crate) fn look(&mut self, token: &str, held: &[Held], now: Instant) -> Option<Circle> {
        self.next = now + LOOK_EVERY;
        let found = Graph::read_around(held).circle(token);
        let times = match (&self.seen, &found) {
            (Some((seen, times)), Some(found)) if seen == found => times + 1,
            _ => 1,
        };
        self.seen = found.map(|circle| (circle, times));
        let (circle, times) = self.seen.as_ref()?;
        // A head that holds nothing looks for no circle, and has nothing to let go.
        let holders = circle.0.iter().filter(|stuck| stuck.holder);
        let chosen = holders.map(|stuck| order(&stuck.token)).max() == Some(order(token));
        let certain = *times > 1 && (chosen || *times > PATIENCE);
        certain.then(|| circle.clone())
    }
}

/// Tokens are `pid-thread`.
fn order(token: &str) -> (u64, u64) {
    let (pid, thread) = token.split_once('-').unwrap_or((token, "0"));
    (pid.parse().unwrap_or(0), thread.parse().unwrap_or(0))
}

/// Holders none of which can go on before another of them does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Circle(Vec<Stuck>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Stuck {
    token: String,
    test: String,
    /// Of a lease, rather than only of a place in a queue.
    holder: bool,
    holds: Vec<String>,
    waits_for: String,
}

impl Circle {
    pub(crate) fn describe(&self) -> String {
        let each = self.0.iter().map(|stuck| {
            let (test, waits_for) = (&stuck.test, &stuck.waits_for);
            let holds: Vec<_> = stuck.holds.iter().map(|name| format!("`{name}`")).collect();
            match holds.is_empty() {
                true => format!("`{test}` waits for {waits_for}"),
                false => format!(
                    "`{test}` holds {} and waits for {waits_for}",
                    holds.join(", ")
                ),
            }
        });
        each.collect::<Vec<_>>().join("; ")
    }
}

/// Who holds and waits for what, as far as it concerns one waiter.
#[derive(Debug, Default)]
struct Graph {
    holders: Vec<Node>,
    pools: Vec<PoolState>,
}

#[derive(Debug)]
struct PoolState {
    dir: String,
    names: Vec<NameState>,
    /// The token of the head of the queue, if it waits.
    head: Option<String>,
    /// What the head has taken of what it waits for.
    taken: Vec<String>,
}

#[derive(Debug)]
struct NameState {
    name: String,
    holdings: Vec<Holding>,
    /// Kept for somebody who waits for this very name.
    reserved: bool,
}

#[derive(Debug)]
struct Holding {
    token: String,
    access: Access,
}

#[derive(Debug)]
struct Node {
    token: String,
    test: String,
    holder: bool,
    /// In order, each once.
    holds: Vec<String>,
    waiting: Option<Waiting>,
}

impl Node {
    /// Readers may hold one name twice.
    fn hold(&mut self, name: &str) {
        let place = self.holds.binary_search_by(|held| held.as_str().cmp(name));
        if let Err(place) = place {
            self.holds.insert(place, name.to_owned());
        }
    }
}

impl Graph {
    /// Follows what holders wait for from pool to pool, beginning with what the waiter
    /// holds: it is found by its records, too.
    fn read_around(held: &[Held]) -> Self {
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
            let mut snapshots = held
                .iter()
                .filter_map(|held| held.backend.snapshot(&dir).ok().flatten());
            let snapshot = snapshots.next().unwrap_or_default();
            let mut pool = PoolState {
                dir,
                names: Vec::new(),
                head: None,
                taken: Vec::new(),
            };
            for NameSnapshot {
                name,
                holders: tenures,
                reserved,
                ..
            } in snapshot.names
            {
                let mut holdings = Vec::new();
                for tenure in tenures {
                    let node = graph.node(&tenure.holder);
                    node.holder = true;
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
                pool.names.push(NameState {
                    name,
                    holdings,
                    reserved,
                });
            }
            if let Some(head) = snapshot.head {
                graph.add_head(head, &mut pool);
            }
            graph.pools.push(pool);
        }
        graph
    }

    fn pool(&self, dir: &str) -> Option<&PoolState> {
        self.pools.iter().find(|pool| pool.dir == dir)
    }

    fn holder(&self, token: &str) -> Option<&Node> {
        self.holders.iter().find(|node| node.token == token)
    }

    fn node(&mut self, holder: &Holder) -> &mut Node {
        let known = self.holders.iter().position(|n| n.token == holder.token);
        let at = known.unwrap_or(self.holders.len());
        if known.is_none() {
            self.holders.push(Node {
                token: holder.token.clone(),
                test: holder.test.clone(),
                holder: false,
                holds: Vec::new(),
                waiting: None,
            });
        }
        &mut self.holders[at]
    }

    /// What a waiting head has taken is out of others' reach, though no record
    /// says so yet.
    fn add_head(&mut self, head: BlockedHead, pool: &mut PoolState) {
        let node = self.node(&head.holder);
        for name in &head.taken {
            node.hold(name);
            let holding = Holding {
                token: head.holder.token.clone(),
                // Also of a reader: until it has all of them it lets nobody else in.
                access: Access::Exclusive,
            };
            match pool.names.iter_mut().find(|known| known.name == *name) {
                Some(known) => known.holdings.push(holding),
                None => pool.names.push(NameState {
                    name: name.clone(),
                    holdings: vec![holding],
                    reserved: false,
                }),
            }
        }
        node.waiting = Some(head.waiting);
        pool.head = Some(head.holder.token);
        pool.taken = head.taken;
    }

    /// What this waiter has taken as the head of the queue: it waits for others.
    fn taken(&self, token: &str, waiting: &Waiting) -> Option<&Vec<String>> {
        let pool = self.pool(&waiting.dir)?;
        (pool.head.as_deref() == Some(token)).then_some(&pool.taken)
    }

    /// Who stands in the way of this wait: for each name that it could take, the
    /// holders that must let go of it.
    fn blockers(&self, token: &str, waiting: &Waiting) -> Vec<Vec<&str>> {
        let Some(pool) = self.pool(&waiting.dir) else {
            return Vec::new();
        };
        let taken = self.taken(token, waiting);
        let mut blockers = Vec::new();
        for state in &pool.names {
            let other = waiting
                .name
                .as_ref()
                .is_some_and(|want| *want != state.name);
            if other || taken.is_some_and(|taken| taken.contains(&state.name)) {
                continue;
            }
            // Whom a reserved name is kept for waits for all who hold it.
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

    /// Who must be served before this waiter, if that one waits too.
    fn ahead(&self, token: &str, waiting: &Waiting) -> Option<&str> {
        let head = self.pool(&waiting.dir)?.head.as_deref()?;
        (waiting.queued && head != token).then_some(head)
    }

    /// The holders that can never go on: those that wait, less those that could
    /// be served once all others of them have let go.
    fn stuck(&self) -> Vec<&Node> {
        let mut stuck: Vec<_> = self.holders.iter().collect();
        stuck.retain(|node| node.waiting.is_some());
        while let Some(at) = stuck.iter().position(|node| self.can_go_on(node, &stuck)) {
            stuck.swap_remove(at);
        }
        stuck
    }

    fn can_go_on(&self, node: &Node, stuck: &[&Node]) -> bool {
        let Some(waiting) = &node.waiting else {
            return true;
        };
        let is_stuck = |token: &str| stuck.iter().any(|node| node.token == token);
        if self.ahead(&node.token, waiting).is_some_and(is_stuck) {
            return false;
        }
        let mut blocked = self.blockers(&node.token, waiting);
        blocked.retain(|holders| holders.iter().any(|holder| is_stuck(holder)));
        let capacity = match &waiting.name {
            Some(_) => 1,
            None => waiting.capacity.unwrap_or(u64::MAX),
        };
        let taken = self.taken(&node.token, waiting).map_or(0, Vec::len);
        capacity.saturating_sub((blocked.len() + taken) as u64) >= waiting.count
    }

    /// Of the stuck, those whom this one waits for, whom they wait for, and so on:
    /// in the order of their tokens, wherever it begins.
    fn reach<'a>(&self, from: &'a Node, stuck: &[&'a Node]) -> Vec<&'a Node> {
        let mut reached: Vec<&Node> = Vec::new();
        let mut unseen = vec![from];
        while let Some(node) = unseen.pop() {
            let Some(waiting) = &node.waiting else {
                continue;
            };
            let mut tokens = self.blockers(&node.token, waiting).concat();
            tokens.extend(self.ahead(&node.token, waiting));
            for token in tokens {
                let place = reached.binary_search_by(|node| node.token.as_str().cmp(token));
                if let Err(place) = place
                    && let Some(next) = stuck.iter().find(|node| node.token == token)
                {
                    reached.insert(place, next);
                    unseen.push(next);
                }
            }
        }
        reached
    }

    fn circle(&self, token: &str) -> Option<Circle> {
        let stuck = self.stuck();
        let comes_back = |from: &Node| {
            let mut reached = self.reach(from, &stuck).into_iter();
            reached.any(|node| node.token == token)
        };
        let own = stuck.iter().find(|node| node.token == token)?;
        if !comes_back(own) {
            return None;
        }
        let mut around = self.reach(own, &stuck);
        around.retain(|node| comes_back(node));
        let members = around.into_iter().map(|node| Stuck {
            token: node.token.clone(),
            test: node.test.clone(),
            holder: node.holder,
            holds: node.holds.clone(),
            waits_for: self.describe(node),
        });
        Some(Circle(members.collect()))
    }

    fn describe(&self, node: &Node) -> String {
        let Some(waiting) = &node.waiting else {
            return String::new();
        };
        let what = match &waiting.name {
            Some(name) => format!("`{name}`"),
            None => format!("pool `{}`", waiting.pool),
        };
        let ahead = self.ahead(&node.token, waiting);
        match ahead.and_then(|head| self.holder(head)) {
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
            token: token.to_owned(),
            run: "run".to_owned(),
            file: "tests/a.rs".to_owned(),
            line: 1,
            since: 1,
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
            }],
            head: None,
            taken: Vec::new(),
        }
    }

    /// `x` came to wait beside the queue before there was this head, so only what
    /// the head has taken stands between them.
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
            let node = graph.node(&holder(token));
            node.holder = true;
            node.hold(name);
            node.waiting = Some(wanted);
        }
        let mut db = pool("db", "db-1", "2-0");
        let both = waiting("db", None, Access::Shared, 2);
        let head = BlockedHead::new(holder("3-0"), both, vec!["db-0".to_owned()]);
        graph.add_head(head, &mut db);
        graph.pools.push(db);
        graph.pools.push(pool("other", "other-0", "1-0"));
        let circle = graph.circle("1-0").map(|circle| circle.0.len());
        assert_eq!(circle, Some(3));
    }
}
