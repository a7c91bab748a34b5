//! A pool on a server, in the words of the tests. `a` is a request of machine 1, `a@2` one
//! of machine 2; both are in run `run`, and `a@2/other` is in another.

use std::collections::BTreeSet;

use nm_register::{
    Access, After, Decided, Document, Event, Hold, Kind, Known, Names, Outcome, Request, Session,
    Spec, State, Token, Waiter, Wanted, Who, decide,
};

pub struct Pool {
    pub document: Document,
    pub calm: bool,
    pub epoch: u64,
    pub dead: BTreeSet<Session>,
    pub events: Vec<Event>,
    pub spec: Spec,
    now: u64,
}

#[derive(Clone)]
pub struct Want {
    pub access: Access,
    pub wants: Wanted,
    pub waits: bool,
    pub has_hooks: bool,
    pub warm_first: bool,
    pub first: usize,
}

pub fn any(count: usize) -> Want {
    Want {
        access: Access::Exclusive,
        wants: Wanted::Count(count),
        waits: true,
        has_hooks: true,
        warm_first: false,
        first: 0,
    }
}

pub fn given(name: &str) -> Want {
    Want {
        wants: Wanted::Name(name.to_owned()),
        ..any(1)
    }
}

impl Want {
    pub fn shared(self) -> Self {
        Self {
            access: Access::Shared,
            ..self
        }
    }

    pub fn tried(self) -> Self {
        Self {
            waits: false,
            ..self
        }
    }
}

/// `test@machine/run`.
fn parts(who: &str) -> (&str, u128, &str) {
    let (rest, run) = who.split_once('/').unwrap_or((who, "run"));
    let (test, machine) = rest.split_once('@').unwrap_or((rest, "1"));
    (test, machine.parse().unwrap(), run)
}

pub fn token(who: &str) -> Token {
    // The first letters of the test are enough.
    Token(
        parts(who)
            .0
            .bytes()
            .fold(0, |sum, byte| sum * 256 + u128::from(byte)),
    )
}

pub fn machine(number: u128) -> Session {
    Session(number)
}

pub fn after(state: State) -> After {
    After {
        state,
        reason: None,
        as_it_was: false,
    }
}

pub fn keep(held: &[(&str, &str)], asked: &[&str]) -> Request {
    let held = held
        .iter()
        .map(|(who, name)| (token(who), (*name).to_owned()));
    Request::Keep {
        held: held.collect(),
        asked: asked.iter().map(|who| token(who)).collect(),
    }
}

impl Pool {
    pub fn new(max: u32) -> Self {
        Self::of(Names::Numbered {
            template: "db-{index}".to_owned(),
            max: Some(max),
        })
    }

    pub fn of(names: Names) -> Self {
        Self {
            document: Document::default(),
            calm: true,
            epoch: 0,
            dead: BTreeSet::new(),
            events: Vec::new(),
            spec: Spec {
                names,
                place: "ci-1: tests/a.rs:3".to_owned(),
            },
            now: 100,
        }
    }

    /// The request of this waiter.
    pub fn join(&self, who: &str, want: Want) -> Request {
        let (test, _, run) = parts(who);
        let is_lock = matches!(&want.wants, Wanted::Name(name) if name.starts_with('#'));
        Request::Join {
            waiter: Box::new(Waiter {
                token: token(who),
                session: Session(0),
                wants: want.wants,
                access: want.access,
                beside: false,
                failed: None,
                has_hooks: want.has_hooks,
                has_allocator: false,
                warm_first: want.warm_first,
                even_broken: false,
                first: want.first,
                id: test.to_owned(),
                who: Who {
                    test: test.to_owned(),
                    run: run.to_owned(),
                    since: self.now,
                    ..Who::default()
                },
            }),
            spec: (!is_lock).then(|| self.spec.clone()),
            assign: None,
            waits: want.waits,
        }
    }

    /// What comes of requests of a machine.
    pub fn decide(&self, session: Session, requests: &[Request]) -> Decided {
        let known = Known {
            pool: "db",
            session,
            calm: self.calm,
            epoch: self.epoch,
            dead: &self.dead,
            now: self.now,
        };
        decide(&self.document, requests, known)
    }

    pub fn does(&mut self, session: Session, request: Request) -> Outcome {
        self.now += 1;
        let mut decided = self.decide(session, &[request]);
        self.document = decided.document;
        self.events.extend(decided.events);
        let (text, line) = self.document.to_texts();
        let read = Document::parse(&text, &line);
        let read = read.unwrap_or_else(|error| panic!("{error}: {text} {line}"));
        assert_eq!(read, self.document);
        decided.outcomes.remove(0)
    }

    pub fn ask(&mut self, who: &str, want: Want) -> Outcome {
        let request = self.join(who, want);
        self.does(machine(parts(who).1), request)
    }

    pub fn ask_all(&mut self, whose: &str, want: Want) {
        for who in whose.split_whitespace() {
            self.ask(who, want.clone());
        }
    }

    /// Releases all that it holds, clean.
    pub fn end(&mut self, who: &str) {
        self.end_as(who, State::Clean);
    }

    pub fn end_as(&mut self, who: &str, state: State) {
        let held = self.document.holds.iter();
        let held = held.filter(|hold| hold.token == token(who));
        let names: Vec<_> = held.map(|hold| hold.name.clone()).collect();
        assert!(!names.is_empty(), "{who} holds nothing");
        for name in names {
            let after = after(state);
            let token = token(who);
            let released = Request::Release { token, name, after };
            assert_eq!(self.does(machine(parts(who).1), released), Outcome::Done);
        }
    }

    /// The first reader of a name lets others in.
    pub fn share(&mut self, who: &str) {
        let hold = self.hold(who);
        let (token, name) = (hold.token, hold.name);
        let shared = self.does(hold.session, Request::Share { token, name });
        assert_eq!(shared, Outcome::Done);
    }

    pub fn hold(&self, who: &str) -> Hold {
        let mut holds = self.document.holds.iter();
        let own = holds.find(|hold| hold.token == token(who));
        own.unwrap_or_else(|| panic!("{who} holds nothing")).clone()
    }

    /// `db-0:a db-1:(b)`, where `(b)` shares and `((c))` is the first reader.
    pub fn holds(&self) -> String {
        let mut shown: Vec<_> = self
            .document
            .holds
            .iter()
            .map(|hold| {
                let test = &hold.who.test;
                let who = match (hold.access, hold.alone) {
                    (Access::Exclusive, _) => test.clone(),
                    (Access::Shared, false) => format!("({test})"),
                    (Access::Shared, true) => format!("(({test}))"),
                };
                format!("{}:{who}", hold.name)
            })
            .collect();
        shown.sort();
        shown.join(" ")
    }

    /// `c d=db-0!`, where `d` waits beside the queue; `e?` has failed.
    pub fn line(&self) -> String {
        let shown = self.document.line.iter().map(|waiter| {
            let test = &waiter.who.test;
            match (&waiter.wants, &waiter.failed) {
                (_, Some(_)) => format!("{test}?"),
                (Wanted::Name(name), _) if waiter.beside => format!("{test}={name}!"),
                (Wanted::Name(name), _) => format!("{test}={name}"),
                (Wanted::Count(_) | Wanted::Assigned, _) => test.clone(),
            }
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    pub fn is(&self, holds: &str, line: &str) {
        assert_eq!((self.holds().as_str(), self.line().as_str()), (holds, line));
    }

    /// The state of a name between leases.
    pub fn state(&self, name: &str) -> State {
        self.document.names[name].record.state
    }

    /// The last events, as `acquired db-0 a`.
    pub fn told(&self) -> Vec<String> {
        let events = self.events.iter().map(|event| {
            let kind = match event.kind {
                Kind::Waiting => "waiting",
                Kind::Acquired => "acquired",
                Kind::Released => "released",
                Kind::Died => "died",
                Kind::Lost => "lost",
                // The engine itself tells of all others.
                other => panic!("the rules tell nothing of {other:?}"),
            };
            let name = event.name.as_deref().unwrap_or("any");
            format!("{kind} {name} {}", event.holder.test)
        });
        events.collect()
    }

    /// The agent of this machine is declared dead.
    pub fn bury(&mut self, session: Session) {
        self.dead.insert(session);
    }

    /// Somebody of this machine swaps.
    pub fn settle(&mut self, number: u128) -> Outcome {
        self.does(machine(number), Request::Settle)
    }

    /// The server starts again as it was at this moment, and must be told what is held.
    pub fn freeze(&mut self, document: &Document) {
        self.document = document.clone();
        self.calm = false;
        self.epoch += 1;
    }

    pub fn again(&mut self, holds: &[&Hold]) -> Outcome {
        let session = holds[0].session;
        let holds = holds.iter().map(|hold| (*hold).clone()).collect();
        let again = Request::Again {
            holds,
            waiters: Vec::new(),
        };
        self.does(session, again)
    }
}
