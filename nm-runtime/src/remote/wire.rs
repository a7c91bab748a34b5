//! The lines between this process and the agent of its machine, as JSON: what `nm-agent`'s
//! `wire` says, which is the source of truth.

use hifijson::SliceLexer;

use crate::base::json::{self, FromJson, ToJson};
use crate::remote::token::{FileSeen, Token};
use crate::terms::access::Access;
use crate::terms::code::Code;
use crate::terms::event::{Entry, Event};
use crate::terms::holder::{Holder, LastHolder};
use crate::terms::names::Names;
use crate::terms::record::{FORMAT, Life, Record, State, Tenure};

/// The version of these lines.
pub(crate) const VERSION: u32 = 1;

/// The first line of a process.
pub(crate) fn hello() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("{{\"v\":{VERSION},\"program\":\"{version}\"}}")
}

/// The first line of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    Welcome(Welcome),
    Refused(Fault),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Welcome {
    /// The version of the agent's lines.
    pub(crate) v: u32,
    /// The server, as people see it.
    pub(crate) server: String,
    /// This machine, as people see it.
    pub(crate) host: String,
    /// In milliseconds.
    pub(crate) lease: u64,
}

json::object!(read Welcome { v, server, host, lease });

impl FromJson for Greeting {
    fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self> {
        tagged(
            next,
            from,
            |_| None,
            |tag, next, from| match tag {
                "welcome" => Welcome::read(next, from).map(Self::Welcome),
                "refused" => Fault::read(next, from).map(Self::Refused),
                _ => None,
            },
        )
    }
}

/// Reads a variant: a text, or an object of one field.
fn tagged<T>(
    next: u8,
    from: &mut SliceLexer<'_>,
    unit: impl FnOnce(&str) -> Option<T>,
    mut field: impl FnMut(&str, u8, &mut SliceLexer<'_>) -> Option<T>,
) -> Option<T> {
    if next == b'"' {
        return unit(&String::read(next, from)?);
    }
    let mut found = None;
    json::read_fields(next, from, &mut |tag, next, from| {
        found = Some(field(tag, next, from)?);
        Some(())
    })?;
    found
}

/// A pair, which is an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair<A, B>(pub(crate) A, pub(crate) B);

impl<A: ToJson, B: ToJson> ToJson for Pair<A, B> {
    fn write(&self, text: &mut String) {
        text.push('[');
        self.0.write(text);
        text.push(',');
        self.1.write(text);
        text.push(']');
    }
}

impl<A: FromJson, B: FromJson> FromJson for Pair<A, B> {
    fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self> {
        let (mut a, mut b) = (None, None);
        sequence(next, from, |at, next, from| match at {
            0 => A::read(next, from).map(|read| a = Some(read)),
            1 => B::read(next, from).map(|read| b = Some(read)),
            _ => None,
        })?;
        Some(Self(a?, b?))
    }
}

/// Three of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Triple<A, B, C>(pub(crate) A, pub(crate) B, pub(crate) C);

impl<A: FromJson, B: FromJson, C: FromJson> FromJson for Triple<A, B, C> {
    fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self> {
        let (mut a, mut b, mut c) = (None, None, None);
        sequence(next, from, |at, next, from| match at {
            0 => A::read(next, from).map(|read| a = Some(read)),
            1 => B::read(next, from).map(|read| b = Some(read)),
            2 => C::read(next, from).map(|read| c = Some(read)),
            _ => None,
        })?;
        Some(Self(a?, b?, c?))
    }
}

/// Calls `item` with the index of each item of an array.
fn sequence(
    next: u8,
    from: &mut SliceLexer<'_>,
    mut item: impl FnMut(usize, u8, &mut SliceLexer<'_>) -> Option<()>,
) -> Option<()> {
    let mut at = 0;
    json::read_items(next, from, &mut |next, from| {
        item(at, next, from)?;
        at += 1;
        Some(())
    })
}

/// Raw JSON.
pub(crate) struct Raw<'a>(pub(crate) &'a str);

impl ToJson for Raw<'_> {
    fn write(&self, text: &mut String) {
        text.push_str(self.0);
    }
}

/// Asks for what the pool's allocator is to decide on.
pub(crate) const SCENE: &str = "\"scene\"";

/// Asks for the pool as it is.
pub(crate) const LOOK: &str = "\"look\"";

/// Asks for what of it a message to people says.
pub(crate) const BRIEF: &str = "\"brief\"";

/// An object of one field, as an enum's variant is written.
pub(crate) fn variant(tag: &str, value: &dyn ToJson) -> String {
    let mut text = format!("{{\"{tag}\":");
    value.write(&mut text);
    text.push('}');
    text
}

/// A line of a process: what is asked is JSON already.
pub(crate) fn asked(id: u64, space: &str, pool: &str, ask: &str) -> String {
    let mut text = String::with_capacity(ask.len() + 64);
    text.push('{');
    json::write_field("\"id\":", &id, &mut text);
    json::write_field("\"space\":", &space, &mut text);
    json::write_field("\"pool\":", &pool, &mut text);
    json::write_field("\"ask\":", &Raw(ask), &mut text);
    text.push_str("}\n");
    text
}

/// What a request wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Count(u64),
    Name(String),
    /// What the pool's allocator decides.
    Assigned,
}

impl ToJson for Wanted {
    fn write(&self, text: &mut String) {
        text.push_str(&match self {
            Self::Count(count) => variant("count", count),
            Self::Name(name) => variant("name", name),
            Self::Assigned => "\"assigned\"".to_owned(),
        });
    }
}

impl FromJson for Wanted {
    fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self> {
        tagged(
            next,
            from,
            |tag| (tag == "assigned").then_some(Self::Assigned),
            |tag, next, from| match tag {
                "count" => u64::read(next, from).map(Self::Count),
                "name" => String::read(next, from).map(Self::Name),
                _ => None,
            },
        )
    }
}

/// A pool's names, and where they are said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) names: Names,
    pub(crate) place: String,
}

json::object!(Spec { names, place });

#[derive(Clone, Debug)]
struct Numbered {
    template: String,
    max: Option<u32>,
}

json::object!(Numbered { template, max });

impl ToJson for Names {
    fn write(&self, text: &mut String) {
        text.push_str(&match self {
            Self::Listed(names) => variant("listed", names),
            Self::Numbered { template, max } => {
                let numbered = Numbered {
                    template: template.clone(),
                    max: *max,
                };
                variant("numbered", &numbered)
            }
        });
    }
}

impl FromJson for Names {
    fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self> {
        tagged(
            next,
            from,
            |_| None,
            |tag, next, from| match tag {
                "listed" => Vec::read(next, from).map(Self::Listed),
                "numbered" => {
                    let Numbered { template, max } = Numbered::read(next, from)?;
                    Some(Self::Numbered { template, max })
                }
                _ => None,
            },
        )
    }
}

/// A request for names, or for a lock.
#[derive(Debug)]
pub(crate) struct Join<'a> {
    pub(crate) token: Token,
    pub(crate) lock: FileSeen,
    pub(crate) wants: Wanted,
    pub(crate) access: Access,
    pub(crate) has_hooks: bool,
    pub(crate) has_allocator: bool,
    pub(crate) warm_first: bool,
    pub(crate) even_broken: bool,
    pub(crate) first: u64,
    pub(crate) request: &'a str,
    pub(crate) who: &'a Holder,
    pub(crate) spec: Option<Spec>,
    pub(crate) assign: Option<Assign>,
    pub(crate) waits: bool,
}

json::object!(write Join<'_> {
    token,
    lock,
    wants,
    access,
    has_hooks,
    has_allocator,
    warm_first,
    even_broken,
    first,
    request,
    who,
    spec,
    assign,
    waits
});

/// What is said of the pool's allocator.
#[derive(Clone, Debug)]
pub(crate) struct Assign {
    pub(crate) allocator: Code,
    pub(crate) decision: Option<Decision>,
}

json::object!(write Assign { allocator, decision });

/// What it has decided: done only if all is as it was when it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) name: String,
    /// The text of the decisions that were in force, and of those with this one.
    pub(crate) was: Option<String>,
    pub(crate) decisions: String,
    /// The other names that are lent by them.
    pub(crate) out: Vec<String>,
    /// The requests that are passed.
    pub(crate) passed: Vec<Token>,
}

json::object!(write Decision { name, was, decisions, out, passed });

/// How a lease ends.
#[derive(Debug)]
pub(crate) struct After {
    pub(crate) state: State,
    pub(crate) reason: Option<String>,
    pub(crate) as_it_was: bool,
}

json::object!(write After { state, reason, as_it_was });

#[derive(Debug)]
pub(crate) struct Release<'a> {
    pub(crate) token: Token,
    pub(crate) name: &'a str,
    pub(crate) fence: u64,
    pub(crate) after: After,
    pub(crate) durable: bool,
}

json::object!(write Release<'_> { token, name, fence, after, durable });

#[derive(Debug)]
pub(crate) struct Share<'a> {
    pub(crate) token: Token,
    pub(crate) name: &'a str,
}

json::object!(write Share<'_> { token, name });

#[derive(Debug)]
pub(crate) struct Change<'a> {
    pub(crate) token: Token,
    pub(crate) name: &'a str,
    pub(crate) was: &'a Known,
    pub(crate) record: &'a Known,
}

json::object!(write Change<'_> { token, name, was, record });

#[derive(Debug)]
pub(crate) struct Publish<'a> {
    pub(crate) token: Token,
    pub(crate) name: &'a str,
    pub(crate) waiting: Option<&'a str>,
    pub(crate) body_ended: Option<u64>,
}

json::object!(write Publish<'_> { token, name, waiting, body_ended });

#[derive(Debug)]
pub(crate) struct Note<'a> {
    pub(crate) key: &'a str,
    pub(crate) was: Option<&'a str>,
    pub(crate) value: Option<&'a str>,
    pub(crate) holding: Option<Pair<Token, &'a str>>,
}

json::object!(write Note<'_> { key, was, value, holding });

#[cfg(feature = "tools")]
#[derive(Debug)]
pub(crate) struct Forget {
    pub(crate) force: bool,
}

#[cfg(feature = "tools")]
json::object!(write Forget { force });

/// What a process holds and waits for in a pool, for an agent that has taken another one's
/// place.
#[derive(Debug)]
pub(crate) struct Present<'a> {
    pub(crate) holds: Vec<&'a Held>,
    pub(crate) waits: Vec<Pair<u64, Raw<'a>>>,
    pub(crate) locks: Vec<Pair<Token, FileSeen>>,
}

impl std::fmt::Debug for Raw<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

json::object!(write Present<'_> { holds, waits, locks });

/// The user code of a pool, as the server has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PoolPlaces {
    pub(crate) resource: Option<Code>,
    pub(crate) allocator: Option<Code>,
}

json::object!(PoolPlaces {
    resource,
    allocator
});

/// Events, each with its host.
pub(crate) fn log(entries: &[Entry<'_>]) -> String {
    struct Entries<'a, 'b>(&'a [Entry<'b>]);
    impl ToJson for Entries<'_, '_> {
        fn write(&self, text: &mut String) {
            text.push('[');
            for (at, entry) in self.0.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                entry.write(text);
            }
            text.push(']');
        }
    }
    variant("log", &Entries(entries))
}

/// A name that is held, as the server has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) token: Token,
    pub(crate) session: Token,
    pub(crate) name: String,
    pub(crate) access: Access,
    pub(crate) alone: bool,
    pub(crate) fence: u64,
    pub(crate) id: String,
    pub(crate) who: Holder,
    pub(crate) waiting: Option<String>,
    pub(crate) body_ended: Option<u64>,
    /// Who chose the name, if not the server: `allocator`.
    pub(crate) by: Option<String>,
}

json::object!(Held {
    token,
    session,
    name,
    access,
    alone,
    fence,
    id,
    who,
    waiting,
    body_ended,
    by
});

/// What is known of a name, beside its fence and its holders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    state: State,
    reason: Option<String>,
    broken_in: Option<String>,
    created: u64,
    lent: u64,
    last: Option<LastHolder>,
    life: Option<Life>,
}

json::object!(Known {
    state,
    reason,
    broken_in,
    created,
    lent,
    last,
    life
});

impl Known {
    pub(crate) fn of(record: &Record) -> Self {
        Self {
            state: record.state,
            reason: record.reason.clone(),
            broken_in: record.broken_in.clone(),
            created: record.created,
            lent: record.lent,
            last: record.last.clone(),
            life: record.life.clone(),
        }
    }

    pub(crate) fn into_record(self, fence: u64, holders: Vec<Tenure>) -> Record {
        Record {
            v: FORMAT,
            fence,
            state: self.state,
            reason: self.reason,
            broken_in: self.broken_in,
            holders,
            created: self.created,
            lent: self.lent,
            last: self.last,
            life: self.life,
        }
    }
}

/// A line of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) id: u64,
    pub(crate) answer: Answer,
}

json::object!(read Told { id, answer });

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    Granted(Vec<Grant>),
    Waiting(Place),
    Busy,
    Failed(Failure),
    Disagrees(Spec),
    Gone,
    Changed(Known),
    Code(PoolPlaces),
    Note(Option<String>),
    Scene(Scene),
    Run(Run),
    Look(Look),
    Events(Vec<Event>, bool),
    Forgotten(Forgotten),
    Lost(Lost),
    Fault(Fault),
    Silence(Option<String>),
}

impl FromJson for Answer {
    fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self> {
        let unit = |tag: &str| match tag {
            "done" => Some(Self::Done),
            "busy" => Some(Self::Busy),
            "gone" => Some(Self::Gone),
            _ => None,
        };
        tagged(next, from, unit, |tag, next, from| {
            Some(match tag {
                "granted" => Self::Granted(Vec::read(next, from)?),
                "waiting" => Self::Waiting(Place::read(next, from)?),
                "failed" => Self::Failed(Failure::read(next, from)?),
                "disagrees" => Self::Disagrees(Spec::read(next, from)?),
                "changed" => Self::Changed(Known::read(next, from)?),
                "code" => Self::Code(PoolPlaces::read(next, from)?),
                "note" => Self::Note(Option::read(next, from)?),
                "scene" => Self::Scene(Scene::read(next, from)?),
                "run" => Self::Run(Run::read(next, from)?),
                "look" => Self::Look(Look::read(next, from)?),
                "events" => {
                    let Events { events, last } = Events::read(next, from)?;
                    Self::Events(events, last)
                }
                "forgotten" => Self::Forgotten(Forgotten::read(next, from)?),
                "lost" => Self::Lost(Lost::read(next, from)?),
                "fault" => Self::Fault(Fault::read(next, from)?),
                "silence" => Self::Silence(Option::read(next, from)?),
                _ => return None,
            })
        })
    }
}

/// A name that is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) hold: Held,
    pub(crate) index: u64,
    pub(crate) record: Known,
    pub(crate) others: Vec<Held>,
}

json::object!(read Grant { hold, index, record, others });

/// What an allocator is to decide on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scene {
    /// The decisions in force, as text.
    pub(crate) decisions: Option<String>,
    /// Where the allocator is, if it was declared.
    pub(crate) allocator: Option<Code>,
    /// Who holds what.
    pub(crate) holds: Vec<Held>,
    /// Who waits for it, in the order in which they came.
    pub(crate) line: Vec<Pair<Token, Holder>>,
}

json::object!(read Scene { decisions, allocator, holds, line });

/// A place in the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) behind: u64,
    pub(crate) first: Option<Holder>,
    pub(crate) reserved: Option<bool>,
}

json::object!(read Place { behind, first, reserved });

/// Why a request can never be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Broken(String),
    Hooks,
    Allocator,
    Made(String),
    Capacity(u64),
}

impl FromJson for Failure {
    fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self> {
        let unit = |tag: &str| match tag {
            "hooks" => Some(Self::Hooks),
            "allocator" => Some(Self::Allocator),
            _ => None,
        };
        tagged(next, from, unit, |tag, next, from| match tag {
            "broken" => String::read(next, from).map(Self::Broken),
            "made" => String::read(next, from).map(Self::Made),
            "capacity" => u64::read(next, from).map(Self::Capacity),
            _ => None,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) alive: bool,
    pub(crate) running: bool,
}

json::object!(read Run { alive, running });

/// A pool as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) spec: Option<Spec>,
    pub(crate) names: Vec<Triple<String, u64, Known>>,
    pub(crate) holds: Vec<Held>,
    pub(crate) line: Vec<Waiter>,
    pub(crate) life: Option<String>,
    pub(crate) in_life: bool,
    /// Machines that have not been heard of for a while, and for how many milliseconds.
    pub(crate) silent: Option<Vec<Pair<String, u64>>>,
    /// Whether nothing is lent, as the server has started anew.
    pub(crate) anew: Option<bool>,
}

json::object!(read Look { spec, names, holds, line, life, in_life, silent, anew });

/// A request in the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiter {
    pub(crate) wants: Wanted,
    pub(crate) access: Access,
    pub(crate) beside: bool,
    /// Whether it can never be served, and waits for nothing.
    pub(crate) failed: Option<Failure>,
    /// The request, for people.
    pub(crate) id: String,
    pub(crate) who: Holder,
}

json::object!(read Waiter { wants, access, beside, failed, id, who });

impl Waiter {
    pub(crate) fn is_in_queue(&self) -> bool {
        !self.beside && self.failed.is_none()
    }

    pub(crate) fn reserves(&self, name: &str) -> bool {
        let wants = matches!(&self.wants, Wanted::Name(wanted) if wanted == name);
        wants && self.beside && self.failed.is_none()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Events {
    events: Vec<Event>,
    last: bool,
}

json::object!(read Events { events, last });

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forgotten {
    pub(crate) names: Vec<String>,
    pub(crate) lent: Vec<String>,
    pub(crate) awaited: bool,
}

json::object!(read Forgotten { names, lent, awaited });

/// Leases that are lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) leases: Vec<Pair<Token, String>>,
    pub(crate) why: String,
}

json::object!(read Lost { leases, why });

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
}

json::object!(read Fault { kind, message, causes });

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    Config,
    Server,
    /// It may be back soon.
    Away,
    Agent,
}

impl FromJson for FaultKind {
    fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self> {
        match String::read(next, from)?.as_str() {
            "config" => Some(Self::Config),
            "away" => Some(Self::Away),
            "agent" => Some(Self::Agent),
            // A kind that we do not know cannot mean less.
            _ => Some(Self::Server),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::token::TokenLock;
    use crate::terms::event::{Kind, Phase};
    use crate::terms::record::{Doing, Failures};

    /// What an agent says; `nm-agent` reads the same file.
    const TOLD: &str = include_str!("lines/told.jsonl");
    /// What a process says.
    const ASKED: &str = include_str!("lines/asked.jsonl");

    #[test]
    fn what_an_agent_says_is_understood() {
        let mut lines = TOLD.lines();
        let mut greeting = || json::from_slice::<Greeting>(lines.next().unwrap().as_bytes());
        assert!(matches!(greeting(), Some(Greeting::Welcome(welcome)) if welcome.host == "ci-7"));
        assert!(
            matches!(greeting(), Some(Greeting::Refused(fault)) if fault.kind == FaultKind::Agent)
        );
        let mut kinds = std::collections::BTreeSet::new();
        for line in lines {
            let told: Option<Told> = json::from_slice(line.as_bytes());
            let Told { id, answer } = told.unwrap_or_else(|| panic!("{line}"));
            kinds.insert(
                format!("{answer:?}")
                    .split(['(', ' '])
                    .next()
                    .map(str::to_owned),
            );
            assert_eq!(line.contains("\"id\":0,"), id == 0, "{line}");
            match answer {
                Answer::Granted(grants) => {
                    let hold = &grants[0].hold;
                    assert_eq!(
                        (&*hold.name, hold.fence, hold.alone),
                        ("db-0", (1 << 32) + 1, true)
                    );
                    assert_eq!(hold.who.process(), "pid 7 on ci-7");
                    let life = grants[0].record.life.as_ref().unwrap();
                    assert_eq!(life.doing.as_ref().unwrap().what, "initialising");
                    // As the agent has written it.
                    assert!(line.contains(&json::to_string(&grants[0].record)));
                }
                Answer::Scene(scene) => {
                    let (held, first) = (scene.holds.first(), scene.line.first());
                    assert_eq!(held.is_some(), scene.decisions.is_some());
                    assert!(held.is_none_or(|held| held.by.as_deref() == Some("allocator")));
                    assert!(first.is_none_or(|first| first.1.test == "b"));
                }
                Answer::Look(look) => {
                    assert!(look.line[0].is_in_queue() && look.line[1].failed.is_some());
                    assert_eq!((&*look.names[0].0, look.names[0].1), ("a", 3));
                    assert_eq!(look.anew, Some(true));
                    let silent = look.silent.unwrap_or_default();
                    assert_eq!(silent, [Pair("ci-9".to_owned(), 12_000)]);
                }
                Answer::Events(events, last) => {
                    assert_eq!(
                        (events[0].kind, events[0].phase),
                        (Kind::Init, Some(Phase::Failed))
                    );
                    assert!(!last);
                }
                _ => {}
            }
        }
        assert_eq!(kinds.len(), 18, "each kind of answer");
    }

    #[test]
    fn what_a_process_says_is_what_an_agent_understands() {
        let dir = tempfile::tempdir().unwrap();
        let lock = TokenLock::new(dir.path()).unwrap().file;
        let token: Token = json::from_slice(b"\"0123456789abcdef0123456789abcdef\"").unwrap();
        let who = Holder {
            test: "app::\"a\"".to_owned(),
            pid: 7,
            pid_namespace: Some(4),
            token: "7-1".to_owned(),
            run: "run".to_owned(),
            file: "tests/a.rs".to_owned(),
            line: 3,
            since: 5,
            host: Some("ci-7".to_owned()),
        };
        let known = Known {
            state: State::Broken,
            reason: Some("no disk".to_owned()),
            broken_in: Some("run".to_owned()),
            created: 1,
            lent: 2,
            last: Some(LastHolder::new(&who, "it panicked")),
            life: Some(Life {
                done: true,
                fingerprint: Some("f".to_owned()),
                runs: vec!["run".to_owned()],
                doing: Some(Doing {
                    what: "initialising".to_owned(),
                    since: 3,
                }),
                failures: Failures {
                    run: "run".to_owned(),
                    count: 1,
                    first: "e".to_owned(),
                },
            }),
        };
        let join_with = |wants: Wanted, spec: Option<Names>, assign: Option<Assign>| {
            json::to_string(&Join {
                token,
                lock,
                wants,
                access: Access::Shared,
                has_hooks: true,
                has_allocator: assign.is_some(),
                warm_first: false,
                even_broken: true,
                first: 1,
                request: "7-0",
                who: &who,
                spec: spec.map(|names| Spec {
                    names,
                    place: "Cargo.toml (ci-7)".to_owned(),
                }),
                assign,
                waits: true,
            })
        };
        let join = |wants, spec| join_with(wants, spec, None);
        let numbered = Names::Numbered {
            template: "db-{index}".to_owned(),
            max: Some(2),
        };
        let listed = Names::Listed(vec!["a".to_owned()]);
        let any = join(Wanted::Count(2), Some(numbered));
        let unbounded = Names::Numbered {
            template: "db-{index}".to_owned(),
            max: None,
        };
        let assign = Assign {
            allocator: Code {
                krate: "app".to_owned(),
                place: "src/ports.rs:3".to_owned(),
                commands: None,
            },
            decision: Some(Decision {
                name: "ports-4010".to_owned(),
                was: Some("{}".to_owned()),
                decisions: "{\"v\":1}".to_owned(),
                out: vec!["ports-4000".to_owned()],
                passed: vec![token],
            }),
        };
        let held = Held {
            token,
            session: token,
            name: "db-0".to_owned(),
            access: Access::Exclusive,
            alone: false,
            fence: 4,
            id: "7-0".to_owned(),
            who: who.clone(),
            waiting: None,
            body_ended: Some(9),
            by: Some("allocator".to_owned()),
        };
        let code = |commands: Option<&str>| PoolPlaces {
            resource: Some(Code {
                krate: "app".to_owned(),
                place: "src/db.rs:3".to_owned(),
                commands: commands.map(str::to_owned),
            }),
            allocator: None,
        };
        let entry = |kind| Entry {
            phase: Some(Phase::Done),
            time: 1,
            ..Entry::new(kind, "db", "7-0", &who)
        };
        let events = log(&Kind::ALL
            .iter()
            .map(|kind| entry(*kind))
            .collect::<Vec<_>>());
        let note = |value, holding| Note {
            key: "life",
            was: None,
            value,
            holding,
        };
        let after = After {
            state: State::Dirty,
            reason: Some("r".to_owned()),
            as_it_was: false,
        };
        let asks = [
            variant("join", &Raw(&any)),
            variant(
                "join",
                &Raw(&join(Wanted::Name("a".to_owned()), Some(listed))),
            ),
            variant("join", &Raw(&join(Wanted::Name("#life".to_owned()), None))),
            variant("leave", &token),
            variant(
                "release",
                &Release {
                    token,
                    name: "db-0",
                    fence: 4,
                    after,
                    durable: true,
                },
            ),
            variant(
                "share",
                &Share {
                    token,
                    name: "db-0",
                },
            ),
            variant(
                "change",
                &Change {
                    token,
                    name: "db-0",
                    was: &known,
                    record: &known,
                },
            ),
            variant(
                "publish",
                &Publish {
                    token,
                    name: "db-0",
                    waiting: Some("{}"),
                    body_ended: None,
                },
            ),
            variant("declare", &code(None)),
            variant("declare", &code(Some("0f"))),
            "\"code\"".to_owned(),
            variant("note", &note(Some("{}"), Some(Pair(token, "#life")))),
            variant("note", &note(None, None)),
            variant("noted", &"life"),
            variant("run", &"run"),
            LOOK.to_owned(),
            events,
            variant("events", &7_u64),
            variant("lastevents", &200_u32),
            #[cfg(feature = "tools")]
            variant("forget", &Forget { force: true }),
            #[cfg(not(feature = "tools"))]
            r#"{"forget":{"force":true}}"#.to_owned(),
            variant(
                "present",
                &Present {
                    holds: vec![&held],
                    waits: vec![Pair(3, Raw(&any))],
                    locks: vec![Pair(token, lock)],
                },
            ),
            SCENE.to_owned(),
            variant(
                "join",
                &Raw(&join_with(Wanted::Assigned, Some(unbounded), Some(assign))),
            ),
            BRIEF.to_owned(),
        ];
        let said = asks.iter().zip(1..);
        let said: String = said
            .map(|(ask, id)| asked(id, "acme/shop", "db", ask))
            .collect();
        // Which file it is differs each time.
        let file = json::to_string(&lock);
        let hello = hello().replace(env!("CARGO_PKG_VERSION"), "1.2.3");
        let said = format!("{hello}\n{said}").replace(&file, r#"{"device":1,"inode":2}"#);
        for (said, known) in said.lines().zip(ASKED.lines()) {
            assert_eq!(said, known);
        }
        assert_eq!(said.lines().count(), ASKED.lines().count(), "{said}");
    }
}
