//! The engine as the checker sees it: what may happen next, and what must be true.

use stateright::{Model, Property};

use crate::client::{At, Then};
use crate::engine::{Action, Engine};
use crate::flaw::Flaw;
use crate::kernel::Owner;
use crate::properties;
use crate::state::{AbandonedAt, Open, State};

/// See `State::windows`.
const WINDOWS: usize = 2;

impl Model for Engine {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut state = State {
            crashes: self.crashes,
            windows: WINDOWS,
            ..State::default()
        };
        for (client, program) in state.clients.iter_mut().zip(self.programs) {
            client.rounds = program.again;
            if program.requests.is_empty() {
                client.at = At::Done;
            }
        }
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (index, client) in state.clients.iter().enumerate() {
            match client.at {
                At::Done => {}
                At::Dead => {
                    for (at, pool) in state.pools.iter().enumerate() {
                        let mut open = pool.open_of(index);
                        open.retain(|open| {
                            *open != Open::Ticket || !self.has(Flaw::DeathLeavesTicket)
                        });
                        actions.extend(open.iter().map(|open| Action::Close(index, at, *open)));
                    }
                    continue;
                }
                At::Queued(file, access) => {
                    let mut pool = state.pools[self.request(index, client).pool];
                    let free = pool.lock(file).is_some_and(|lock| lock.is_free_for(access));
                    if free {
                        actions.push(Action::Grant(index, file));
                    }
                }
                At::Wait => {
                    if self.is_woken(state, index) {
                        actions.push(Action::Step(index, client.at));
                    }
                    if self.looks_again(state, index) {
                        actions.push(Action::LookAgain(index));
                    }
                }
                at => actions.push(Action::Step(index, at)),
            }
            if let Some(given_up) = state.abandoned[index] {
                let mut pool = state.pools[given_up.pool];
                let free = pool
                    .lock(given_up.file)
                    .is_none_or(|lock| lock.is_free_for(given_up.access));
                if given_up.at != AbandonedAt::Blocked || free {
                    actions.push(Action::Abandoned(index, given_up.at));
                }
            }
            if client.at.waits() && client.then != Then::GiveUp && self.programs[index].has_deadline
            {
                actions.push(Action::Deadline(index));
            }
            let is_over = client.at == At::Done && state.abandoned[index].is_none();
            if state.crashes > 0 && !is_over {
                actions.push(Action::Crash(index));
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Step(index, _) => self.step(&mut next, index),
            Action::Grant(index, file) => {
                let pool = self.request(index, &next.clients[index]).pool;
                if let At::Queued(_, access) = next.clients[index].at
                    && let Some(lock) = next.pools[pool].lock(file)
                {
                    lock.try_lock(Owner::client(index), access);
                    next.clients[index].at = At::Granted(file, access);
                }
            }
            Action::LookAgain(index) => self.look_again(&mut next, index),
            Action::Deadline(index) => self.deadline(&mut next, index),
            Action::Abandoned(index, _) => self.abandoned(&mut next, index),
            Action::Crash(index) => self.crash(&mut next, index),
            Action::Close(index, pool, open) => self.close(&mut next, index, pool, open),
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
