//! How many were under way at once, and which followed which.

/// Work that was under way from then to then.
#[derive(Clone, Copy, Debug)]
pub struct Shift {
    pub start: u64,
    pub end: u64,
}

/// How one shift began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With the whole, this long after its start.
    Alone(u64),
    /// When another had ended, after this pause.
    After(u64),
}

/// Puts work in the order in which it began, pauses included: each shift follows the
/// one that had ended last, if there is one that has no follower yet.
///
/// A pause may be work that is not recorded. That began when the shift before had
/// ended, so that is when its turn comes in the replay.
pub fn in_turn<T>(mut work: Vec<(Shift, T)>) -> Vec<(Begin, T)> {
    work.sort_by_key(|(shift, _)| shift.start);
    let first = work.first().map_or(0, |(shift, _)| shift.start);
    let mut under_way: Vec<u64> = Vec::new();
    let mut turns = Vec::with_capacity(work.len());
    for (shift, work) in work {
        let ended = under_way.iter().enumerate();
        let ended = ended.filter(|(_, end)| **end <= shift.start);
        match ended.max_by_key(|(_, end)| **end) {
            Some((at, _)) => {
                let end = under_way.swap_remove(at);
                turns.push((end, Begin::After(shift.start - end), work));
            }
            None => turns.push((shift.start, Begin::Alone(shift.start - first), work)),
        }
        under_way.push(shift.end);
    }
    turns.sort_by_key(|(since, ..)| *since);
    let turns = turns.into_iter();
    turns.map(|(_, begin, work)| (begin, work)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_follows_the_one_that_ended_last_and_its_turn_came_then() {
        let shift = |start, end| Shift { start, end };
        let work = vec![
            (shift(5, 10), 'a'),
            (shift(6, 12), 'b'),
            (shift(13, 20), 'c'),
            (shift(14, 15), 'd'),
        ];
        assert_eq!(
            in_turn(work),
            [
                (Begin::Alone(0), 'a'),
                (Begin::Alone(1), 'b'),
                (Begin::After(4), 'd'),
                (Begin::After(1), 'c'),
            ]
        );
    }
}
