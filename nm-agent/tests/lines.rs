//! The lines between a process and an agent, as each side's own tests read and write them: the
//! engine writes JSON without serde.

use nm_agent::wire::{Asked, Greeting, Hello, Told};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const TOLD: &str = include_str!("../../nm-runtime/src/remote/lines/told.jsonl");
const ASKED: &str = include_str!("../../nm-runtime/src/remote/lines/asked.jsonl");

/// Reads it, and sees that nothing is lost.
#[track_caller]
fn read<T: Serialize + DeserializeOwned>(line: &str) {
    let read: T = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let again = serde_json::to_value(read).unwrap();
    assert_eq!(
        without_nulls(again),
        without_nulls(serde_json::from_str(line).unwrap())
    );
}

/// A field that may be missing may be `null`.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                fields
                    .map(|(key, value)| (key, without_nulls(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        value => value,
    }
}

#[test]
fn what_the_engine_says_is_understood() {
    let mut lines = ASKED.lines();
    read::<Hello>(lines.next().unwrap());
    lines.for_each(read::<Asked>);
}

#[test]
fn what_is_said_is_what_the_engine_understands() {
    let (greetings, lines): (Vec<_>, Vec<_>) =
        TOLD.lines().partition(|line| !line.contains("\"answer\""));
    greetings.into_iter().for_each(read::<Greeting>);
    lines.into_iter().for_each(read::<Told>);
}
