//! The backend of several machines: a server decides which holder has a name. May import
//! `local` for files and their locks, `backend`, `config`, `terms`, `nm_os`, `base`.
//!
//! [`link`] is the connection to the agent of this machine, which alone speaks with the
//! server; [`start`] finds or starts it, [`wire`] is what is said, [`token`] the proof that
//! this process lives. [`request`] is the way to a name or a lock, [`hold`] a lease, [`runs`]
//! knows which runs are alive, [`notes`] keeps texts, [`look`] makes a snapshot, [`assigned`]
//! asks the pool's allocator.

pub(crate) mod assigned;
pub(crate) mod hold;
pub(crate) mod link;
pub(crate) mod look;
pub(crate) mod notes;
pub(crate) mod request;
pub(crate) mod runs;
pub(crate) mod start;
pub(crate) mod token;
pub(crate) mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nm_os::Dir;

use crate::backend::ask::{Answer as Answered, Ask, Granted};
use crate::backend::hook_files::HookFiles;
use crate::backend::patience::Patience;
use crate::backend::runs::Runs;
#[cfg(feature = "tools")]
use crate::backend::snapshot::Forgotten;
use crate::backend::snapshot::{Ahead, BlockedHead, Others, SERVER_KEY, Snapshot};
use crate::backend::{Backend, broken, missing_code};
use crate::base::error::{Error, Kind, Result};
use crate::config::place;
use crate::config::server::Server;
use crate::local::dir::unusable;
use crate::local::hook_files;
use crate::remote::assigned::{Desk, Told};
use crate::remote::hold::RemoteHold;
use crate::remote::link::{Link, Where};
use crate::remote::request::{Wish, answer, answers, join, unexpected};
use crate::remote::runs::RemoteRuns;
#[cfg(feature = "tools")]
use crate::remote::wire::Forget;
#[cfg(feature = "tools")]
use crate::remote::wire::Waiter;
use crate::remote::wire::{
    Answer, BRIEF, Failure, Grant, LOOK, Look, PoolPlaces, Publish, Spec, Wanted, variant,
};
use crate::terms::access::Access;
use crate::terms::code::PoolCode;
use crate::terms::declaration::Declaration;
#[cfg(feature = "tools")]
use crate::terms::event::Phase;
use crate::terms::event::{Entry, Event, Kind as Happened};
use crate::terms::holder::Holder;
use crate::terms::record::{FORMAT, Life, Record, Tenure};
#[cfg(feature = "tools")]
use crate::terms::run_note::RunNote;

/// Why nothing can be seen before an agent has greeted.
const NOT_GREETED: &str =
    "the agent that speaks with the server for this machine has not answered yet";

/// One pool, whose names a server lends.
#[derive(Debug)]
pub(crate) struct Remote {
    agent_dir: PathBuf,
    server: Server,
    program: Option<PathBuf>,
    at: Where,
    key: String,
    /// Where the pool's names are said, for whoever says others.
    place: String,
    /// Of this process, not of the one that it was forked from.
    link: Mutex<Option<Arc<Link>>>,
    /// Replaced when the server has lost what this process had joined.
    runs: Mutex<Option<Arc<RemoteRuns>>>,
    /// What was asked by each request that waits.
    waiting: Mutex<BTreeMap<String, u64>>,
}

impl Remote {
    /// The pool of this server. Nothing is asked before something is wanted.
    pub(crate) fn new(
        agent_dir: PathBuf,
        server: &Server,
        program: Option<PathBuf>,
        pool: &Arc<str>,
        place: String,
    ) -> Self {
        Self {
            key: format!("{SERVER_KEY}{}/{pool}", server.space),
            at: Where {
                space: server.space.as_str().into(),
                pool: pool.clone(),
            },
            agent_dir,
            server: server.clone(),
            program,
            place,
            link: Mutex::default(),
            runs: Mutex::default(),
            waiting: Mutex::default(),
        }
    }

    /// So many events at the end of the pool's journal, the oldest first; fewer if it has fewer,
    /// or the agent tells no more in one answer.
    #[cfg(feature = "tools")]
    pub(crate) fn last_events(&self, most: u32) -> Result<Vec<Event>> {
        self.told(variant("lastevents", &most))
    }

    /// The events that answer this.
    fn told(&self, ask: String) -> Result<Vec<Event>> {
        let mut all = Vec::new();
        let mut wrong = None;
        answers(&self.link(), &self.at, ask, |answer| match answer {
            Answer::Events(events, last) => {
                all.extend(events);
                last.then_some(())
            }
            other => {
                wrong = Some(unexpected(&other));
                Some(())
            }
        })?;
        match wrong {
            Some(error) => Err(error),
            None => Ok(all),
        }
    }

    fn link(&self) -> Arc<Link> {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        match &*link {
            Some(link) if link.is_of_this_process() => link.clone(),
            _ => {
                let program = self.program.as_deref();
                let ours = Link::to(&self.agent_dir, &self.server.address, program);
                link.insert(ours).clone()
            }
        }
    }

    fn ask(&self, ask: String) -> Result<Answer> {
        answer(&self.link(), &self.at, ask)
    }

    /// Asks, and does not wait for the answer.
    fn tell(&self, ask: String) {
        let _ = self.link().ask(&self.at, ask, None, None);
    }

    fn wish<'a>(&self, link: &Arc<Link>, ask: &Ask<'_>, request: &'a str) -> Result<Wish<'a>> {
        Ok(Wish {
            wants: match ask.given {
                Some(given) => Wanted::Name(given.name.to_owned()),
                None => Wanted::Count(ask.count as u64),
            },
            access: ask.want.access,
            has_hooks: ask.has_hooks,
            has_allocator: ask.has_allocator,
            warm_first: ask.warm_first,
            even_broken: ask.even_broken,
            first: ask.first as u64,
            request,
            spec: Some(Spec {
                names: ask.names.clone(),
                place: format!("{} ({})", self.place, link.welcome()?.host),
            }),
            assign: None,
        })
    }

    fn join(
        &self,
        ask: &Ask<'_>,
        patience: Option<&mut dyn Patience>,
        waits: bool,
    ) -> Result<Answered> {
        let link = self.link();
        let request = ask.request.text();
        let wish = self.wish(&link, ask, &request)?;
        let asked = join(&link, &self.at, wish, ask.holder, waits)?;
        let told = asked.wait(patience, |id, place, patience| {
            self.waiting().insert(request.clone(), id);
            if let Some(patience) = patience {
                patience.blocked();
                if let Some(reserved) = place.reserved {
                    patience.beside(reserved);
                }
            }
        });
        self.waiting().remove(&request);
        self.answered(&link, ask, told?)
    }

    /// `None` if no allocator is to be asked for this.
    fn desk<'a>(
        &'a self,
        link: &'a Arc<Link>,
        ask: &'a Ask<'a>,
        request: &'a str,
    ) -> Result<Option<Desk<'a>>> {
        let (Some(allocator), Some(code)) = (ask.decide, ask.allocator) else {
            return Ok(None);
        };
        Ok(Some(Desk {
            link,
            at: &self.at,
            ask,
            allocator,
            code,
            wish: self.wish(link, ask, request)?,
            waiting: &self.waiting,
        }))
    }

    /// As [`Remote::answered`], with what the allocator says beyond the name.
    fn decided(&self, link: &Arc<Link>, ask: &Ask<'_>, told: Told) -> Result<Answered> {
        let (answer, proposed) = told;
        let mut answered = self.answered(link, ask, answer)?;
        if let (Answered::Granted(granted), Some(proposed)) = (&mut answered, proposed) {
            for granted in granted {
                granted.index = proposed.decision.out.len();
                granted.assigned = Some(proposed.assigned.clone());
            }
        }
        Ok(answered)
    }

    /// What a request is told last.
    fn answered(&self, link: &Arc<Link>, ask: &Ask<'_>, answer: Answer) -> Result<Answered> {
        match answer {
            Answer::Granted(grants) => {
                let host = link.welcome()?.host;
                let grants = grants.into_iter();
                let granted = grants.map(|grant| self.granted(link, ask, grant, &host));
                Ok(Answered::Granted(granted.collect()))
            }
            Answer::Busy => Ok(Answered::Busy),
            Answer::Failed(failure) => Err(self.failed(ask, failure)),
            Answer::Disagrees(theirs) => Err(Error::config(format!(
                "pool `{}` has `{}` here, but `{}` where it is used now, as {} says; say the same in both, or give them a `space` or pools of their own",
                ask.pool,
                ask.names.size(),
                theirs.names.size(),
                crate::base::text::printable(&theirs.place)
            ))),
            other => Err(unexpected(&other)),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn granted(&self, link: &Arc<Link>, ask: &Ask<'_>, grant: Grant, host: &str) -> Granted {
        let Grant {
            hold,
            index,
            record: known,
            others,
        } = grant;
        let own = look::tenure(&hold, host);
        let holder = own.holder.clone();
        let others = others.iter().map(|other| look::tenure(other, host));
        let holders: Vec<_> = others.chain([own]).collect();
        let record = known.clone().into_record(hold.fence, holders);
        Granted {
            index: ask.given.map_or(index as usize, |given| given.index),
            alone: hold.access == Access::Exclusive || hold.alone,
            assigned: None,
            hold: Box::new(RemoteHold {
                link: link.clone(),
                at: self.at.clone(),
                token: hold.token,
                name: hold.name,
                access: hold.access,
                holder,
                request: hold.id,
                record,
                known,
                ended: false,
            }),
        }
    }

    /// Why a request can never be served.
    fn failed(&self, ask: &Ask<'_>, failure: Failure) -> Error {
        let pool = ask.pool;
        let refused = match failure {
            Failure::Broken(reason) => return broken::error(pool, &reason),
            Failure::Capacity(capacity) => {
                return Error::config(format!(
                    "pool `{pool}` has {capacity} names where it is used now, and {} are asked for",
                    ask.count
                ));
            }
            Failure::Hooks | Failure::Allocator => self
                .code()
                .and_then(|code| missing_code::refuse(ask, &code)),
            Failure::Made(name) => {
                let made = Record {
                    life: Some(Life::default()),
                    ..Record::new()
                };
                missing_code::refuse_made(ask, &name, &made)
            }
        };
        match refused {
            Err(error) => error,
            // Forgotten meanwhile.
            Ok(()) => Error::new(
                Kind::Config,
                format!("pool `{pool}` had code that this program does not contain; ask again"),
            ),
        }
    }

    /// The runs, as this process has joined them.
    fn own_runs(&self) -> Arc<RemoteRuns> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runs) = &*runs
            && runs.is_current()
        {
            return runs.clone();
        }
        let pid = std::process::id();
        let new = Arc::new(RemoteRuns {
            link: self.link(),
            at: self.at.clone(),
            holder: Holder {
                test: format!("process {pid}"),
                pid,
                pid_namespace: nm_os::pid_namespace(),
                token: format!("{pid}-0"),
                run: String::new(),
                file: String::new(),
                line: 0,
                since: 0,
                host: None,
            },
            joined: Mutex::default(),
        });
        runs.insert(new).clone()
    }

    /// A pool as it is, or what of it a message says; and what this machine is called. `tells`: says
    /// so if that takes long.
    fn look(&self, at: &Where, what: &str, tells: bool) -> Result<(Look, String)> {
        let link = self.link();
        let host = link.welcome()?.host;
        match request::look(&link, at, what, tells)? {
            Answer::Look(look) => Ok((look, host)),
            other => Err(unexpected(&other)),
        }
    }

    /// The pool as people see it, with its line.
    #[cfg(feature = "tools")]
    pub(crate) fn seen(&self) -> Result<(Snapshot, Vec<Waiter>)> {
        let (mut look, host) = self.look(&self.at, LOOK, true)?;
        let mut line = look.line.clone();
        line.retain(|waiter| waiter.failed.is_none());
        for waiter in &mut line {
            waiter.who = look::shown(&waiter.who, &host);
        }
        look.line.retain(|waiter| waiter.failed.is_none());
        let snapshot = look::snapshot(look, &self.at.pool, &self.key, &host, self.link().lease());
        Ok((snapshot, line))
    }

    /// What is known of clean-ups that go on, or have left something.
    #[cfg(feature = "tools")]
    pub(crate) fn run_notes(&self) -> Result<Vec<RunNote>> {
        notes::all_runs(&self.link(), &self.at)
    }

    /// Waits until nobody cleans up after this run; false if somebody still does when the
    /// patience is over.
    #[cfg(feature = "tools")]
    pub(crate) fn wait_for_reaper(&self, run: &str, patience: &mut dyn Patience) -> Result<bool> {
        match self.own_runs().share_reaper(run, patience) {
            Err(error) if error.is_timeout() => Ok(false),
            done => done.map(|()| true),
        }
    }

    fn snapshot_of(&self, key: &str, what: &str) -> Result<Option<Snapshot>> {
        let Some(at) = Self::by_key(key) else {
            return Ok(look::is_elsewhere(key).then(Snapshot::default));
        };
        if self.link().is_awaited() {
            let away = self.link().away();
            return Err(Error::new(
                Kind::Io,
                away.unwrap_or_else(|| NOT_GREETED.to_owned()),
            ));
        }
        let (look, host) = self.look(&at, what, false)?;
        Ok(Some(look::snapshot(
            look,
            &at.pool,
            key,
            &host,
            self.link().lease(),
        )))
    }

    /// The space and the pool of a key.
    fn by_key(key: &str) -> Option<Where> {
        let (space, pool) = key.strip_prefix(SERVER_KEY)?.rsplit_once('/')?;
        Some(Where {
            space: space.into(),
            pool: pool.into(),
        })
    }
}

impl Backend for Remote {
    fn acquire(&self, ask: &Ask<'_>, patience: &mut dyn Patience) -> Result<Answered> {
        let (link, request) = (self.link(), ask.request.text());
        link.connect_within(&mut Some(&mut *patience))?;
        match self.desk(&link, ask, &request)? {
            Some(desk) => self.decided(&link, ask, desk.take(patience)?),
            None => self.join(ask, Some(patience), true),
        }
    }

    fn try_acquire(&self, ask: &Ask<'_>) -> Result<Answered> {
        let (link, request) = (self.link(), ask.request.text());
        match self.desk(&link, ask, &request)? {
            Some(desk) => self.decided(&link, ask, desk.try_take()?),
            None => self.join(ask, None, false),
        }
    }

    fn take_back(&self, ask: &Ask<'_>) -> Result<()> {
        let (link, request) = (self.link(), ask.request.text());
        match self.desk(&link, ask, &request)? {
            Some(desk) => desk.take_back(),
            None => Ok(()),
        }
    }

    /// The proof that a request's process lives.
    fn keeps_files_open(&self) -> bool {
        true
    }

    fn key(&self) -> &str {
        &self.key
    }

    fn snapshot(&self, key: &str) -> Result<Option<Snapshot>> {
        self.snapshot_of(key, LOOK)
    }

    fn recent(&self) -> Result<Option<Snapshot>> {
        self.snapshot_of(&self.key, BRIEF)
    }

    fn ahead(&self, ask: &Ask<'_>, _head: Option<&BlockedHead>) -> Ahead {
        let id = self.waiting().get(&ask.request.text()).copied();
        let place = id.and_then(|id| self.link().place(id));
        let Some(place) = place.filter(|place| place.reserved.is_none()) else {
            return Ahead::default();
        };
        let host = self.link().welcome().map(|welcome| welcome.host);
        let host = host.unwrap_or_default();
        Ahead {
            first: place.first.map(|first| look::shown(&first, &host)),
            others: Others::Exactly(place.behind.saturating_sub(1) as usize),
        }
    }

    fn publish(&self, name: &str, token: &str, change: &dyn Fn(&mut Tenure)) {
        let link = self.link();
        let held = link.change_of_thread(&self.at, name, token, |held| {
            let host = held.who.host.clone().unwrap_or_default();
            let mut tenure = look::tenure(held, &host);
            change(&mut tenure);
            held.waiting = tenure.waiting.as_ref().map(look::published);
            held.body_ended = tenure.body_ended;
        });
        for held in held {
            self.tell(variant(
                "publish",
                &Publish {
                    token: held.token,
                    name,
                    waiting: held.waiting.as_deref(),
                    body_ended: held.body_ended,
                },
            ));
        }
    }

    fn declare(&self, run: &str, ours: Option<&Declaration>) -> Result<Option<Declaration>> {
        notes::declare(&self.link(), &self.at, run, ours)
    }

    fn declarations(&self) -> Result<Vec<Declaration>> {
        notes::declarations(&self.link(), &self.at)
    }

    fn code(&self) -> Result<PoolCode> {
        match self.ask("\"code\"".to_owned())? {
            Answer::Code(places) => Ok(code_of(places)),
            other => Err(unexpected(&other)),
        }
    }

    fn declare_code(&self, ours: &PoolCode) -> Result<PoolCode> {
        let places = PoolPlaces {
            resource: ours.resource.clone(),
            allocator: ours.allocator.clone(),
        };
        match self.ask(variant("declare", &places))? {
            Answer::Code(places) => Ok(code_of(places)),
            other => Err(unexpected(&other)),
        }
    }

    fn log(&self, entry: &Entry<'_>) {
        // The server has told of those who wait, in the order in which they came.
        if entry.kind == Happened::Waiting || self.link().is_awaited() {
            return;
        }
        let Ok(welcome) = self.link().welcome() else {
            return;
        };
        let holder = Holder {
            host: Some(welcome.host),
            ..entry.holder.clone()
        };
        self.tell(wire::log(&[Entry {
            holder: &holder,
            ..*entry
        }]));
    }

    fn events(&self, since: u64) -> Result<Box<dyn Iterator<Item = Result<Event>>>> {
        let all = self.told(variant("events", &since))?;
        Ok(Box::new(all.into_iter().map(Ok)))
    }

    fn runs(&self) -> Result<Arc<dyn Runs>> {
        Ok(self.own_runs())
    }

    fn hook_files(
        &self,
        name: Option<&str>,
        patience: &mut dyn Patience,
    ) -> Result<Option<HookFiles>> {
        let path = place::of_server(&self.agent_dir, &self.server.space, &self.at.pool);
        let dir = Dir::create(&path).map_err(|error| unusable(&path, error))?;
        hook_files::open(&dir, name, patience)
    }

    #[cfg(feature = "tools")]
    fn forget(&self, holder: &Holder, force: bool) -> Result<Forgotten> {
        match self.ask(variant("forget", &Forget { force }))? {
            Answer::Forgotten(done) => {
                for name in &done.names {
                    self.log(&Entry {
                        name: Some(name),
                        detail: Some("all that was known of it is forgotten"),
                        phase: Some(Phase::Done),
                        ..Entry::new(Happened::Reset, &self.at.pool, "", holder)
                    });
                }
                Ok(Forgotten {
                    names: done.names,
                    lent: done.lent,
                    awaited: done.awaited,
                })
            }
            other => Err(unexpected(&other)),
        }
    }
}

fn code_of(places: PoolPlaces) -> PoolCode {
    PoolCode {
        v: FORMAT,
        resource: places.resource,
        allocator: places.allocator,
    }
}
