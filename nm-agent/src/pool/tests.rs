//! Two machines and one name, or an allocator with two seats, at a register that loses answers,
//! does changes late, and is reached over connections that are cut: many random stories.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nm_postgres::{Lent, Page};
use nm_register::{
    Access, After, Assign, Decision, Document, Look, Names, Place, Seen, Server, Session, Spec,
    Start, State, Tag, Token, Wanted, Who,
};

use super::statement::Statement;
use super::{Client, Now, Pool, To};
use crate::wire::{Answer, Ask, Join, Lock, Scene};

/// The register.
struct Register {
    tag: Option<Tag>,
    document: Document,
    /// Changes of these documents may still come.
    late: Vec<(Option<Tag>, Tag, Document)>,
    drawn: u128,
}

/// One process with one request at a time.
#[derive(Default)]
struct Process {
    token: Option<Token>,
    holds: bool,
    gives_up: bool,
    ids: u64,
    /// What it was granted.
    name: String,
    /// What its allocator is to decide on, until it has.
    scene: Option<Scene>,
    /// The server has not said whether it takes what the allocator has decided.
    has_decided: bool,
}

struct Story {
    random: u64,
    register: Register,
    pools: [Pool; 2],
    processes: [Process; 4],
    /// What was told to all so far.
    granted: usize,
    /// The names so far, of a pool with an allocator, which makes each of them once.
    made: Option<BTreeSet<String>>,
}

const START: Start = Start(1);

impl Story {
    fn new(seed: u64) -> Self {
        let key = || ("space".to_owned(), "pool".to_owned());
        let pool = |host| Pool::new(key(), host, Duration::from_secs(30));
        Self {
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            register: Register {
                tag: None,
                document: Document::default(),
                late: Vec::new(),
                drawn: 0,
            },
            pools: [pool("ci-1"), pool("ci-2")],
            processes: Default::default(),
            granted: 0,
            made: None,
        }
    }

    fn with_allocator(seed: u64) -> Self {
        Self {
            made: Some(BTreeSet::new()),
            ..Self::new(seed)
        }
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 16) % below
    }

    fn now(machine: usize) -> Now {
        Now {
            session: Session(machine as u128 + 1),
            time: Duration::from_secs(100),
            wall: 1,
            valid: true,
        }
    }

    fn page(&self) -> Page {
        let sessions = self.register.document.sessions();
        let sessions: BTreeMap<_, _> = sessions.iter().map(|it| (*it, Seen::Beat(1))).collect();
        Page {
            tag: self.register.tag,
            document: self.register.document.clone(),
            hear: Default::default(),
            look: Look {
                start: START,
                server: Server {
                    start: START,
                    calm: true,
                    epoch: 0,
                },
                sessions,
            },
        }
    }

    /// What a glance shows if somebody was granted something.
    fn lent(&self) -> Lent {
        Lent {
            start: START,
            document: Document {
                line: Vec::new(),
                ..self.register.document.clone()
            },
        }
    }

    /// A step of an agent. `fails`: of ten, how often an answer is lost.
    fn turn(&mut self, machine: usize, fails: u64) {
        let now = Self::now(machine);
        self.pools[machine].dirty = false;
        if self.pools[machine].must_read() {
            let page = self.page();
            self.pools[machine].heed(page, &now);
        }
        self.register.drawn += 1;
        let tag = Tag(self.register.drawn);
        if let Some(statement) = self.pools[machine].statement(&now, tag) {
            self.swap(machine, statement, fails);
        }
        self.hear(machine);
        self.decide(machine);
    }

    fn swap(&mut self, machine: usize, statement: Statement, fails: u64) {
        let now = Self::now(machine);
        let key = ("space".to_owned(), "pool".to_owned());
        let (was, tag, document) = {
            let swap = statement.swap(&key);
            (swap.page.tag, swap.tag, swap.document.clone())
        };
        if statement.is_void {
            return self.pools[machine].done(statement, &now);
        }
        if self.draw(10) < fails {
            self.pools[machine].unknown(statement);
            self.pools[machine].cut();
            match self.draw(3) {
                // Never done, done at once, or later.
                0 => {}
                1 => drop(self.register.swap(was, tag, document)),
                _ => self.register.late.push((was, tag, document)),
            }
        } else if self.register.swap(was, tag, document) {
            self.pools[machine].done(statement, &now);
        } else {
            self.pools[machine].overtaken(statement, now.time);
        }
    }

    /// What processes are told.
    fn hear(&mut self, machine: usize) {
        for (to, answer) in self.pools[machine].answers() {
            let process = &mut self.processes[usize::try_from(to.client).unwrap()];
            match answer {
                Answer::Granted(grants) if process.token == Some(grants[0].hold.token) => {
                    process.holds = true;
                    process.gives_up = false;
                    process.name.clone_from(&grants[0].hold.name);
                    self.granted += 1;
                    if let Some(made) = &mut self.made {
                        let is_new = made.insert(process.name.clone());
                        assert!(is_new, "{} was made twice", process.name);
                    }
                }
                Answer::Granted(_) => panic!("granted to somebody who has left"),
                Answer::Done if process.gives_up && to.id == process.ids => {
                    *process = Process {
                        ids: process.ids,
                        ..Process::default()
                    };
                }
                Answer::Scene(scene) => process.scene = Some(*scene),
                Answer::Busy => process.has_decided = false,
                Answer::Lost { .. } => panic!("a lease is lost"),
                Answer::Gone => panic!("it was held"),
                _ => {}
            }
        }
        let holders = self.processes.iter().filter(|it| it.holds).count();
        let most = if self.made.is_some() { SEATS } else { 1 };
        assert!(holders <= most, "{holders} hold what is for {most}");
    }

    /// Processes ask the allocator, those that are told what it is to decide on.
    fn decide(&mut self, machine: usize) {
        for number in (machine..4).step_by(2) {
            self.register.drawn += 1;
            let stamp = self.register.drawn;
            let process = &mut self.processes[number];
            let waits = !process.holds && !process.gives_up && !process.has_decided;
            let (true, Some(token)) = (waits, process.token) else {
                continue;
            };
            let Some(decision) = process.scene.take().and_then(|it| seat(&it, token, stamp)) else {
                continue;
            };
            process.has_decided = true;
            process.ids += 1;
            let to = To {
                client: Client::try_from(number).unwrap(),
                id: process.ids,
            };
            self.pools[machine].ask(to, asks(token, Some(decision)), false);
        }
    }

    /// A step of a process.
    fn act(&mut self, number: usize) {
        let machine = number % 2;
        self.processes[number].ids += 1;
        let to = To {
            client: Client::try_from(number).unwrap(),
            id: self.processes[number].ids,
        };
        let dies = self.draw(6) == 0;
        let process = &mut self.processes[number];
        let Some(token) = process.token else {
            self.register.drawn += 1;
            let token = Token(self.register.drawn);
            self.processes[number].token = Some(token);
            let ask = match &self.made {
                Some(_) => asks(token, None),
                None => join(token),
            };
            return self.pools[machine].ask(to, ask, false);
        };
        if dies {
            *process = Process::default();
            // No answer is for the next one.
            process.ids = to.id;
            self.pools[machine].disconnect(to.client);
            return self.pools[machine].died(token, &[], Duration::ZERO);
        }
        if process.holds {
            let (ids, name) = (process.ids, std::mem::take(&mut process.name));
            *process = Process {
                ids,
                ..Process::default()
            };
            return self.pools[machine].ask(to, release(token, name), false);
        }
        if !process.gives_up && self.draw(3) == 0 {
            self.processes[number].gives_up = true;
            self.pools[machine].ask(to, Ask::Leave(token), false);
            self.hear(machine);
        }
    }

    /// So many steps, of so many processes.
    fn run(&mut self, steps: u64, processes: u64) {
        for _ in 0..steps {
            match self.draw(10) {
                0..5 => {
                    let number = usize::try_from(self.draw(processes)).unwrap();
                    self.act(number);
                }
                5 if !self.register.late.is_empty() => {
                    let at = self.draw(self.register.late.len() as u64);
                    let (was, tag, document) =
                        self.register.late.remove(usize::try_from(at).unwrap());
                    self.register.swap(was, tag, document);
                }
                // As after a look that shows another tag.
                6 => {
                    let machine = usize::try_from(self.draw(2)).unwrap();
                    self.pools[machine].forget_page();
                    self.pools[machine].dirty = true;
                }
                // As after a hint.
                7 => {
                    let machine = usize::try_from(self.draw(2)).unwrap();
                    let (lent, now) = (self.lent(), Self::now(machine));
                    self.pools[machine].forget_page();
                    self.pools[machine].heed_lent(&lent, &now);
                    self.hear(machine);
                }
                _ => {
                    let machine = usize::try_from(self.draw(2)).unwrap();
                    self.turn(machine, 3);
                }
            }
        }
        // In the end all is said, and everybody goes.
        for _ in 0..8 {
            for machine in 0..2 {
                self.pools[machine].forget_page();
                for _ in 0..4 {
                    self.turn(machine, 0);
                }
            }
            for number in 0..4 {
                let process = &self.processes[number];
                if process.holds {
                    while self.processes[number].holds {
                        self.act(number);
                    }
                } else if let (Some(token), false) = (process.token, process.gives_up) {
                    // Waiters are served in the end, or the name is idle; by an allocator once
                    // their agent has looked.
                    let is_held = !self.register.document.holds.is_empty();
                    assert!(is_held || self.made.is_some(), "{token} waits");
                }
            }
        }
        let all = &self.processes;
        let waits = |it: &Process| it.token.is_some() && !it.gives_up;
        assert!(!all.iter().any(waits), "somebody waits");
        // What comes late now finds agents that look at nothing any more.
        for (was, tag, document) in std::mem::take(&mut self.register.late) {
            self.register.swap(was, tag, document);
        }
        let idle = self.pools.iter().all(Pool::is_idle);
        let document = &self.register.document;
        assert!(idle, "{:?}", self.pools);
        assert!(
            document.holds.is_empty() && document.line.is_empty(),
            "{document:?}"
        );
    }
}

impl Register {
    fn swap(&mut self, was: Option<Tag>, tag: Tag, document: Document) -> bool {
        let is_same = self.tag == was;
        if is_same {
            let (text, line) = document.to_texts();
            self.document = Document::parse(&text, &line).expect("it is sound");
            self.tag = Some(tag);
        }
        is_same
    }
}

fn join(token: Token) -> Ask {
    Ask::Join(Box::new(Join {
        token,
        lock: Lock {
            device: 0,
            inode: 0,
        },
        wants: Wanted::Count(1),
        access: Access::Exclusive,
        has_hooks: true,
        has_allocator: false,
        warm_first: false,
        even_broken: false,
        first: 0,
        request: String::new(),
        who: Who::default(),
        spec: Some(Spec {
            names: Names::Listed(vec!["n".to_owned()]),
            place: String::new(),
        }),
        assign: None,
        waits: true,
    }))
}

const SEATS: usize = 2;

/// What the allocator decides, who has room for whoever asks first and for nobody before it: a
/// seat that never was. The text has the number of the next one, and those that are taken.
fn seat(scene: &Scene, token: Token, stamp: u128) -> Option<Decision> {
    let text = scene.decisions.as_deref().unwrap_or("0 0");
    let mut words = text.split(' ').skip(1);
    let next: u32 = words.next()?.parse().ok()?;
    let is_held = |name: &&str| scene.holds.iter().any(|hold| hold.name == *name);
    let out: Vec<String> = words.filter(is_held).map(str::to_owned).collect();
    let own = scene.line.iter().position(|(waiter, _)| *waiter == token)?;
    if out.len() >= SEATS {
        return None;
    }
    let name = format!("seat-{next}");
    let taken = [&out[..], std::slice::from_ref(&name)].concat().join(" ");
    Some(Decision {
        name,
        was: scene.decisions.clone(),
        decisions: format!("{stamp} {} {taken}", next + 1),
        out,
        passed: scene.line[..own].iter().map(|it| it.0).collect(),
    })
}

fn asks(token: Token, decision: Option<Decision>) -> Ask {
    let Ask::Join(mut join) = join(token) else {
        unreachable!("it is one");
    };
    join.wants = Wanted::Assigned;
    join.has_allocator = true;
    join.assign = Some(Assign {
        allocator: Place {
            krate: String::new(),
            place: String::new(),
            commands: None,
        },
        decision,
    });
    Ask::Join(join)
}

fn release(token: Token, name: String) -> Ask {
    Ask::Release {
        token,
        name,
        fence: None,
        after: After {
            state: State::Clean,
            reason: None,
            as_it_was: false,
        },
        durable: true,
    }
}

#[test]
fn whatever_answers_are_lost_one_process_holds_the_name_and_nothing_is_left() {
    let mut granted = 0;
    // Short ones, too: those in which nobody comes after a change that is late.
    for seed in 1..2000 {
        let (steps, processes) = match seed % 20 {
            0 => (120, 4),
            _ => (12, 1),
        };
        let mut story = Story::new(seed);
        story.run(steps, processes);
        granted += story.granted;
    }
    assert!(granted > 500, "{granted}");
}

#[test]
fn whatever_answers_are_lost_an_allocator_never_decides_twice_on_one_state() {
    let mut granted = 0;
    for seed in 1..2000 {
        let (steps, processes) = match seed % 20 {
            0 => (240, 4),
            _ => (24, 1),
        };
        let mut story = Story::with_allocator(seed);
        story.run(steps, processes);
        granted += story.granted;
    }
    assert!(granted > 500, "{granted}");
}

#[test]
fn what_is_granted_to_one_that_gave_up_is_given_back_whether_leases_are_valid_or_not() {
    let mut story = Story::new(1);
    let (key, token) = (("space".to_owned(), "pool".to_owned()), Token(7));
    let now = Story::now(0);
    story.pools[0].ask(To { client: 0, id: 1 }, join(token), false);
    let page = story.page();
    story.pools[0].heed(page, &now);
    let statement = story.pools[0].statement(&now, Tag(1)).unwrap();
    let document = statement.swap(&key).document.clone();
    assert!(story.register.swap(None, Tag(1), document));
    story.pools[0].unknown(statement);
    story.pools[0].cut();
    story.pools[0].ask(To { client: 0, id: 2 }, Ask::Leave(token), false);
    assert_eq!(story.register.document.holds.len(), 1);
    let now = Now {
        valid: false,
        ..now
    };
    let page = story.page();
    story.pools[0].heed(page, &now);
    let statement = story.pools[0].statement(&now, Tag(2)).unwrap();
    let document = statement.swap(&key).document.clone();
    assert!(story.register.swap(Some(Tag(1)), Tag(2), document));
    story.pools[0].done(statement, &now);
    assert!(story.register.document.holds.is_empty());
    assert!(story.pools[0].is_idle(), "{:?}", story.pools[0]);
}

#[test]
fn who_gives_up_after_its_agent_was_killed_does_not_stay_in_the_line() {
    let mut story = Story::new(1);
    let (key, next, earlier) = (("space".to_owned(), "pool".to_owned()), 0, 1);
    let changes = |story: &mut Story, machine: usize, was: Option<Tag>, tag: Tag| {
        let (now, page) = (Story::now(machine), story.page());
        story.pools[machine].heed(page, &now);
        let statement = story.pools[machine].statement(&now, tag).unwrap();
        let document = statement.swap(&key).document.clone();
        assert!(story.register.swap(was, tag, document));
        story.pools[machine].done(statement, &now);
    };
    let to = |id| To { client: 1, id };
    story.pools[earlier].ask(to(1), join(Token(6)), false);
    story.pools[earlier].ask(to(2), join(Token(7)), false);
    changes(&mut story, earlier, None, Tag(1));
    assert_eq!(story.register.document.line[0].token, Token(7));
    story.pools[next].ask(to(3), Ask::Leave(Token(7)), false);
    assert_eq!(story.pools[next].answers(), [(to(3), Answer::Done)]);
    changes(&mut story, next, Some(Tag(1)), Tag(2));
    assert!(story.register.document.line.is_empty());
    assert!(story.pools[next].is_idle(), "{:?}", story.pools[next]);
    // What the other one has is its own.
    assert_eq!(story.register.document.holds[0].token, Token(6));
}

#[test]
fn what_is_lent_is_believed_in_only_as_what_is_read() {
    let mut story = Story::new(1);
    let (now, to) = (Story::now(0), To { client: 0, id: 1 });
    story.turn(0, 0);
    story.pools[0].ask(to, join(Token(7)), false);
    let page = story.page();
    story.pools[0].heed(page, &now);
    let statement = story.pools[0].statement(&now, Tag(1)).unwrap();
    let document = statement
        .swap(&("space".to_owned(), "pool".to_owned()))
        .document
        .clone();
    assert!(story.register.swap(None, Tag(1), document));
    // Its answer is lost; but not what it has said before.
    story.pools[0].unknown(statement);
    let lent = story.lent();
    let other = Lent {
        start: Start(START.0 + 1),
        ..lent.clone()
    };
    let invalid = Now {
        valid: false,
        ..now
    };
    for (lent, now) in [(&other, &now), (&lent, &invalid)] {
        assert!(!story.pools[0].heed_lent(lent, now));
        assert_eq!(story.pools[0].answers(), []);
    }
    assert!(story.pools[0].heed_lent(&lent, &now));
    let answers = story.pools[0].answers();
    assert!(matches!(&answers[..], [(it, Answer::Granted(_))] if *it == to));
}
