//! Which tests a runner should not start together, and in which order.
//!
//! May import `listing`.

mod arrangement;
mod durations;
mod ids;
mod pools;

use std::collections::{BTreeMap, BTreeSet};

use crate::listing::Annotated;
use arrangement::{Arrangement, Class, Load};
pub use durations::Durations;
use pools::Pools;

/// The groups of a whole build.
#[derive(Debug, Default)]
pub struct Plan {
    pub groups: Vec<Group>,
    /// In the order of their priorities.
    pub rules: Vec<Rule>,
    /// Pools whose tests cannot be grouped, with the reason.
    pub unusable: Vec<(String, String)>,
}

/// Tests of which up to `max` run at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub id: String,
    pub max: u32,
}

/// Tests that are treated alike.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    pub group: Option<String>,
    /// From 100, first, to -100, last; others have 0.
    pub priority: i8,
    /// By binary.
    pub tests: BTreeMap<String, BTreeSet<String>>,
}

/// Readers that may meet a writer come after most writers; tests whose number at once an
/// allocator decides, after those that need not wait.
const LATE: i8 = -10;
/// The number of priorities in a group: tests that take half as long come one later.
const LEVELS: i8 = 8;

impl Plan {
    pub fn new(tests: &[Annotated], durations: &Durations) -> Self {
        let pools = Pools::of(tests);
        let mut plan = Self {
            unusable: pools.unusable(),
            ..Self::default()
        };
        let mut limited = Vec::new();
        let ids = ids::of(&pools);
        for pool in pools.bounded() {
            let members = pools.members(pool);
            let mut by_class: BTreeMap<Class, Vec<&Annotated>> = BTreeMap::new();
            for (test, class) in members {
                by_class.entry(class).or_default().push(test);
            }
            let loads: Vec<_> = by_class
                .iter()
                .map(|(class, tests)| Load {
                    class: class.clone(),
                    time: tests
                        .iter()
                        .map(|test| durations.of(test).as_secs_f64())
                        .sum(),
                })
                .collect();
            if loads.is_empty() {
                continue;
            }
            let best = Arrangement::best(pools.size(pool), pools.taken_by_guests(pool), &loads);
            let members: Vec<_> = by_class.into_values().collect();
            for (index, set) in best.sets.iter().enumerate() {
                let tests: Vec<_> = set
                    .loads
                    .iter()
                    .flat_map(|&load| members[load].iter().copied())
                    .collect();
                let time: f64 = set.loads.iter().map(|&load| loads[load].time).sum();
                match set.max {
                    Some(max) => {
                        let group = Group {
                            id: ids::part(&ids[pool], index),
                            max,
                        };
                        limited.push((time / f64::from(max), group, tests));
                    }
                    None if best.strict => {}
                    None => plan.rules.push(Rule::new(None, LATE, &tests)),
                }
            }
        }
        let undecided: Vec<_> = pools.undecided().collect();
        if !undecided.is_empty() {
            plan.rules.push(Rule::new(None, LATE, &undecided));
        }
        // The longest group starts first.
        limited.sort_by(|(one, of_one, _), (other, of_other, _)| {
            other
                .total_cmp(one)
                .then_with(|| of_one.id.cmp(&of_other.id))
        });
        for (rank, (_, group, tests)) in limited.into_iter().enumerate() {
            plan.limit(rank, &group, &tests, durations);
            plan.groups.push(group);
        }
        plan.rules
            .sort_by_key(|rule| (-rule.priority, rule.group.clone()));
        plan.groups.sort_by(|one, other| one.id.cmp(&other.id));
        plan
    }

    /// Before all tests that need nothing: those fill the gaps.
    fn limit(&mut self, rank: usize, group: &Group, tests: &[&Annotated], durations: &Durations) {
        let longest = tests.iter().map(|test| durations.of(test)).max();
        let longest = longest.unwrap_or_default().as_secs_f64();
        let mut levels: BTreeMap<i8, Vec<&Annotated>> = BTreeMap::new();
        for test in tests {
            let ratio = longest / durations.of(test).as_secs_f64().max(1e-6);
            let level = ratio.log2().clamp(0.0, f64::from(LEVELS - 1)) as i8;
            levels.entry(level).or_default().push(test);
        }
        let rank = i8::try_from(rank).unwrap_or(i8::MAX);
        for (level, tests) in levels {
            let later = rank.saturating_mul(LEVELS).saturating_add(level);
            let priority = 100_i8.saturating_sub(later).max(1);
            let group = Some(group.id.clone());
            self.rules.push(Rule::new(group, priority, &tests));
        }
    }
}

impl Rule {
    fn new(group: Option<String>, priority: i8, tests: &[&Annotated]) -> Self {
        let mut by_binary: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for test in tests {
            let tests = by_binary.entry(test.binary.clone()).or_default();
            tests.insert(test.test.clone());
        }
        Self {
            group,
            priority,
            tests: by_binary,
        }
    }
}
