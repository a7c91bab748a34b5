//! Decides which names of pool `ports` are lent: the lowest, up to as many as it has.

use std::panic::panic_any;

use name_manager::{Allocator, Asked, Assigned, Assignment, BoxError};
use torture::history::{Event, Hook};

use crate::request::OnPurpose;
use crate::{fate, seen, task};

/// How many it has granted so far, and those that are out.
#[derive(Default)]
struct State {
    turn: u64,
    out: Vec<String>,
}

struct Ports;

impl Default for Ports {
    fn default() -> Self {
        // A reaper tells the allocator of the last holders.
        fate::begin_as_reaper();
        Self
    }
}

#[name_manager::resource(pool = "ports")]
impl Allocator for Ports {
    type State = State;

    fn load(&self, text: &str) -> Result<State, BoxError> {
        let mut words = text.split_ascii_whitespace();
        Ok(State {
            turn: words.next().map_or(Ok(0), str::parse)?,
            out: words.map(str::to_owned).collect(),
        })
    }

    fn save(&self, state: &State) -> String {
        format!("{} {}", state.turn, state.out.join(" "))
    }

    fn assign(&self, state: &mut State, _: &Asked<'_>) -> Assignment {
        fate::dawdle();
        let max = task::get().max("ports").unwrap_or(0);
        let mut names = (0..max).map(|port| format!("ports-{port}"));
        let free = names.find(|name| !state.out.contains(name));
        // Changed before it panics: that must not count.
        state.turn += u64::from(free.is_some());
        state.out.extend(free.clone());
        if fate::one_of_1000(task::get().fails / 2) {
            let hook = Hook {
                what: "assign".to_owned(),
                pool: "ports".to_owned(),
                name: String::new(),
                dirty: false,
            };
            seen::write(Event::HookBegins(hook.clone()));
            seen::write(Event::HookFails(hook));
            panic_any(OnPurpose);
        }
        seen::write(Event::Decides {
            pool: "ports".to_owned(),
            turn: state.turn,
            name: free.clone(),
        });
        match free {
            None => Assignment::Busy,
            Some(name) => Assigned::name(name).into(),
        }
    }

    fn release(&self, state: &mut State, name: &str) {
        seen::write(Event::TakesBack {
            pool: "ports".to_owned(),
            name: name.to_owned(),
        });
        state.out.retain(|other| other != name);
    }
}
