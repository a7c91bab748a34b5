//! Hooks that failed three times in a row in one run, after which the library gives up.

use super::Story;
use super::story::{Call, Request};
use crate::history::{Line, What};

const MOST: u32 = 3;

/// What is broken in one run: a name, or a whole pool whose `setup` failed.
#[derive(Debug)]
pub(crate) struct Broken<'a> {
    pub(crate) run: &'a str,
    pub(crate) from: &'a Line,
    /// Another run has had it since, or it was cleaned up.
    pub(crate) until: u64,
}

/// How to count failures of which it is not known whether they were recorded: their
/// processes were killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// What is surely broken.
    Certain,
    /// What may be.
    Possible,
}

/// When that name was broken; for an empty name, when its pool could not be set up.
pub(crate) fn broken<'a>(
    story: &Story<'a>,
    pool: &str,
    name: &str,
    count: Count,
) -> Vec<Broken<'a>> {
    let mut found: Vec<Broken<'_>> = Vec::new();
    let mut failures: Vec<(&str, u32)> = Vec::new();
    for call in calls(story, pool, name) {
        let run = story.run(call.process);
        // The request has returned, so the outcome was recorded; or it may have been.
        let recorded = call
            .request
            .is_some_and(|request| story.requests[request].is_answered());
        let ends = match (count, call.request) {
            (Count::Certain, _) => true,
            (Count::Possible, Some(_)) => recorded,
            (Count::Possible, None) => call.done.is_some() && story.killed(call.process).is_none(),
        };
        let open = found.last_mut().filter(|broken| broken.until == u64::MAX);
        if let Some(broken) = open
            && ends
            && (broken.run != run || call.request.is_none())
        {
            broken.until = call.begins.at;
        }
        match (call.failed, call.done) {
            (Some(failed), _) => {
                // A failed cleanup is one only if `init` is not tried then.
                let counts = match count {
                    Count::Certain => recorded && call.hook.what != "cleanup",
                    Count::Possible => call.request.is_some(),
                };
                // Failures of one run at a time are counted.
                if count == Count::Certain || recorded {
                    failures.retain(|(other, _)| *other == run);
                }
                if counts {
                    let times = match failures.iter_mut().find(|(known, _)| *known == run) {
                        Some((_, times)) => {
                            *times += 1;
                            *times
                        }
                        None => {
                            failures.push((run, 1));
                            1
                        }
                    };
                    let is_open = found.last().is_some_and(|known| known.until == u64::MAX);
                    if times >= MOST && !is_open {
                        found.push(Broken {
                            run,
                            from: failed,
                            until: u64::MAX,
                        });
                    }
                }
            }
            (None, Some(_)) if call.hook.what == "cleanup" => {}
            (None, Some(_)) if count == Count::Certain || recorded => failures.clear(),
            _ => {}
        }
    }
    found
}

fn calls<'s, 'a>(story: &'s Story<'a>, pool: &str, name: &str) -> Vec<&'s Call<'a>> {
    let counts = |call: &&Call<'_>| {
        let is_of_pool = ["setup", "teardown", "assign"].contains(&call.hook.what.as_str());
        call.hook.pool == pool
            && call.hook.name == name
            && (!is_of_pool || call.hook.what == "setup")
    };
    story.calls.iter().filter(counts).collect()
}

/// Whether so much may have been broken for the request, while it lasted, that nothing
/// was left that it could have.
pub(crate) fn leave_nothing(story: &Story<'_>, request: &Request<'_>) -> bool {
    let Some((end, _)) = request.gave_up else {
        return false;
    };
    let pool = &request.ask.pool;
    let run = story.run(request.process);
    let is_broken = |name: &str| {
        let mut broken = broken(story, pool, name, Count::Possible).into_iter();
        broken.any(|broken| {
            broken.run == run && broken.from.at < end.at && broken.until > request.asked.at
        })
    };
    if is_broken("") {
        return true;
    }
    let names = story.names(pool);
    match &request.ask.what {
        What::Name(name) => is_broken(name),
        What::Any | What::All => {
            let broken = names.iter().filter(|name| is_broken(name)).count();
            names.len() - broken < request.ask.count
        }
    }
}
