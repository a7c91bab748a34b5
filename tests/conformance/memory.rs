//! The stage of the backend in memory: sessions, whose actors are threads of this
//! process.

use std::any::Any;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use name_manager::{Error, Pool, Request};
use nm_runtime::journal::Event;
use nm_runtime::memory::session::{Session, World};
use nm_runtime::private::Entry;
use nm_runtime::record::Record;

use crate::support::actor;
use crate::support::home::Home;
use crate::support::stage::{self, Replies, Stage};
use crate::verbs;

pub struct Memory {
    world: World,
    run: String,
    pools: BTreeMap<String, Shape>,
}

/// What is configured of a pool.
#[derive(Clone, Default)]
struct Shape {
    max: Option<u32>,
    wait_timeout: Option<Duration>,
}

impl Stage for Memory {
    type Host = Host;

    fn new(_dir: &Path) -> Self {
        Self {
            world: World::new(),
            run: String::new(),
            pools: BTreeMap::new(),
        }
    }

    fn size(&mut self, pool: &str, max: u32) {
        self.pools.entry(pool.to_owned()).or_default().max = Some(max);
    }

    fn wait_timeout(&mut self, pool: &str, timeout: Duration) {
        let pool = self.pools.entry(pool.to_owned()).or_default();
        pool.wait_timeout = Some(timeout);
    }

    fn run(&mut self, id: &str) {
        self.run = id.to_owned();
    }

    fn start(&mut self, _actor: &str) -> Host {
        let (sender, replies) = channel();
        Host {
            home: Arc::new(SessionHome {
                session: self.world.session(&self.run),
                pools: self.pools.clone(),
            }),
            actors: BTreeMap::new(),
            sender,
            replies: Replies::new(replies),
            threads: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Leases in memory need none.
    fn start_with_few_descriptors(&mut self, actor: &str) -> Host {
        self.start(actor)
    }

    fn is_parked(&self, _host: &Host, actor: &str, _ask: &str) -> bool {
        self.world.is_parked(actor)
    }

    fn is_settled(&self, _host: &Host, actor: &str) -> bool {
        self.world.is_parked(actor)
    }

    fn notices(&self, host: &Host, _actor: &str) -> String {
        host.home.session.notices()
    }

    fn record(&self, pool: &str, name: &str) -> Record {
        let record = self.world.record(pool, name);
        record.expect("a name that was lent")
    }

    fn events(&self, pool: &str) -> Vec<Event> {
        self.world.events(pool)
    }
}

pub struct Host {
    home: Arc<SessionHome>,
    /// Where each actor is told what to do.
    actors: BTreeMap<String, Sender<String>>,
    threads: Vec<JoinHandle<()>>,
    sender: Sender<(String, String)>,
    replies: Replies,
    waiting: Vec<String>,
}

impl stage::Host for Host {
    fn id(&self) -> u32 {
        self.home.pid()
    }

    fn tell(&mut self, actor: &str, command: &str) {
        let start = || {
            let (sender, commands) = channel();
            let (name, home, replies) = (actor.to_owned(), self.home.clone(), self.sender.clone());
            let live = move || {
                home.session.keep_notices();
                actor::work(&commands, &verbs::obey, &*home, |answer| {
                    // The test may be over.
                    let _ = replies.send((name.clone(), answer.to_owned()));
                });
            };
            let builder = thread::Builder::new().name(actor.to_owned());
            let thread = builder.spawn(live).expect("a thread can be started");
            self.threads.push(thread);
            sender
        };
        let sender = self.actors.entry(actor.to_owned()).or_insert_with(start);
        sender.send(command.to_owned()).expect("the actor listens");
    }

    fn replies(&mut self) -> &mut Replies {
        &mut self.replies
    }

    fn waiting(&mut self) -> &mut Vec<String> {
        &mut self.waiting
    }

    fn end(&mut self) -> String {
        "nothing".to_owned()
    }

    fn kill(&mut self) {
        self.home.session.kill();
    }

    fn stop(&mut self) {
        self.home.session.stop();
    }

    fn go_on(&mut self) {
        self.home.session.go_on();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Its threads end, wherever they wait: with an error, not with a panic.
        self.home.session.kill();
        self.actors.clear();
        let ends = self.threads.drain(..).map(JoinHandle::join);
        let panicked = ends.filter(Result::is_err).count();
        assert!(
            panicked == 0 || thread::panicking(),
            "{panicked} threads of a session panicked"
        );
    }
}

/// A session, seen from its actors.
struct SessionHome {
    session: Session,
    pools: BTreeMap<String, Shape>,
}

impl Home for SessionHome {
    fn pool(&self, name: &str) -> Result<Pool, Error> {
        let shape = self.pools.get(name).cloned().unwrap_or_default();
        Ok(self.session.pool(name, shape.max, shape.wait_timeout))
    }

    fn pid(&self) -> u32 {
        self.session.pid()
    }

    fn annotated(&self, test: &'static Entry) -> Box<dyn Any> {
        let Entry::Test(test) = test else {
            panic!("a test is annotated");
        };
        let requests = test.requests.split(';').map(|pool| {
            let pool = self.pool(pool);
            pool.map(|pool| pool.request())
        });
        let requests = requests.collect::<Result<_, _>>();
        let leases = requests.and_then(Request::acquire_all);
        Box::new(leases.expect("what annotated tests ask for can be had"))
    }

    fn act(&self, deed: &mut dyn FnMut()) -> bool {
        self.session.act(deed)
    }

    fn exit(&self) {
        self.session.kill();
    }
}
