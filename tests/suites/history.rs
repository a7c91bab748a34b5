//! What a pool's journal tells, checked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use nm_runtime::Access;
use nm_runtime::journal::{self, Event, Kind, Phase};
use nm_runtime::record::State;

/// All events of a pool, in the order of the file: a lease's `acquired` stands
/// after its lock was taken, its `released` before the lock was given back.
pub struct History(Vec<Event>);

impl History {
    pub fn read(pool_dir: &Path) -> Self {
        Self(journal::read(pool_dir).unwrap())
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &Event> {
        self.0.iter().filter(move |event| event.kind == kind)
    }

    pub fn count(&self, kind: Kind) -> usize {
        self.of(kind).count()
    }

    /// How many hooks of that kind came so far.
    pub fn phases(&self, kind: Kind, phase: Phase) -> usize {
        let so_far = |event: &&Event| event.phase == Some(phase);
        self.of(kind).filter(so_far).count()
    }

    pub fn first(&self, kind: Kind) -> &Event {
        self.of(kind)
            .next()
            .unwrap_or_else(|| panic!("no {kind} in {}", self.text()))
    }

    /// Whether there is one of this process.
    pub fn has(&self, kind: Kind, pid: u32) -> bool {
        self.of(kind).any(|event| event.holder.pid == pid)
    }

    /// The names that were lent, in order.
    pub fn lent(&self) -> Vec<&str> {
        self.of(Kind::Acquired)
            .map(|event| event.name.as_deref().unwrap())
            .collect()
    }

    pub fn names(&self) -> BTreeSet<&str> {
        self.lent().into_iter().collect()
    }

    pub fn runs(&self) -> BTreeSet<&str> {
        self.0.iter().map(|event| &*event.holder.run).collect()
    }

    pub fn tests(&self) -> BTreeSet<&str> {
        self.0.iter().map(|event| &*event.holder.test).collect()
    }

    /// Who was lent something, in order.
    pub fn served(&self) -> Vec<&str> {
        self.of(Kind::Acquired).map(function).collect()
    }

    /// In which state each lease ended.
    pub fn ends(&self) -> Vec<(&str, State)> {
        self.of(Kind::Released)
            .map(|event| (function(event), event.state.unwrap()))
            .collect()
    }

    /// How many names each request was lent.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = BTreeMap::<_, usize>::new();
        for event in self.of(Kind::Acquired) {
            *sizes.entry((&event.holder.pid, &event.id)).or_default() += 1;
        }
        sizes.into_values().collect()
    }

    /// Nobody held a name beside an exclusive holder, at most `max` names were
    /// held at once, and all came back. Gives how many were held at most.
    #[track_caller]
    pub fn check(&self, max: usize) -> usize {
        let (most, faults) = faults(&self.0, max);
        assert!(faults.is_empty(), "{}\n{}", faults.join("\n"), self.text());
        most
    }

    fn text(&self) -> String {
        let line = |event: &Event| {
            let name = event.name.as_deref().unwrap_or("-");
            format!("{:9} {name:8} {}", event.kind, event.holder.test)
        };
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// The last part of the test's path.
fn function(event: &Event) -> &str {
    let test = &event.holder.test;
    test.rsplit("::").next().unwrap_or(test)
}

fn faults(events: &[Event], max: usize) -> (usize, Vec<String>) {
    let mut held: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    let (mut most, mut faults) = (0, Vec::new());
    for event in events {
        let Some(name) = event.name.as_deref() else {
            continue;
        };
        match event.kind {
            Kind::Acquired => {
                let holders = held.entry(name).or_default();
                let alone = |event: &Event| event.access != Some(Access::Shared);
                if !holders.is_empty() && (alone(event) || holders.iter().any(|held| alone(held))) {
                    faults.push(format!(
                        "`{name}` was lent to `{}` while `{}` held it",
                        event.holder.test, holders[0].holder.test
                    ));
                }
                holders.push(event);
                most = most.max(held.len());
                if held.len() > max {
                    faults.push(format!("{} names were held at once, not {max}", held.len()));
                }
            }
            Kind::Released | Kind::Died | Kind::Lost => {
                let holders = held.entry(name).or_default();
                // Of a dead holder the request is not known any more.
                let is_it = |held: &&Event| match &*event.id {
                    "" => held.holder == event.holder,
                    id => held.id == id,
                };
                match holders.iter().position(is_it) {
                    Some(at) => drop(holders.remove(at)),
                    None => faults.push(format!("`{name}` came back from nobody")),
                }
                if holders.is_empty() {
                    held.remove(name);
                }
            }
            _ => {}
        }
    }
    faults.extend(held.keys().map(|name| format!("`{name}` never came back")));
    (most, faults)
}

/// A check that finds nothing proves nothing.
mod checked {
    use super::*;
    use nm_runtime::Holder;

    fn event(kind: Kind, name: &str, access: Access, id: &str) -> Event {
        Event {
            v: 1,
            kind,
            time: 0,
            pool: "db".into(),
            name: Some(name.into()),
            fence: None,
            id: id.into(),
            holder: Holder {
                test: format!("app::{id}"),
                pid_namespace: None,
                pid: 1,
                token: id.into(),
                run: "run".into(),
                file: "a.rs".into(),
                line: 1,
                since: 0,
                host: None,
            },
            detail: None,
            waited: None,
            access: Some(access),
            state: None,
            phase: None,
        }
    }

    #[track_caller]
    fn check(events: &[(Kind, &str, Access, &str)], max: usize, expected: &[&str]) {
        let events: Vec<_> = events
            .iter()
            .map(|(kind, name, access, id)| event(*kind, name, *access, id))
            .collect();
        assert_eq!(faults(&events, max).1, expected);
    }

    use Access::{Exclusive, Shared};
    use Kind::{Acquired, Released};

    #[test]
    fn a_name_lent_twice_is_found() {
        check(
            &[
                (Acquired, "db-0", Exclusive, "a"),
                (Acquired, "db-0", Shared, "b"),
                (Released, "db-0", Exclusive, "a"),
                (Acquired, "db-0", Shared, "c"),
                (Released, "db-0", Shared, "c"),
                (Released, "db-0", Shared, "b"),
            ],
            1,
            &["`db-0` was lent to `app::b` while `app::a` held it"],
        );
    }

    #[test]
    fn more_names_than_there_are_is_found() {
        check(
            &[
                (Acquired, "db-0", Exclusive, "a"),
                (Acquired, "db-1", Exclusive, "b"),
                (Released, "db-0", Exclusive, "a"),
                (Released, "db-1", Exclusive, "b"),
            ],
            1,
            &["2 names were held at once, not 1"],
        );
    }

    #[test]
    fn a_lease_without_an_end_and_an_end_without_a_lease_are_found() {
        check(
            &[
                (Acquired, "db-0", Exclusive, "a"),
                (Released, "db-1", Exclusive, "b"),
            ],
            1,
            &["`db-1` came back from nobody", "`db-0` never came back"],
        );
    }
}
