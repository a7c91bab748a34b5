//! A machine that uses a pool of the server: one step after the other.

use std::collections::BTreeSet;

use nm_postgres::{Beaten, Page, Swap};
use nm_register::{
    Access, After, Decided, Known, Names, Outcome, Request, Seen, Session, Spec, State, Tag, Token,
    Waiter, Wanted, Who, decide,
};

use crate::wire::Wire;

pub struct Machine<'a> {
    pub wire: &'a Wire,
    pub session: Session,
}

pub fn tag() -> Tag {
    use std::sync::atomic::{AtomicU32, Ordering};
    static TAGS: AtomicU32 = AtomicU32::new(1);
    Tag(TAGS.fetch_add(1, Ordering::Relaxed).into())
}

pub fn join(token: u128, test: &str) -> Request {
    Request::Join {
        waiter: Box::new(Waiter {
            token: Token(token),
            session: Session(0),
            wants: Wanted::Count(1),
            access: Access::Exclusive,
            beside: false,
            failed: None,
            has_hooks: true,
            has_allocator: true,
            warm_first: false,
            even_broken: false,
            first: 0,
            id: format!("1-{token}"),
            who: Who {
                test: test.to_owned(),
                ..Who::default()
            },
        }),
        spec: Some(Spec {
            names: Names::Listed(vec!["gcp-0".to_owned()]),
            place: "Cargo.toml:3".to_owned(),
        }),
        assign: None,
        waits: true,
    }
}

pub fn release(token: u128) -> Request {
    release_as(token, State::Clean)
}

pub fn release_as(token: u128, state: State) -> Request {
    Request::Release {
        token: Token(token),
        name: "gcp-0".to_owned(),
        after: After {
            state,
            reason: None,
            as_it_was: false,
        },
    }
}

impl<'a> Machine<'a> {
    pub fn begin(wire: &'a Wire, session: u128, host: &str) -> Self {
        let session = Session(session);
        let begun = wire.run(wire.connection.begin(session, 1, host)).unwrap();
        assert!(matches!(begun, Beaten::Alive(_)), "{begun:?}");
        Self { wire, session }
    }

    pub fn read(&self) -> Page {
        self.wire
            .run(self.wire.connection.read("shop", "gcp"))
            .unwrap()
    }

    pub fn decide(&self, page: &Page, request: Request) -> Decided {
        let dead = page
            .look
            .sessions
            .iter()
            .filter(|(_, seen)| **seen == Seen::Dead);
        let dead: BTreeSet<_> = dead.map(|(session, _)| *session).collect();
        let known = Known {
            pool: "gcp",
            session: self.session,
            calm: page.look.server.is_calm(page.look.start),
            epoch: page.look.server.epoch,
            dead: &dead,
            now: 1,
        };
        decide(&page.document, &[request], known)
    }

    /// Whether a change of what was read is done.
    pub fn swap(&self, page: &Page, decided: &Decided) -> bool {
        let swap = self.change(page, decided, &[]);
        self.wire.run(self.wire.connection.swap(&swap)).unwrap()
    }

    /// The same, by who has locked the row.
    pub fn swap_locked(&self, page: &Page, decided: &Decided) -> bool {
        let swap = self.change(page, decided, &[]);
        let swapped = self.wire.connection.swap_locked(&swap);
        self.wire.run(swapped).unwrap()
    }

    /// A change of which these are told.
    pub fn change<'b>(
        &self,
        page: &'b Page,
        decided: &'b Decided,
        told: &'b [Session],
    ) -> Swap<'b> {
        Swap {
            space: "shop",
            pool: "gcp",
            page,
            session: self.session,
            tag: tag(),
            document: &decided.document,
            events: &decided.events,
            told,
        }
    }

    /// Reads, and changes what it has read.
    pub fn does(&self, request: Request) -> Outcome {
        let page = self.read();
        let mut decided = self.decide(&page, request);
        assert!(self.swap(&page, &decided));
        decided.outcomes.remove(0)
    }
}
