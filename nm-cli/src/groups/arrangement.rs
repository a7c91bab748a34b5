//! How the tests of one pool are put into groups.
//!
//! nextest gives a test one group, and counts every test of a group as one:
//! `threads-required` would count it as more, but 0.9.143 then loses tests (a
//! waiting test is looked at again only when another of its group ends, and only
//! if the slots that this one frees suffice; when none is left it never runs). So
//! a group is for tests that ask for the same, or as large as its largest
//! requests allow.

/// What a request takes of a pool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Any names, this many.
    Any(u32),
    /// This name.
    Name(String),
    /// Shares of this many names, beside other readers.
    Shared(u32),
}

/// All requests of one class.
#[derive(Clone, Debug)]
pub struct Load {
    pub class: Class,
    /// How long they take one after the other, in seconds.
    pub time: f64,
}

/// Tests that are limited together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Indices of loads.
    pub loads: Vec<usize>,
    /// How many run at once; `None` if no limit is needed.
    pub max: Option<u32>,
}

/// The groups of one pool.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrangement {
    pub sets: Vec<Set>,
    /// Whether no test ever waits for its names. If not, one waits for those of
    /// another group at most as long as one such test takes.
    pub strict: bool,
    /// How long it will take, in seconds.
    estimate: f64,
}

/// How much longer a pool's tests may take so that they never wait.
const PATIENCE: f64 = 1.25;
/// How many readers are assumed to run at once.
const READERS: f64 = 8.0;

impl Load {
    /// How many names one of them keeps from others.
    fn cost(&self) -> u32 {
        match self.class {
            Class::Any(count) | Class::Shared(count) => count,
            Class::Name(_) => 1,
        }
    }

    fn is_shared(&self) -> bool {
        matches!(self.class, Class::Shared(_))
    }
}

impl Arrangement {
    /// The best one for a pool of this size, of which `taken` names are held by tests
    /// that are limited elsewhere.
    pub fn best(size: u32, taken: u32, loads: &[Load]) -> Self {
        let free = size.saturating_sub(taken);
        let strict = [together(free, loads), apart(free, loads)];
        let strict = strict
            .into_iter()
            .flatten()
            .min_by(|one, other| one.estimate.total_cmp(&other.estimate));
        let loose = loose(size, loads);
        match strict {
            Some(strict) if strict.estimate <= loose.estimate * PATIENCE => strict,
            _ => loose,
        }
    }
}

/// One group of all: as many at once as of the greediest would fit.
fn together(free: u32, loads: &[Load]) -> Option<Arrangement> {
    if loads.iter().all(Load::is_shared) {
        return None;
    }
    let cost = loads.iter().map(Load::cost).max()?;
    let named = loads
        .iter()
        .any(|load| matches!(load.class, Class::Name(_)));
    let max = match free / cost {
        0 => return None,
        _ if named => 1,
        max => max,
    };
    let time: f64 = loads.iter().map(|load| load.time).sum();
    Some(Arrangement {
        sets: vec![Set {
            loads: (0..loads.len()).collect(),
            max: Some(max),
        }],
        strict: true,
        estimate: time / f64::from(max),
    })
}

/// The pool divided among the classes for good; readers need one share, however
/// many they are.
fn apart(free: u32, loads: &[Load]) -> Option<Arrangement> {
    let reading = loads.iter().filter(|load| load.is_shared());
    let mut left = free.checked_sub(reading.map(Load::cost).max().unwrap_or(0))?;
    let mut max = vec![None; loads.len()];
    for (load, max) in loads.iter().zip(&mut max) {
        if !load.is_shared() {
            left = left.checked_sub(load.cost())?;
            *max = Some(1);
        }
    }
    // The rest goes to the classes that would take longest.
    loop {
        let mut slowest: Option<(usize, f64)> = None;
        for (index, load) in loads.iter().enumerate() {
            let (Class::Any(cost), Some(max)) = (&load.class, max[index]) else {
                continue;
            };
            let time = load.time / f64::from(max);
            if *cost <= left && slowest.is_none_or(|(_, slowest)| time > slowest) {
                slowest = Some((index, time));
            }
        }
        let Some((index, _)) = slowest else { break };
        left -= loads[index].cost();
        max[index] = max[index].map(|max| max + 1);
    }
    Some(divided(loads, &max, true))
}

/// Each class as large as if it were alone: the leases see to the rest.
fn loose(size: u32, loads: &[Load]) -> Arrangement {
    let max = |load: &Load| match load.class {
        Class::Any(count) => Some((size / count).max(1)),
        Class::Name(_) => Some(1),
        Class::Shared(_) => None,
    };
    let max: Vec<_> = loads.iter().map(max).collect();
    let mut arrangement = divided(loads, &max, false);
    let exclusive = loads.iter().filter(|load| !load.is_shared());
    let names: f64 = exclusive
        .map(|load| load.time * f64::from(load.cost()))
        .sum();
    let reading = loads.iter().filter(|load| load.is_shared());
    let reading: f64 = reading.map(|load| load.time / READERS).sum();
    let together = names / f64::from(size) + reading;
    arrangement.estimate = arrangement.estimate.max(together);
    arrangement
}

fn divided(loads: &[Load], max: &[Option<u32>], strict: bool) -> Arrangement {
    let sets = max.iter().enumerate().map(|(index, max)| Set {
        loads: vec![index],
        max: *max,
    });
    let time = |(load, max): (&Load, &Option<u32>)| match max {
        Some(max) => load.time / f64::from(*max),
        None => load.time / READERS,
    };
    Arrangement {
        sets: sets.collect(),
        strict,
        estimate: loads.iter().zip(max).map(time).fold(0.0, f64::max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(class: Class, time: f64) -> Load {
        Load { class, time }
    }

    fn limits(arrangement: &Arrangement) -> Vec<Option<u32>> {
        arrangement.sets.iter().map(|set| set.max).collect()
    }

    #[test]
    fn a_group_is_as_large_as_its_pool() {
        let best = Arrangement::best(2, 0, &[load(Class::Any(1), 40.0)]);
        assert_eq!((limits(&best), best.strict), (vec![Some(2)], true));
        let pairs = Arrangement::best(5, 0, &[load(Class::Any(2), 40.0)]);
        assert_eq!(limits(&pairs), [Some(2)]);
    }

    #[test]
    fn readers_alone_are_not_limited() {
        let best = Arrangement::best(1, 0, &[load(Class::Shared(1), 40.0)]);
        assert_eq!((limits(&best), best.strict), (vec![None], true));
    }

    #[test]
    fn many_readers_stay_parallel_beside_writers_with_names_of_their_own() {
        let loads = [load(Class::Any(1), 30.0), load(Class::Shared(1), 100.0)];
        let best = Arrangement::best(4, 0, &loads);
        assert_eq!((limits(&best), best.strict), (vec![Some(3), None], true));
    }

    #[test]
    fn few_readers_are_limited_like_writers() {
        let loads = [load(Class::Any(1), 100.0), load(Class::Shared(1), 5.0)];
        let best = Arrangement::best(2, 0, &loads);
        assert_eq!((limits(&best), best.strict), (vec![Some(2)], true));
    }

    #[test]
    fn many_readers_of_one_name_are_left_to_the_leases() {
        let loads = [load(Class::Any(1), 5.0), load(Class::Shared(1), 100.0)];
        let best = Arrangement::best(1, 0, &loads);
        assert_eq!((limits(&best), best.strict), (vec![Some(1), None], false));
    }

    #[test]
    fn what_is_taken_elsewhere_is_left_over() {
        let best = Arrangement::best(5, 1, &[load(Class::Any(1), 40.0)]);
        assert_eq!((limits(&best), best.strict), (vec![Some(4)], true));
    }

    #[test]
    fn a_pool_is_divided_by_what_takes_longest() {
        let loads = [load(Class::Any(1), 20.0), load(Class::Any(2), 80.0)];
        let best = Arrangement::best(10, 0, &loads);
        assert!(best.strict);
        let names: u32 = best
            .sets
            .iter()
            .map(|set| {
                let cost = set.loads.iter().map(|&index| loads[index].cost()).max();
                set.max.unwrap() * cost.unwrap()
            })
            .sum();
        assert!(names <= 10, "{best:?}");
    }

    #[test]
    fn tests_that_ask_for_one_name_run_one_after_the_other() {
        let loads = [load(Class::Name("db-0".into()), 5.0)];
        let best = Arrangement::best(3, 0, &loads);
        assert_eq!((limits(&best), best.strict), (vec![Some(1)], true));
    }
}
