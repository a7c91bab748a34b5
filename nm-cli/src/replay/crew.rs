//! How many were under way at once, and who followed whom.

/// Work that was under way from then to then.
#[derive(Clone, Copy, Debug)]
pub struct Shift {
    pub start: u64,
    pub end: u64,
}

/// How one shift began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With the whole, so long after its start.
    Alone(u64),
    /// When another had ended, after this pause.
    After(u64),
}

/// For shifts in the order of their starts: each follows the one that had ended
/// last, if there is one that nobody follows yet.
pub fn begins(shifts: &[Shift]) -> Vec<Begin> {
    let Some(first) = shifts.first() else {
        return Vec::new();
    };
    let mut under_way: Vec<u64> = Vec::new();
    let mut begins = Vec::with_capacity(shifts.len());
    for shift in shifts {
        let ended = under_way.iter().enumerate();
        let ended = ended.filter(|(_, end)| **end <= shift.start);
        match ended.max_by_key(|(_, end)| **end) {
            Some((at, _)) => {
                let end = under_way.swap_remove(at);
                begins.push(Begin::After(shift.start - end));
            }
            None => begins.push(Begin::Alone(shift.start.saturating_sub(first.start))),
        }
        under_way.push(shift.end);
    }
    begins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_follows_the_one_that_ended_last() {
        let shift = |start, end| Shift { start, end };
        let shifts = [shift(5, 10), shift(6, 12), shift(11, 20), shift(14, 15)];
        assert_eq!(
            begins(&shifts),
            [
                Begin::Alone(0),
                Begin::Alone(1),
                Begin::After(1),
                Begin::After(2)
            ]
        );
    }
}
