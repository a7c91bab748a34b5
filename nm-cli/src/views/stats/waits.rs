//! Many durations in little memory.

use std::collections::HashMap;

/// How long requests waited.
#[derive(Debug, Default)]
pub struct Waits {
    pub count: u64,
    pub sum: u64,
    pub longest: u64,
    pub longest_test: String,
    spread: Spread,
    by_test: HashMap<String, TestWaits>,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct TestWaits {
    pub count: u64,
    pub sum: u64,
    pub longest: u64,
}

impl Waits {
    pub fn add(&mut self, test: &str, micros: u64) {
        self.count += 1;
        self.sum = self.sum.saturating_add(micros);
        self.spread.add(micros);
        if micros >= self.longest {
            self.longest = micros;
            test.clone_into(&mut self.longest_test);
        }
        if !self.by_test.contains_key(test) {
            self.by_test.insert(test.to_owned(), TestWaits::default());
        }
        if let Some(waits) = self.by_test.get_mut(test) {
            waits.count += 1;
            waits.sum = waits.sum.saturating_add(micros);
            waits.longest = waits.longest.max(micros);
        }
    }

    pub fn median(&self) -> u64 {
        self.spread.median()
    }

    /// The tests by their total wait, longest first.
    pub fn by_test(&self) -> Vec<(&str, TestWaits)> {
        let tests = self.by_test.iter();
        let mut tests: Vec<_> = tests.map(|(test, waits)| (test.as_str(), *waits)).collect();
        tests.sort_by(|(a, x), (b, y)| (y.sum, a).cmp(&(x.sum, b)));
        tests
    }
}

/// Counts of durations, exact to one in a hundred: bounded memory, however many
/// there are.
#[derive(Debug, Default)]
struct Spread {
    counts: Vec<u64>,
}

/// The number of parts that every doubling is split into.
const PARTS_BITS: u32 = 7;
const PARTS: u64 = 1 << PARTS_BITS;

impl Spread {
    fn add(&mut self, micros: u64) {
        let at = Self::bucket(micros);
        if self.counts.len() <= at {
            self.counts.resize(at + 1, 0);
        }
        self.counts[at] += 1;
    }

    fn bucket(micros: u64) -> usize {
        if micros < PARTS {
            return micros as usize;
        }
        let doublings = micros.ilog2() - PARTS_BITS;
        let part = (micros >> doublings) - PARTS;
        ((u64::from(doublings) + 1) * PARTS + part) as usize
    }

    /// The least duration of a bucket.
    fn value(bucket: usize) -> u64 {
        let (doublings, part) = (bucket as u64 / PARTS, bucket as u64 % PARTS);
        match doublings {
            0 => part,
            _ => (PARTS + part) << (doublings - 1),
        }
    }

    fn median(&self) -> u64 {
        let half = self.counts.iter().sum::<u64>().div_ceil(2);
        let mut sum = 0;
        let at = self.counts.iter().position(|count| {
            sum += count;
            sum >= half && sum > 0
        });
        at.map_or(0, Self::value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_kept_to_one_in_a_hundred() {
        for exponent in 0..63 {
            for offset in [0, 1, 3] {
                let micros = (1u64 << exponent) + (1u64 << exponent) / 4 * offset;
                let kept = Spread::value(Spread::bucket(micros));
                assert!(
                    kept <= micros && (micros - kept) * 100 <= micros,
                    "{micros} {kept}"
                );
            }
        }
        assert!(Spread::bucket(u64::MAX) < 10_000);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let mut waits = Waits::default();
        assert_eq!(waits.median(), 0);
        for (test, micros) in [("a", 5), ("b", 100), ("a", 7), ("c", 1)] {
            waits.add(test, micros);
        }
        assert_eq!((waits.median(), waits.sum, waits.longest), (5, 113, 100));
        assert_eq!(waits.longest_test, "b");
        assert_eq!(waits.by_test()[1].0, "a");
    }
}
