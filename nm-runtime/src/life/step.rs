//! What makes a name, or a pool, ready for a run: decided from what is known, without
//! doing anything.

use crate::base::error::Result;
use crate::terms::record::{Record, State};

/// What makes a name ready for its new holder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is usable. From now on these runs use it.
    Reset { runs: Vec<String> },
    /// It was never made, or only half-way.
    Init,
    /// It exists but is of no use: it is cleaned up first. If that fails, `init` deals
    /// with the remains, unless the cleanup `must` succeed.
    CleanUpAndInit { must: bool },
}

/// Decides for the only holder of a name, in this run and with this fingerprint.
pub(crate) fn decide(
    record: &Record,
    run: &str,
    fingerprint: Option<&str>,
    is_running: &mut dyn FnMut(&str) -> Result<bool>,
) -> Result<Step> {
    let Some(life) = record.life.as_ref().filter(|life| life.done) else {
        return Ok(Step::Init);
    };
    let broken = record.state == State::Broken;
    if !broken && life.fingerprint.as_deref() == fingerprint {
        if let Some(runs) = users(&life.runs, run, is_running)? {
            return Ok(Step::Reset { runs });
        }
        if fingerprint.is_some() {
            let runs = vec![run.to_owned()];
            return Ok(Step::Reset { runs });
        }
    }
    // What an ended run left (it was kept, or its reaper was killed or has yet to come to
    // it) may be gone with its server, or be of an older build.
    let must = life.fingerprint.is_some() || broken;
    Ok(Step::CleanUpAndInit { must })
}

/// The runs that use what is set up or initialised, including this one: it used it
/// already, or another live run does. `None` if only dead runs did, after which nothing
/// was cleaned up: it must be done again.
pub(crate) fn users(
    runs: &[String],
    run: &str,
    is_alive: &mut dyn FnMut(&str) -> Result<bool>,
) -> Result<Option<Vec<String>>> {
    if runs.iter().any(|known| known == run) {
        return Ok(Some(runs.to_vec()));
    }
    let mut users = Vec::new();
    for known in runs {
        if is_alive(known)? {
            users.push(known.clone());
        }
    }
    if users.is_empty() {
        return Ok(None);
    }
    users.push(run.to_owned());
    Ok(Some(users))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Error;
    use crate::terms::record::Life;

    fn reset(runs: &[&str]) -> Step {
        let runs = runs.iter().map(|run| run.to_string()).collect();
        Step::Reset { runs }
    }

    const ANEW: Step = Step::CleanUpAndInit { must: false };
    const OUTDATED: Step = Step::CleanUpAndInit { must: true };

    /// Run `mine` asks; `live` is alive, `dead` is not.
    #[test]
    fn a_name_is_reset_only_if_a_live_run_or_the_fingerprint_vouches_for_it() {
        use State::{Broken, Clean, Dirty};
        for (done, made_of, users, state, fingerprint, expected) in [
            (false, None, "", Clean, None, Step::Init),
            (false, None, "mine", Dirty, None, Step::Init),
            (false, Some("1"), "mine", Broken, Some("1"), Step::Init),
            (true, None, "mine", Clean, None, reset(&["mine"])),
            (true, None, "mine", Dirty, None, reset(&["mine"])),
            (
                true,
                None,
                "dead mine",
                Clean,
                None,
                reset(&["dead", "mine"]),
            ),
            (
                true,
                None,
                "dead live",
                Clean,
                None,
                reset(&["live", "mine"]),
            ),
            (true, None, "dead", Clean, None, ANEW),
            (true, None, "", Clean, None, ANEW),
            (true, None, "mine", Broken, None, OUTDATED),
            (true, Some("1"), "dead", Clean, Some("1"), reset(&["mine"])),
            (
                true,
                Some("1"),
                "live",
                Clean,
                Some("1"),
                reset(&["live", "mine"]),
            ),
            (true, Some("1"), "mine", Clean, Some("2"), OUTDATED),
            (true, Some("1"), "live", Clean, None, OUTDATED),
            (true, None, "live", Clean, Some("1"), ANEW),
            (true, Some("1"), "mine", Broken, Some("1"), OUTDATED),
        ] {
            let record = Record {
                state,
                life: Some(Life {
                    done,
                    fingerprint: made_of.map(str::to_owned),
                    runs: users.split_whitespace().map(str::to_owned).collect(),
                    ..Life::default()
                }),
                ..Record::new()
            };
            let decided = decide(&record, "mine", fingerprint, &mut |run| Ok(run == "live"));
            let case = format!("{done} {made_of:?} {users:?} {state:?} {fingerprint:?}");
            assert_eq!(decided.unwrap(), expected, "{case}");
        }
    }

    #[test]
    fn whether_a_run_is_alive_is_not_guessed() {
        let mut unknown = |_: &str| Err(Error::config("no answer"));
        assert!(users(&["other".to_owned()], "mine", &mut unknown).is_err());
        assert!(users(&["mine".to_owned()], "mine", &mut unknown).is_ok());
    }
}
