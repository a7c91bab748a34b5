//! The two connections to the server: one for beats, so that they wait behind nothing, and one
//! for all else. Hints come over the first: no transaction of that one takes long, and one that
//! does keeps the notifications of all who use the server.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use nm_postgres::{Address, Connection, Error, Hint};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{sleep, timeout};

use crate::agent::Agent;
use crate::clock;
use crate::fault;

/// The first and the longest wait between two attempts to connect.
const WAITS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// No attempt takes longer.
const CONNECT: Duration = Duration::from_secs(10);

/// Both, with a number that no other two have.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) number: u64,
    pub(crate) work: Rc<Connection>,
    pub(crate) beat: Rc<Connection>,
}

/// The connections, if they are there.
#[derive(Clone)]
pub(crate) struct Link {
    address: Rc<Address>,
    /// Who is told what comes over the connection for beats.
    hints: UnboundedSender<Hint>,
    pair: Rc<RefCell<Option<Pair>>>,
    /// Those that are to be used no more.
    lost: Rc<Cell<u64>>,
    is_lost: Rc<Notify>,
    /// The last over which a beat was answered.
    useful: Rc<Cell<u64>>,
    /// Why no beat was.
    why: Rc<RefCell<Option<String>>>,
}

impl Link {
    /// Connects for the first time.
    pub(crate) async fn open(
        address: Address,
        hints: UnboundedSender<Hint>,
    ) -> Result<Self, Error> {
        let pair = connect(&address, &hints, 1).await?;
        Ok(Self {
            hints,
            address: Rc::new(address),
            pair: Rc::new(RefCell::new(Some(pair))),
            lost: Rc::default(),
            is_lost: Rc::default(),
            useful: Rc::default(),
            why: Rc::default(),
        })
    }

    /// Both, unless they are gone.
    pub(crate) fn pair(&self) -> Option<Pair> {
        self.pair.borrow().clone()
    }

    /// A beat was answered over these.
    pub(crate) fn is_useful(&self, number: u64) {
        self.useful.set(number);
        *self.why.borrow_mut() = None;
    }

    /// A beat failed over these.
    pub(crate) fn fail(&self, number: u64, error: &Error) {
        *self.why.borrow_mut() = Some(fault::line(&fault::of_server(error)));
        self.lose(number);
    }

    /// These failed, or did not answer in time.
    pub(crate) fn lose(&self, number: u64) {
        self.lost.set(number.max(self.lost.get()));
        self.is_lost.notify_one();
    }

    /// Connects whenever the connections are lost.
    pub(crate) async fn keep(self, agent: Agent) {
        let (first, longest) = WAITS;
        let mut wait = first;
        loop {
            let number = self.pair.borrow().as_ref().map_or(0, |pair| pair.number);
            if self.lost.get() < number {
                self.is_lost.notified().await;
                continue;
            }
            *self.pair.borrow_mut() = None;
            agent.state().cut();
            agent.cut.notify_waiters();
            let lease = agent.state().lease;
            let most = CONNECT.min(lease / 3);
            // What is held must be said again within a lease.
            let longest = longest.min(lease / 6);
            // A server that lets us in, and is of no use, has lost its tables, say. It is not to
            // be asked without a pause.
            let mut why = None;
            if self.useful.get() == number {
                wait = first;
            } else {
                let said = self.why.take();
                why = Some(said.unwrap_or_else(|| "it ends the connection".to_owned()));
            }
            let pair = loop {
                if let Some(why) = why {
                    agent.state().not_heard(&why);
                    let time = clock::now();
                    let may_end = agent.state().ends_at(time).is_some_and(|at| time >= at);
                    if may_end {
                        return agent.end.notify_one();
                    }
                    sleep(wait).await;
                    wait = (wait * 2).min(longest);
                }
                why = match timeout(most, connect(&self.address, &self.hints, number + 1)).await {
                    Ok(Ok(pair)) => break pair,
                    Ok(Err(error)) => Some(fault::line(&fault::of_server(&error))),
                    Err(_) => Some("it does not answer".to_owned()),
                };
            };
            *self.pair.borrow_mut() = Some(pair);
            agent.state().is_connected = true;
            agent.beat.notify_one();
            agent.work.notify_one();
        }
    }
}

async fn connect(
    address: &Address,
    hints: &UnboundedSender<Hint>,
    number: u64,
) -> Result<Pair, Error> {
    let beat = Rc::new(Connection::open_with(address, Some(hints.clone())).await?);
    let work = Rc::new(Connection::open(address).await?);
    Ok(Pair { number, work, beat })
}
