use std::fs;

use serde_json::{Value, json};

use crate::journal::{Journal, SECOND, START};
use crate::lab::Lab;

pub const HOSTILE: &str =
    "app::</title><script>document.title='taken'</script>\"'&\u{1b}[31m\u{0}::test";

/// A lease with hooks, one that was waited for, and a test with a hostile name.
pub fn write(lab: &Lab) {
    let mut journal = Journal::new();
    let hook = |kind: &str, name: &str, second: u64, phase: &str| json!({"time": START + second * SECOND, "kind": kind, "name": name, "phase": phase});
    let begin = json!({"time": START, "kind": "acquired", "name": "db-1", "waited": 0, "access": "exclusive", "fence": 1});
    journal.event("app::with_hooks", "7-100", begin);
    journal.event(
        "app::with_hooks",
        "7-100",
        hook("init", "db-1", 1, "started"),
    );
    journal.event("app::with_hooks", "7-100", hook("init", "db-1", 4, "done"));
    let end = json!({"time": START + 9 * SECOND, "kind": "released", "name": "db-1", "state": "dirty", "access": "exclusive"});
    journal.event("app::with_hooks", "7-100", end);
    journal.lease("app::first", "db-0", 0, 0, 5);
    journal.lease(HOSTILE, "db-0", 1, 5, 8);
    journal.write(lab);
}

fn picture(lab: &Lab, file: &str) -> String {
    let said = lab.run(&["timeline", "-o", file]);
    assert_eq!(
        (said.code, said.out.as_str(), said.err.as_str()),
        (0, "", "")
    );
    fs::read_to_string(lab.path().join(file)).unwrap()
}

#[test]
fn the_terminal_shows_a_lane_a_name() {
    let lab = Lab::new();
    write(&lab);
    let out = lab.run(&["timeline"]).out;
    let lane = |name: &str| {
        let mut lines = out.lines();
        lines
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("{name} in {out}"))
    };
    assert!(
        lane("db-1").contains('▒') && lane("db-1").contains('█'),
        "{out}"
    );
    assert!(
        !lane("db-0").contains('▒') && lane("waiting").contains('1'),
        "{out}"
    );
    assert!(out.contains("app::with_hooks"), "{out}");
    assert!(!out.contains(['\u{1b}', '\u{0}']), "{out:?}");
}

#[test]
fn svg_and_html_hold_the_names_of_tests_as_text_only() {
    let lab = Lab::new();
    write(&lab);
    for file in ["run.svg", "run.html"] {
        let picture = picture(&lab, file);
        assert!(!picture.contains("</title><script>document"), "{file}");
        assert!(!picture.contains(['\u{1b}', '\u{0}']), "{file}");
        assert!(picture.contains("&lt;/title&gt;&lt;script&gt;"), "{file}");
        assert!(picture.contains("class=\"init\"") && picture.contains("class=\"wait\""));
        // Nothing is fetched from elsewhere.
        let links = picture.replace("http://www.w3.org/2000/svg", "");
        assert!(!links.contains("http") && !links.contains("src="), "{file}");
    }
}

#[test]
fn trace_events_nest_hooks_in_leases() {
    let lab = Lab::new();
    write(&lab);
    let trace: Value = serde_json::from_str(&picture(&lab, "run.json")).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let of = |category: &str| {
        let events = events.iter().filter(move |event| event["cat"] == category);
        events.collect::<Vec<_>>()
    };
    assert_eq!(
        (of("lease").len(), of("hook").len(), of("wait").len()),
        (3, 1, 1)
    );
    let init = of("hook")[0];
    assert_eq!(
        (&init["ts"], &init["dur"]),
        (&SECOND.into(), &(3 * SECOND).into())
    );
    assert!(of("lease").iter().any(|lease| lease["name"] == HOSTILE));
}

#[test]
fn json_says_when_and_how_everything_ended() {
    let lab = Lab::new();
    write(&lab);
    let timeline = lab.json(&["timeline"]);
    let leases = timeline["leases"].as_array().unwrap();
    let dirty: Vec<_> = leases
        .iter()
        .filter(|lease| lease["ending"] == "dirty")
        .collect();
    assert_eq!(dirty.len(), 1);
    assert_eq!(dirty[0]["hooks"][0]["kind"], "init");
    assert_eq!(timeline["waits"][0]["ending"], "granted");
}

#[test]
fn a_file_of_no_known_kind_is_refused_and_one_that_cannot_be_written_is_named() {
    let lab = Lab::new();
    write(&lab);
    let said = lab.run(&["timeline", "-o", "run.png"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains(".svg, .html or .json"), "{said:?}");
    let said = lab.run(&["timeline", "-o", "missing/run.svg"]);
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("failed to write `missing/run.svg`"),
        "{said:?}"
    );
}
