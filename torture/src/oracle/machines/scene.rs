//! Histories of machines and of their server, put together.

use std::collections::BTreeMap;

use super::fault::Fault;
use super::lease::Lease;
use super::session::Session;
use crate::history::{Event, Line, Site};
use crate::oracle::Story;

/// All that happened.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) story: Story<'a>,
    /// So long a machine may be silent.
    pub(super) lease: u64,
    pub(super) faults: Vec<Fault<'a>>,
    /// When the server forgot what it had acknowledged.
    pub(super) forgets: Vec<u64>,
    pub(super) sessions: BTreeMap<&'a str, Session<'a>>,
    /// To which sessions a name was lent with a fence, one after the other.
    pub(super) lent: BTreeMap<(&'a str, u64), Vec<(&'a Line, &'a str)>>,
    pub(super) freed: BTreeMap<(&'a str, u64), &'a Line>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(lines: &'a [Line], lease: u64) -> Self {
        let mut scene = Self {
            story: Story::new(lines),
            lease,
            faults: Vec::new(),
            forgets: Vec::new(),
            sessions: BTreeMap::new(),
            lent: BTreeMap::new(),
            freed: BTreeMap::new(),
        };
        for line in lines {
            if let Event::Site(site) = &line.event {
                scene.note(line, site);
            }
        }
        scene
    }

    fn note(&mut self, line: &'a Line, site: &'a Site) {
        match site {
            Site::FaultBegins { id, kind, on } => self.faults.push(Fault {
                id: *id,
                kind,
                on,
                from: line.at,
                to: u64::MAX,
            }),
            Site::FaultEnds(id) => {
                let mut faults = self.faults.iter_mut();
                if let Some(fault) = faults.find(|fault| fault.id == *id) {
                    fault.to = line.at;
                }
            }
            Site::Forgets => self.forgets.push(line.at),
            Site::Beat { session, on } => {
                let session = self.sessions.entry(session).or_default();
                session.on = on;
                session.beats.push(line);
            }
            Site::Buried(session) => {
                let session = self.sessions.entry(session).or_default();
                session.buried.push(line);
            }
            Site::Lent {
                session,
                name,
                fence,
            } => {
                let lent = self.lent.entry((name, *fence)).or_default();
                lent.push((line, session));
            }
            Site::Freed { name, fence } => {
                self.freed.insert((name, *fence), line);
            }
        }
    }

    /// The session that had a name with that fence at that time.
    pub(super) fn session(&self, name: &str, fence: u64, at: u64) -> Option<&Session<'a>> {
        let lent = self.lent.get(&(name, fence))?;
        let mut before = lent.iter().rev().filter(|(line, _)| line.at <= at);
        self.sessions.get(before.next()?.1)
    }

    /// Whether a lease may have ended by that time without its holder's doing: its machine was
    /// declared dead; or the server forgot it, and the machine did not come back within a lease.
    pub(super) fn may_have_lost(&self, lease: &Lease<'_>, by: u64) -> bool {
        let session = self.session(lease.name, lease.fence, by);
        session.is_some_and(|session| session.was_buried(by)) || self.was_forgotten(lease, by)
    }

    /// Whether the server forgot it before that time, and its machine did not come back.
    pub(super) fn was_forgotten(&self, lease: &Lease<'_>, by: u64) -> bool {
        let lent = self.lent_at(lease.name, lease.fence);
        let since = lent.unwrap_or(lease.granted.at);
        let was_away = |forgets: u64| {
            let mut faults = self.faults.iter().filter(|fault| fault.on == lease.on);
            let until = forgets + self.lease;
            faults.any(|fault| !fault.is_of_worker() && fault.was_between(forgets, until))
        };
        let forgets = self.forgets.iter().copied();
        let mut forgets = forgets.filter(|forgets| (since..=by).contains(forgets));
        forgets.any(was_away)
    }

    /// When the server lent a name with that fence for the first time.
    pub(super) fn lent_at(&self, name: &str, fence: u64) -> Option<u64> {
        let first = self.lent.get(&(name, fence))?.first()?;
        Some(first.0.at)
    }

    /// All leases of each name, in the order of their fences.
    pub(super) fn leases(&self) -> BTreeMap<&str, Vec<Lease<'_>>> {
        let mut leases: BTreeMap<&str, Vec<Lease<'_>>> = BTreeMap::new();
        for request in &self.story.requests {
            let Some(granted) = request.granted else {
                continue;
            };
            for (name, fence) in request.leases {
                leases.entry(name).or_default().push(Lease {
                    request,
                    name,
                    fence: fence.unwrap_or_default(),
                    on: self.story.run(request.process),
                    granted,
                    until: self.story.held_until(request),
                    killed: self.story.died_with(request),
                });
            }
        }
        for leases in leases.values_mut() {
            leases.sort_by_key(|lease| (lease.fence, lease.granted.at));
        }
        leases
    }
}
