use crate::base::json;
use crate::memory::state::State;
use crate::terms::event::Entry;

/// Writes to the pool's journal, by way of the format that others read.
pub(crate) fn log(state: &mut State, entry: &Entry<'_>) {
    let line = json::to_string(entry);
    let event = json::from_slice(line.as_bytes());
    state
        .journal
        .push(event.expect("what is written can be read"));
}
