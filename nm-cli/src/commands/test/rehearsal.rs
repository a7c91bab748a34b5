//! How a run of libtest goes with a given number of threads, played through.

use std::collections::BTreeMap;

/// A test as libtest starts it: in the order of names.
#[derive(Clone, Debug)]
pub struct Test {
    /// The group that limits it.
    pub group: Option<usize>,
    /// How long its body takes.
    pub time: f64,
}

/// How much longer than the quickest is still good: fewer threads are better.
const ENOUGH: f64 = 1.05;

/// How many numbers of threads are tried.
const ATTEMPTS: usize = 32;

/// The smallest number of threads that keeps the `cores` as busy as possible; never
/// fewer than the cores.
pub fn threads(tests: &[Test], groups: &[u32], cores: usize) -> usize {
    let mut limited: BTreeMap<usize, usize> = BTreeMap::new();
    for test in tests {
        if let Some(group) = test.group {
            *limited.entry(group).or_default() += 1;
        }
    }
    let waiting = limited
        .iter()
        .map(|(&group, &count)| count.saturating_sub(groups[group] as usize));
    let most = cores + waiting.sum::<usize>();
    let step = (most - cores).div_ceil(ATTEMPTS).max(1);
    let attempts: Vec<_> = (cores..=most)
        .step_by(step)
        .map(|threads| (threads, duration(tests, groups, cores, threads)))
        .collect();
    let quickest = attempts
        .iter()
        .map(|(_, took)| *took)
        .fold(f64::MAX, f64::min);
    let enough = attempts
        .into_iter()
        .find(|(_, took)| *took <= quickest * ENOUGH);
    enough.map_or(cores, |(threads, _)| threads)
}

/// How long it takes. When more tests run than there are cores, each is as much
/// slower.
fn duration(tests: &[Test], groups: &[u32], cores: usize, threads: usize) -> f64 {
    let mut next = tests.iter();
    let mut free: Vec<u32> = groups.to_vec();
    let mut waiting: Vec<Test> = Vec::new();
    // The time left of each running test, with its group.
    let mut running: Vec<(f64, Option<usize>)> = Vec::new();
    let mut now = 0.0;
    loop {
        while running.len() + waiting.len() < threads {
            match next.next() {
                Some(test) => waiting.push(test.clone()),
                None => break,
            }
            grant(&mut waiting, &mut running, &mut free);
        }
        let Some(shortest) = running.iter().map(|(left, _)| *left).reduce(f64::min) else {
            return now;
        };
        let pace = (running.len() as f64 / cores as f64).max(1.0);
        now += shortest * pace;
        running.retain_mut(|(left, group)| {
            *left -= shortest;
            let runs = *left > 1e-9;
            if let (false, Some(group)) = (runs, *group) {
                free[group] += 1;
            }
            runs
        });
        grant(&mut waiting, &mut running, &mut free);
    }
}

/// Grants the waiting tests that can run, in the order of arrival.
fn grant(waiting: &mut Vec<Test>, running: &mut Vec<(f64, Option<usize>)>, free: &mut [u32]) {
    waiting.retain(|test| {
        if let Some(group) = test.group {
            if free[group] == 0 {
                return true;
            }
            free[group] -= 1;
        }
        running.push((test.time, test.group));
        false
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(count: usize) -> Vec<Test> {
        let test = Test {
            group: Some(0),
            time: 1.0,
        };
        vec![test; count]
    }

    fn unlimited(count: usize) -> Vec<Test> {
        let test = Test {
            group: None,
            time: 1.0,
        };
        vec![test; count]
    }

    #[test]
    fn a_run_without_limits_takes_as_long_as_its_cores_need() {
        assert_eq!(duration(&unlimited(40), &[], 4, 4), 10.0);
        assert_eq!(duration(&unlimited(40), &[], 4, 8), 10.0);
        assert_eq!(threads(&unlimited(40), &[], 4), 4);
    }

    #[test]
    fn a_waiting_test_takes_up_a_thread() {
        let tests = [limited(20), unlimited(40)].concat();
        assert!(duration(&tests, &[2], 4, 4) >= 19.0);
        let threads = threads(&tests, &[2], 4);
        assert!(threads > 4, "{threads}");
        let took = duration(&tests, &[2], 4, threads);
        // Not 15: more threads than cores slow down the holders of names, too.
        assert!(took <= 17.6, "{took} with {threads} threads");
    }

    #[test]
    fn threads_that_do_not_help_are_not_added() {
        assert_eq!(threads(&limited(40), &[2], 4), 4);
        let free_first = [unlimited(40), limited(2)].concat();
        assert_eq!(threads(&free_first, &[2], 4), 4);
        assert_eq!(threads(&[], &[], 3), 3);
    }
}
