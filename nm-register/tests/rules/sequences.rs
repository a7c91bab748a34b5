//! What holds after any sequence of requests, deaths and restarts.

use std::collections::BTreeMap;

use nm_register::{Access, Document, Hold, Outcome, Request, State, Token, Wanted};
use proptest::prelude::*;

use crate::scene::{Pool, Want, after, given, machine};

#[derive(Clone, Debug)]
enum Step {
    Ask(Ask),
    Leave(usize),
    End(usize, bool),
    Died(usize),
    Share(usize),
    Bury(u128),
    Keep(u128),
    /// Forgets so many of the last changes, and everybody says again.
    Restart(usize, bool),
    Calm,
}

#[derive(Clone, Debug)]
struct Ask {
    machine: u128,
    count: usize,
    name: Option<usize>,
    shared: bool,
    waits: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let ask = (
        1..=3_u128,
        1..=3_usize,
        prop::option::weighted(0.3, 0..3_usize),
        any::<bool>(),
        prop::bool::weighted(0.8),
    )
        .prop_map(|(machine, count, name, shared, waits)| {
            Step::Ask(Ask {
                machine,
                count,
                name,
                shared,
                waits,
            })
        });
    prop_oneof![
        6 => ask,
        1 => (0..20_usize).prop_map(Step::Leave),
        5 => (0..20_usize, any::<bool>()).prop_map(|(who, dirty)| Step::End(who, dirty)),
        1 => (0..20_usize).prop_map(Step::Died),
        3 => (0..20_usize).prop_map(Step::Share),
        1 => (1..=3_u128).prop_map(Step::Bury),
        1 => (1..=3_u128).prop_map(Step::Keep),
        1 => (0..4_usize, any::<bool>()).prop_map(|(changes, backwards)| Step::Restart(changes, backwards)),
        2 => Just(Step::Calm),
    ]
}

fn any<T: Arbitrary>() -> T::Strategy {
    proptest::prelude::any::<T>()
}

/// What tests know of what they hold: nobody has told them otherwise.
#[derive(Default)]
struct Seen {
    bodies: BTreeMap<(Token, String), Hold>,
}

impl Seen {
    /// Looks at a pool to which nothing unknown may have happened.
    fn look(&mut self, document: &Document) {
        self.bodies
            .retain(|(token, name), _| document.of_name(name).any(|hold| hold.token == *token));
        for hold in &document.holds {
            self.bodies
                .insert((hold.token, hold.name.clone()), hold.clone());
        }
    }
}

fn want(ask: &Ask) -> Want {
    let want = match ask.name {
        Some(index) => given(&format!("db-{index}")),
        None => crate::scene::any(ask.count),
    };
    let want = if ask.shared { want.shared() } else { want };
    if ask.waits { want } else { want.tried() }
}

fn exclusive_alone(document: &Document) {
    for hold in &document.holds {
        let others = document.of_name(&hold.name).count() - 1;
        let excludes = hold.access == Access::Exclusive || hold.alone;
        assert!(!excludes || others == 0, "{hold:?} beside {others}");
    }
}

/// Nobody waits for what it could have: what is granted at once to a newcomer like the
/// head of the queue, if the line were empty, is granted to the head.
fn no_name_is_idle(pool: &Pool) {
    if !pool.calm {
        return;
    }
    let head = pool
        .document
        .line
        .iter()
        .find(|waiter| !waiter.beside && waiter.failed.is_none());
    let Some(head) = head else {
        return;
    };
    let Wanted::Count(count) = head.wants else {
        panic!("a head that waits for a given name stands beside the queue");
    };
    let free = (0..3).filter(|index| {
        let name = format!("db-{index}");
        let reserved = pool.document.line.iter().any(|waiter| {
            waiter.beside && waiter.failed.is_none() && waiter.wants == Wanted::Name(name.clone())
        });
        let mut holds = pool.document.of_name(&name);
        let open = holds.all(|hold| {
            head.access == Access::Shared && hold.access == Access::Shared && !hold.alone
        });
        open && !reserved
    });
    assert!(free.count() < count, "{:?}", pool.document);
}

fn run(steps: &[Step]) {
    let mut pool = Pool::new(3);
    let mut history = vec![pool.document.clone()];
    let mut names = 0;
    let mut seen = Seen::default();
    let mut fences: BTreeMap<String, u64> = BTreeMap::new();
    for step in steps {
        let nth = |at: &usize| pool.document.holds.get(*at).cloned();
        let mut request = None;
        match step {
            Step::Ask(ask) => {
                names += 1;
                let who = format!("t{names}@{}", ask.machine);
                request = Some((machine(ask.machine), pool.join(&who, want(ask))));
            }
            Step::Leave(at) => {
                let waiter = pool.document.line.get(*at);
                request = waiter.map(|waiter| (waiter.session, Request::Leave(waiter.token)));
            }
            Step::End(at, dirty) => {
                request = nth(at).map(|hold| {
                    let after = after(if *dirty { State::Dirty } else { State::Clean });
                    let (token, name) = (hold.token, hold.name);
                    (hold.session, Request::Release { token, name, after })
                });
            }
            Step::Died(at) => {
                request = nth(at).map(|hold| (hold.session, Request::Died(hold.token)));
            }
            Step::Share(at) => {
                request = nth(at).map(|hold| {
                    let (token, name) = (hold.token, hold.name);
                    (hold.session, Request::Share { token, name })
                });
            }
            Step::Bury(number) => {
                pool.bury(machine(*number));
                pool.settle(4);
                assert!(!pool.document.sessions().contains(&machine(*number)));
                pool.dead.clear();
            }
            Step::Keep(number) => {
                // It knows of every other one.
                let session = machine(*number);
                let holds = pool.document.holds.iter();
                let own = holds.filter(|hold| hold.session == session);
                let held = own.map(|hold| (hold.token, hold.name.clone()));
                let held = held.step_by(2).collect();
                let asked = vec![];
                request = Some((session, Request::Keep { held, asked }));
            }
            Step::Restart(changes, backwards) => {
                seen.look(&pool.document);
                let at = history.len().saturating_sub(1 + changes);
                pool.freeze(&history[at].clone());
                let mut bodies: Vec<_> = seen.bodies.values().cloned().collect();
                if *backwards {
                    bodies.reverse();
                }
                // Everybody who lived comes back, so nobody loses anything.
                let held: Vec<_> = seen.bodies.keys().cloned().collect();
                for hold in &bodies {
                    assert_eq!(pool.again(&[hold]), Outcome::Done, "{hold:?}");
                }
                for number in 1..=3 {
                    let (held, asked) = (held.clone(), vec![]);
                    pool.does(machine(number), Request::Keep { held, asked });
                }
                let held: Vec<_> = pool
                    .document
                    .holds
                    .iter()
                    .map(|hold| (hold.token, hold.name.clone()))
                    .collect();
                assert_eq!(held.len(), bodies.len());
                for hold in &bodies {
                    assert!(held.contains(&(hold.token, hold.name.clone())), "{hold:?}");
                }
            }
            Step::Calm => {
                pool.calm = true;
                pool.settle(4);
            }
        }
        if let Some((session, request)) = request {
            let before = pool.document.holds.clone();
            let twice = pool.decide(session, &[request.clone(), request.clone()]);
            pool.does(session, request);
            for hold in pool
                .document
                .holds
                .iter()
                .filter(|hold| !before.contains(hold))
            {
                let known = before
                    .iter()
                    .any(|old| old.token == hold.token && old.name == hold.name);
                let last = fences.entry(hold.name.clone()).or_default();
                assert!(known || hold.fence > *last, "{hold:?} after fence {last}");
                *last = hold.fence.max(*last);
            }
            let once = pool.decide(session, &[]).document;
            assert_eq!(
                twice.document.holds.len(),
                once.holds.len(),
                "asked twice, done once"
            );
        }
        exclusive_alone(&pool.document);
        no_name_is_idle(&pool);
        seen.look(&pool.document);
        history.push(pool.document.clone());
        if matches!(step, Step::Restart(..)) {
            history = vec![pool.document.clone()];
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pool_keeps_its_rules(steps in prop::collection::vec(step(), 1..60)) {
        run(&steps);
    }
}
