use crate::replay::{Outcome, WhatIf};
use crate::screen::clock::duration;

/// What a pool of another size would have changed, in words.
pub fn advice(what_if: &WhatIf) -> Option<String> {
    let recorded = what_if.recorded;
    let now = what_if.at(recorded)?;
    let enough = what_if.enough()?;
    if enough > recorded {
        let next = what_if
            .sizes
            .iter()
            .find(|(size, outcome)| *size > recorded && is_less(*outcome, now));
        let (next, outcome) = next?;
        let beyond = match enough == *next {
            true => "more names would not help".to_owned(),
            false => format!("more than {enough} would not help"),
        };
        return Some(format!(
            "with max = {next} this run would have taken {} instead of {}; {beyond}",
            duration(outcome.makespan),
            duration(now.makespan),
        ));
    }
    Some(match enough == recorded {
        true => format!(
            "{recorded} is the right size for this run: more names would not help, fewer would cost time"
        ),
        false => format!(
            "with max = {enough} this run would have taken no longer: more names do not help"
        ),
    })
}

fn is_less(outcome: Outcome, than: Outcome) -> bool {
    (outcome.makespan as f64) < than.makespan as f64 * 0.99
}
