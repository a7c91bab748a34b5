use crate::history::Event;
use crate::oracle::{Bounds, Story, Verdict, Violation};

/// A hook that is a command finds around it what it should, and goes on, with all its
/// processes, no longer than until the next hook of its name.
pub(crate) fn check(story: &Story<'_>, _: Bounds, verdict: &mut Verdict) {
    for line in &story.wrong {
        let what = match &line.event {
            Event::Wrong(what) => what.clone(),
            _ => continue,
        };
        verdict
            .violations
            .push(Violation::new("wrong surroundings", what, [*line]));
    }
    for (process, (name, works)) in &story.works {
        let first = story.processes.get(process).and_then(|own| own.first);
        let Some(first) = first else { continue };
        let later = story.calls.iter().find(|call| {
            call.hook.name == *name
                && call.own != *process
                && first.at < call.begins.at
                && call.begins.at < works.at
        });
        if let Some(later) = later {
            verdict.violations.push(Violation::new(
                "goes on",
                format!("a hook of `{name}` went on beside the next one"),
                [first, later.begins, works],
            ));
        }
    }
}
