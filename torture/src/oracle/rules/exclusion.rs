use crate::oracle::story::Span;
use crate::oracle::{Bounds, Story, Verdict, Violation};

/// Nobody holds a name, or works on it in a hook, while another does, but readers
/// beside readers.
pub(crate) fn check(story: &Story<'_>, _: Bounds, verdict: &mut Verdict) {
    for (name, spans) in story.spans() {
        let mut held: Vec<&Span<'_>> = Vec::new();
        for span in &spans {
            held.retain(|other| other.to > span.from);
            for other in held.iter().filter(|other| !(other.shared && span.shared)) {
                let lines = other.lines.iter().chain(&span.lines).copied();
                verdict.violations.push(Violation::new(
                    "held twice",
                    format!("`{name}` had two holders that exclude each other"),
                    lines,
                ));
            }
            held.push(span);
        }
    }
}
