//! Whether the engine can go on for ever without anybody being served.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use stateright::Model;

/// Whether no state can be reached from itself. Then every run ends, for every
/// client asks only so often; and it ends where nothing is left to happen.
///
/// Checked here, because the checker's `eventually` does not tell a cycle from
/// two ways to one state.
pub fn is_acyclic<M: Model>(model: &M) -> bool
where
    M::State: std::hash::Hash,
{
    let hasher = RandomState::new();
    // Whether the state is on the way to where we are.
    let mut seen: HashMap<u64, bool> = HashMap::new();
    let mut way: Vec<(u64, Vec<M::State>)> = Vec::new();
    for state in model.init_states() {
        let id = hasher.hash_one(&state);
        seen.insert(id, true);
        way.push((id, model.next_states(&state)));
    }
    while let Some((id, next)) = way.last_mut() {
        let Some(state) = next.pop() else {
            seen.insert(*id, false);
            way.pop();
            continue;
        };
        let id = hasher.hash_one(&state);
        match seen.get(&id) {
            Some(true) => return false,
            Some(false) => {}
            None => {
                seen.insert(id, true);
                way.push((id, model.next_states(&state)));
            }
        }
    }
    true
}
