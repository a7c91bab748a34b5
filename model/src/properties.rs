//! What must be true.

use stateright::{Model, Property};

use crate::bounds::{CLIENTS, NAMES, POOLS};
use crate::client::{At, File};
use crate::engine::{Action, Engine};
use crate::kernel::Access;
use crate::state::State;

/// Nobody holds a name while another one does, unless both only read.
pub const EXCLUSION: &str = "no name is held twice";
/// Waiters are served in their turn.
pub const ORDER: &str = "nobody is overtaken in line or at a reserved name";
/// No living client is taken for dead.
pub const LIVING: &str = "no living holder is taken for dead";
/// A holder's death is seen by the next holder.
pub const DEATHS: &str = "no death of a holder is missed";
/// No waiter is forgotten, and there is no deadlock cycle.
pub const LIVENESS: &str = "every live waiter waits for a holder's body in the end";

pub(crate) fn all() -> Vec<Property<Engine>> {
    vec![
        Property::always(EXCLUSION, |_, state| no_name_is_held_twice(state)),
        Property::always(ORDER, |_, state: &State| !state.wrongs.overtaken),
        Property::always(LIVING, |_, state: &State| {
            !state.wrongs.living_taken_for_dead
        }),
        Property::always(DEATHS, |_, state: &State| !state.wrongs.death_missed),
        Property::always(LIVENESS, every_waiter_waits_for_a_body),
    ]
}

fn no_name_is_held_twice(state: &State) -> bool {
    let held = |pool: usize, name: usize, access: Access| {
        let clients = state.clients.iter();
        // A reader that has lost its lock while it let others in knows that it has none.
        let holding = clients.filter(|client| !client.at.has_lost_its_lock());
        holding
            .filter(|client| client.leases[pool][name] == Some(access))
            .count()
    };
    (0..POOLS).all(|pool| {
        (0..NAMES).all(|name| {
            let exclusive = held(pool, name, Access::Exclusive);
            exclusive == 0 || exclusive == 1 && held(pool, name, Access::Shared) == 0
        })
    })
}

/// Once all has happened that happens by itself, each waiter must wait for clients
/// in their bodies, directly or through other waiters.
/// Nobody has to be killed, or to give up, for anybody to go on.
fn every_waiter_waits_for_a_body(engine: &Engine, state: &State) -> bool {
    let mut actions = Vec::new();
    engine.actions(state, &mut actions);
    if actions.into_iter().any(Action::is_sure) {
        return true;
    }
    let mut ends: Vec<bool> = state
        .clients
        .iter()
        .map(|client| client.at == At::Body)
        .collect();
    let is_over = |index: usize| matches!(state.clients[index].at, At::Done | At::Dead);
    // A client that waits for these alone is served when they have ended.
    loop {
        let waits = |index: usize| !ends[index] && !is_over(index);
        let served = |index: &usize| waits(*index) && is_served(engine, state, *index, &ends);
        match (0..CLIENTS).find(served) {
            Some(index) => ends[index] = true,
            None => break,
        }
    }
    (0..CLIENTS).all(|index| ends[index] || is_over(index))
}

/// Whether a waiter is served once the clients have ended that will.
fn is_served(engine: &Engine, state: &State, index: usize, ends: &[bool]) -> bool {
    let client = &state.clients[index];
    let request = engine.request(index, client);
    let mut pool = state.pools[request.pool];
    match client.at {
        At::Queued(File::Ticket(owner), _) => ends[owner],
        At::Queued(file, _) => pool
            .lock(file)
            .is_some_and(|lock| lock.holders().clients().all(|other| ends[other])),
        At::Wait => {
            let me = crate::kernel::Owner::client(index);
            let mut missing = request.count;
            for (at, name) in pool.names.iter().enumerate().take(engine.max[request.pool]) {
                if name.lock.is_held_by(me) {
                    missing = missing.saturating_sub(1);
                    continue;
                }
                // It sleeps beside a name it could have.
                if engine.can_take(state, index, at) {
                    return false;
                }
                let others = name.lock.holders().clients();
                let mut others = others.chain(name.reservation.holders().clients());
                if others.all(|other| ends[other]) {
                    missing = missing.saturating_sub(1);
                }
            }
            missing == 0
        }
        _ => false,
    }
}
