//! What may happen next.

use stateright::Property;

use crate::agent::Beat;
use crate::flaw::Flaw;
use crate::model::{Model, State};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Time passes.
    Tick,
    /// A test waits no more.
    GiveUp(usize),
    /// A test's body ends.
    End(usize),
    /// An agent reads the pool.
    Read(usize),
    /// It does all that comes of it.
    Turn(usize),
    /// It does what is due since.
    Due(usize),
    /// It changes the pool, and is answered.
    Swap(usize),
    /// It is not answered: the connection is cut.
    Lose(usize),
    /// It is not answered: the change hangs at the server.
    Hang(usize),
    /// A change is done that nobody waits for.
    Late(usize),
    /// An agent sends a beat.
    Beat(usize),
    /// A beat that was held up comes to the server.
    Arrive(usize),
    /// The answer to a beat comes back.
    Answer(usize),
    /// The server's commits wait.
    Stall,
    /// They go on.
    GoOn,
    /// The standby has all by now.
    Replicate,
    /// The standby takes over.
    FailOver,
    /// A process of the server is killed, with the last beat of this machine.
    LoseBeat(usize),
}

impl stateright::Model for Model {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.init()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.wrong.is_some() {
            return;
        }
        let [failovers, losses, hangs, stalls, beats] = state.left;
        if state.now < self.bounds.ticks {
            actions.push(Action::Tick);
        }
        for (index, agent) in state.agents.iter().enumerate() {
            if agent.plan.ends && !agent.bodies.is_empty() {
                actions.push(Action::End(index));
            }
            if let Beat::Answered(..) | Beat::Refused = agent.beat {
                actions.push(Action::Answer(index));
            }
            if agent.beats.is_dead() {
                continue;
            }
            let waits = agent.asked.as_ref().is_some_and(|asked| !asked.given_up);
            if waits && agent.plan.gives_up {
                actions.push(Action::GiveUp(index));
            }
            match agent.beat {
                Beat::None if agent.beaten != Some(state.now) => actions.push(Action::Beat(index)),
                Beat::Sent(_)
                    if !(state.stalled || agent.hangs && self.has(Flaw::BeatBehindSwap)) =>
                {
                    actions.push(Action::Arrive(index));
                }
                _ => {}
            }
            // Its connection for everything else.
            if agent.hangs {
                continue;
            }
            if !agent.due.is_empty() {
                actions.push(Action::Due(index));
            }
            let reads_alone = self.bounds.slow_turns || losses > 0 || hangs > 0;
            if !agent.is_idle() {
                actions.push(Action::Turn(index));
                if reads_alone {
                    actions.push(Action::Read(index));
                }
            }
            if agent.due.is_empty() && !state.stalled && self.statement(state, index).is_some() {
                actions.push(Action::Swap(index));
                if losses > 0 {
                    actions.push(Action::Lose(index));
                }
                if hangs > 0 {
                    actions.push(Action::Hang(index));
                }
            }
            if beats > 0 {
                actions.push(Action::LoseBeat(index));
            }
        }
        for at in 0..state.late.len() {
            actions.push(Action::Late(at));
        }
        if state.stalled {
            actions.push(Action::GoOn);
        } else if stalls > 0 {
            actions.push(Action::Stall);
        }
        if failovers > 0 {
            if state.standby != state.db {
                actions.push(Action::Replicate);
            }
            actions.push(Action::FailOver);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Tick => {
                state.now += 1;
                for index in 0..2 {
                    let agent = &state.agents[index];
                    // It is the server that keeps what is on its way there.
                    let by_server = state.stalled || agent.hangs;
                    let waits = matches!(agent.beat, Beat::Sent(_));
                    if waits && by_server && state.in_time[index] {
                        state.heard[index] = state.now;
                    } else if waits && !by_server {
                        // It is not the server alone any more.
                        state.heard[index] = state.acknowledged[index].unwrap_or(0);
                    }
                }
            }
            Action::GiveUp(index) => {
                if let Some(asked) = &mut state.agents[index].asked {
                    asked.given_up = true;
                }
            }
            Action::End(index) => self.end(&mut state, index),
            Action::Read(index) => self.read(&mut state, index),
            Action::Turn(index) => self.turn(&mut state, index),
            Action::Due(index) => self.due(&mut state, index),
            Action::Swap(index) => {
                let statement = self.statement(&state, index)?;
                self.swap(&mut state, &statement);
            }
            Action::Lose(index) => {
                let statement = self.statement(&state, index)?;
                state.left[1] -= 1;
                self.lose(&mut state, statement, false);
            }
            Action::Hang(index) => {
                let statement = self.statement(&state, index)?;
                state.left[2] -= 1;
                self.lose(&mut state, statement, true);
            }
            Action::Late(at) => self.late(&mut state, at),
            Action::Beat(index) => self.beat(&mut state, index),
            Action::Arrive(index) => {
                self.arrive(&mut state, index);
                if !self.bounds.slow_beats {
                    self.answer(&mut state, index);
                }
            }
            Action::Answer(index) => self.answer(&mut state, index),
            Action::Stall => {
                state.left[3] -= 1;
                state.stalled = true;
            }
            Action::GoOn => state.stalled = false,
            Action::Replicate => state.standby = state.db.clone(),
            Action::FailOver => {
                state.left[0] -= 1;
                self.fail_over(&mut state);
            }
            Action::LoseBeat(index) => {
                state.left[4] -= 1;
                let session = state.agents[index].session;
                let (beat, _) = state.db.sessions.get_mut(&session)?;
                *beat = beat.checked_sub(1)?;
            }
        }
        self.judge(&mut state);
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nothing is wrong", |_, state: &State| state.wrong.is_none()),
            Property::sometimes("a name is used", |_, state: &State| {
                state.agents.iter().any(|agent| !agent.bodies.is_empty())
            }),
        ]
    }
}
