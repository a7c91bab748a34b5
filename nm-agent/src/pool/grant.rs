//! What a process is told of its place, of what its allocator is to decide on, or of what it was
//! granted.

use nm_register::{DECISIONS, Document, Hold, Names, Standing, Token, Waiter, Wanted, is_lock};

use crate::wire::{Grant, Place, Scene};

/// So many other holders are told at most: people read no more, and hundreds of readers would
/// each be told of all others.
const OTHERS: usize = 10;

/// What a token was granted, in the pool's order.
pub(super) fn grants(document: &Document, holds: &[&Hold]) -> Vec<Grant> {
    let names = document.spec.as_ref().map(|spec| &spec.names);
    let grant = |hold: &&Hold| {
        let known = document.names.get(&hold.name);
        let others = document.of_name(&hold.name);
        Grant {
            hold: (*hold).clone(),
            index: names.map_or(0, |names| index(names, &hold.name)),
            record: known.map(|known| known.record.clone()).unwrap_or_default(),
            others: others
                .filter(|other| other.token != hold.token)
                .take(OTHERS)
                .cloned()
                .collect(),
        }
    };
    let mut grants: Vec<_> = holds.iter().map(grant).collect();
    grants.sort_by_key(|grant| grant.index);
    grants
}

fn index(names: &Names, name: &str) -> usize {
    let index = match names {
        _ if is_lock(name) => None,
        Names::Listed(names) => names.iter().position(|listed| listed == name),
        Names::Numbered { template, .. } => {
            let parts = template.split_once("{index}");
            let number = parts.and_then(|(before, after)| {
                let number = name.strip_prefix(before)?.strip_suffix(after)?;
                number.parse().ok()
            });
            number.filter(|number| names.get(*number).as_deref() == Some(name))
        }
    };
    index.unwrap_or(0)
}

/// The place of a request that waits.
pub(super) fn place(document: &Document, token: Token) -> Option<Place> {
    let Standing::Waits { behind, reserved } = document.standing(token) else {
        return None;
    };
    let line = &document.line;
    let own = line.iter().find(|waiter| waiter.token == token)?;
    let is_served_first = |waiter: &&Waiter| match (&own.wants, own.beside) {
        _ if waiter.failed.is_some() => false,
        (Wanted::Name(_), true) => waiter.beside && waiter.wants == own.wants,
        _ => !waiter.beside,
    };
    let first = line.iter().find(is_served_first);
    let first = first.filter(|first| first.token != token);
    Some(Place {
        behind,
        first: first.map(|first| first.who.clone()),
        reserved,
    })
}

/// What the pool's allocator is to decide on.
pub(super) fn scene(document: &Document) -> Scene {
    let holds = document.holds.iter().filter(|hold| !is_lock(&hold.name));
    // What else becomes of a hold changes no decision.
    let holds = holds.map(|hold| Hold {
        waiting: None,
        body_ended: None,
        ..hold.clone()
    });
    let line = document.line.iter();
    let line = line.filter(|it| it.wants == Wanted::Assigned && it.failed.is_none());
    Scene {
        decisions: document.notes.get(DECISIONS).cloned(),
        allocator: document.code.allocator.clone(),
        holds: holds.collect(),
        line: line.map(|it| (it.token, it.who.clone())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_index_that_its_pool_gives_it() {
        let numbered = Names::Numbered {
            template: "gcp-{index}".to_owned(),
            max: Some(3),
        };
        let listed = Names::Listed(vec!["a".to_owned(), "b".to_owned()]);
        let all = [
            (&numbered, "gcp-2", 2),
            (&numbered, "gcp-3", 0),
            (&numbered, "gcp-02", 0),
            (&numbered, "#life", 0),
            (&listed, "b", 1),
            (&listed, "c", 0),
        ];
        for (names, name, expected) in all {
            assert_eq!(index(names, name), expected, "{name}");
        }
    }
}
