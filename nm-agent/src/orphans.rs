//! Processes that are not connected any more: those whose file nobody has locked are gone.

use std::time::Duration;

use tokio::time::sleep;

use crate::agent::Agent;
use crate::clock;

/// The first and the longest wait between two looks. A process that ends closes its socket
/// before the file, or the other way round.
const WAITS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(1));

/// Looks for as long as the agent lives.
pub(crate) async fn run(agent: Agent) {
    loop {
        if agent.state().orphans.is_empty() {
            agent.orphan.notified().await;
        }
        let (mut wait, longest) = WAITS;
        while look(&agent) {
            tokio::select! {
                () = sleep(wait) => wait = (wait * 2).min(longest),
                // Another one: soon again.
                () = agent.orphan.notified() => wait = WAITS.0,
            }
        }
    }
}

/// Looks once; whether there is any left.
fn look(agent: &Agent) -> bool {
    let mut state = agent.state();
    let state = &mut *state;
    let mut gone = false;
    for token in std::mem::take(&mut state.orphans) {
        let mut pools = state.pools.values();
        if !pools.any(|pool| pool.is_orphan(token, |client| state.is_there(client))) {
            continue;
        }
        if !state.locks.is_free(token) {
            state.orphans.insert(token);
            continue;
        }
        gone = true;
        let released = state.locks.released(token);
        for pool in state.pools.values_mut() {
            if pool.is_orphan(token, |_| false) {
                pool.died(token, &released, clock::now());
            }
        }
        // Otherwise it says to the next agent what is to be done.
        if released.is_empty() {
            state.locks.remove(token);
        }
    }
    if gone {
        agent.work.notify_one();
    }
    !state.orphans.is_empty()
}
