//! The process behind `acquire`: holds the lease, and does as it is told.
//!
//! It stands alone: a session of its own, nothing inherited, the root directory.
//! While it waits for the name it still talks to `acquire` through two pipes.
//!
//! May import `args`, `pools`, `process`, `screen`, `exit` and `sys`.

pub mod anchor;
pub mod ask;
pub mod control;
pub mod kept;
pub mod report;
pub mod session;

use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nm_runtime::Lease;

use crate::args::lifetime::Lifetime;
use crate::args::place::Place;
use crate::args::purpose::Purpose;
use crate::args::wait::Wait;
use crate::args::want::Want;
use crate::args::{duration, token};
use crate::exit::{Failure, Outcome, chain, code};
use crate::keeper::anchor::{Anchor, Vigil};
use crate::keeper::control::{Ask, Order, Reply};
use crate::keeper::kept::Kept;
use crate::keeper::report::{CONSENT, Report};
use crate::keeper::session::Session;
use crate::pools;
use crate::sys::{self, Input, Interrupts, Listener};

#[derive(Debug, clap::Args)]
pub struct Args {
    pool: String,
    #[arg(long, value_parser = session)]
    session: Session,
    /// The session was chosen with `--pid`.
    #[arg(long)]
    given: bool,
    /// Somebody may show the token when the session is over.
    #[arg(long)]
    token_is_known: bool,
    #[arg(long = "try")]
    now: bool,
    #[arg(long)]
    stays_clean: bool,
    #[arg(long, value_parser = duration::parse)]
    timeout: Option<Duration>,
    #[command(flatten)]
    purpose: Purpose,
    #[command(flatten)]
    want: Want,
    #[command(flatten)]
    lifetime: Lifetime,
    #[command(flatten)]
    place: Place,
}

fn session(text: &str) -> Result<Session, String> {
    let parsed = text.split_once(':').and_then(|(pid, started)| {
        Some(Session {
            pid: pid.parse().ok()?,
            started: started.parse().ok()?,
        })
    });
    parsed.ok_or_else(|| "expected PID:STARTED".to_owned())
}

pub fn run(args: Args) -> Outcome {
    sys::leave_caller();
    let anchor = Arc::new(Anchor::new(args.session.clone()));
    // The pipe from `acquire`, which ends when that is killed.
    let input = Arc::new(Input::open()?);
    let mut keeper = match Keeper::start(&args, anchor, &input) {
        Ok(keeper) => keeper,
        Err(failure) => {
            let code = failure.code();
            send(&Report {
                code,
                message: chain(&failure),
                names: Vec::new(),
            })?;
            return Ok(ExitCode::from(code));
        }
    };
    send(&Report {
        code: 0,
        message: String::new(),
        names: keeper.names(),
    })?;
    let mut consent = [0; CONSENT.len()];
    if (&*input).read_exact(&mut consent).is_err() {
        // `acquire` was killed or could not print: the lease has no user.
        keeper.end(None);
        return Ok(ExitCode::SUCCESS);
    }
    drop(input);
    sys::stand_alone()?;
    for (lease, _) in &mut keeper.leases {
        lease.used();
    }
    keeper.serve()
}

fn send(report: &Report) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", serde_json::to_string(report)?)?;
    stdout.flush()
}

struct Keeper {
    leases: Vec<(Lease, Kept)>,
    dir: PathBuf,
    id: String,
    token: String,
    /// The caller and this process, which keeps the lease for it.
    owner: String,
    caller: String,
    listener: Listener,
    /// Ready when we are asked to end by a signal.
    signals: Interrupts,
    anchor: Arc<Anchor>,
    bound: bool,
    /// The anchor was given with `--pid`.
    given: bool,
    token_is_known: bool,
    stays_clean: bool,
    ttl: Option<Duration>,
    until: Option<Instant>,
}

impl Keeper {
    fn start(args: &Args, anchor: Arc<Anchor>, input: &Arc<Input>) -> Result<Self, Failure> {
        let failed = |what: &str, error: io::Error| {
            Failure::new(code::FAILURE, format!("failed to {what}")).because(error)
        };
        let session = anchor.session();
        let owner = args.purpose.or(|| session.label());
        let announced = args.place.announce(owner.clone(), Some(session.run()));
        announced.map_err(|error| failed("resolve --dir", error))?;
        let vigil = Vigil::begin(&anchor, Some(input.clone()));
        let wait = match args.now {
            true => Wait::No,
            false => Wait::AtMost(args.timeout),
        };
        let leases = wait.acquire(&args.want, &args.pool)?;
        vigil.end();
        // Not before: what hooks make is the user's.
        sys::keep_private();
        let signals = Interrupts::listen().map_err(|error| failed("listen for signals", error))?;
        let dir = kept::directory(&pools::open(&args.pool)?.directory());
        let id = token::random().map_err(|error| {
            Failure::new(code::FAILURE, "failed to generate a token").because(error)
        })?;
        let what = format!("listen in `{}`", dir.display());
        let listener = sys::create_dir(&dir).and_then(|()| control::listen(&dir, &id));
        let listener = listener.map_err(|error| failed(&what, error))?;
        let token = args.lifetime.token()?.unwrap_or_else(|| id.clone());
        let mut keeper = Self {
            leases: Vec::new(),
            dir,
            id,
            token,
            // This process is what other views show as the holder.
            owner: format!(
                "{owner}` (pid {}, kept for pid {})",
                std::process::id(),
                session.pid
            ),
            caller: format!("{owner}` (pid {})", session.pid),
            listener,
            signals,
            bound: args.lifetime.ttl.is_none() && !args.lifetime.until_release,
            given: args.given,
            token_is_known: args.token_is_known,
            stays_clean: args.stays_clean,
            anchor,
            ttl: args.lifetime.ttl,
            // `None`, for ever, if it is beyond the clock.
            until: args
                .lifetime
                .ttl
                .and_then(|ttl| Instant::now().checked_add(ttl)),
        };
        for lease in leases {
            keeper.keep(lease)?;
        }
        Ok(keeper)
    }

    fn keep(&mut self, lease: Lease) -> Result<(), Failure> {
        let kept = Kept {
            v: kept::FORMAT,
            name: lease.name().to_owned(),
            id: self.id.clone(),
            pid: std::process::id(),
            token: self.token.clone(),
            owner: self.owner.clone(),
            session: Some(self.anchor.session().clone()),
            lost: None,
        };
        kept.write(&self.dir).map_err(|error| {
            let what = format!("failed to write in `{}`", self.dir.display());
            Failure::new(code::FAILURE, what).because(error)
        })?;
        self.leases.push((lease, kept));
        Ok(())
    }

    fn names(&self) -> Vec<String> {
        let names = self.leases.iter().map(|(lease, _)| lease.name().to_owned());
        names.collect()
    }

    fn serve(mut self) -> Outcome {
        while !self.leases.is_empty() {
            let sources = [self.listener.source(), self.signals.source()];
            let ready = match self.bound {
                true => self.anchor.wait(&sources, self.until)?,
                false => anchor::wait(&sources, self.until)?,
            };
            if ready[0] {
                // An invalid order gets no answer.
                let _ = self.hear();
            } else if ready[1] {
                self.lose("its keeper was ended by a signal");
                break;
            } else if self.bound && self.anchor.has_ended() {
                // A shell that ends may have meant to release it; `--pid` says that the
                // process is done with it then.
                let is_well = self.given && self.anchor.succeeded();
                let why = format!("`{} ended without releasing it", self.caller);
                match self.given {
                    true => self.end((!is_well).then_some(why)),
                    false => self.lose(&why),
                }
                break;
            } else if let (Some(until), Some(ttl)) = (self.until, self.ttl)
                && until <= Instant::now()
            {
                let ttl = humantime::format_duration(ttl);
                self.lose(&format!("its time to live of {ttl} expired"));
                break;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn hear(&mut self) -> io::Result<()> {
        let stream = self.listener.accept()?;
        let Some(order) = control::hear(&stream)? else {
            return Ok(());
        };
        let reply = self.obey(&order, stream.peer());
        control::answer(&stream, &reply)
    }

    fn obey(&mut self, order: &Order, peer: Option<u32>) -> Reply {
        let reply = |code, message: String| Reply { code, message };
        let name = &order.name;
        let at = self
            .leases
            .iter()
            .position(|(lease, _)| lease.name() == name);
        let Some(at) = at else {
            return reply(0, format!("`{name}` has already been released"));
        };
        let is_shown = |token: &str| token::is_same(token, &self.token);
        let is_owner = order.token.as_deref().is_some_and(is_shown)
            || peer.is_some_and(|pid| self.anchor.session().contains(pid));
        if !is_owner && !order.force {
            return reply(
                code::NOT_OWNER,
                format!(
                    "`{name}` belongs to `{}; show its token (--token, NAME_MANAGER_TOKEN), or take it with `release --force`",
                    self.owner
                ),
            );
        }
        match order.ask {
            Ask::Release => {
                let dirty = match (is_owner, order.dirty) {
                    (false, _) => Some(format!("released by force by {}", order.by)),
                    (true, true) => Some("released as dirty".to_owned()),
                    (true, false) => None,
                };
                let (lease, kept) = self.leases.remove(at);
                if let (false, Some(why)) = (is_owner, &dirty) {
                    kept.lose(&self.dir, why);
                } else {
                    kept.remove(&self.dir);
                }
                match release(lease, dirty) {
                    Ok(()) => reply(0, String::new()),
                    Err(error) => reply(code::of(&error), chain(&error)),
                }
            }
            Ask::KeepAlive => {
                let given = order.ttl.map(Duration::from_millis);
                let Some(ttl) = self.ttl else {
                    return reply(
                        code::FAILURE,
                        format!("`{name}` has no time to live: it was acquired without --ttl"),
                    );
                };
                let ttl = given.unwrap_or(ttl);
                self.ttl = Some(ttl);
                self.until = Instant::now().checked_add(ttl);
                reply(0, String::new())
            }
        }
    }

    fn end(mut self, dirty: Option<String>) {
        for (lease, kept) in std::mem::take(&mut self.leases) {
            // Before the name is free: its next keeper leaves a file like this one.
            kept.remove(&self.dir);
            // There is no caller to tell; the journal has it.
            let _ = release(lease, dirty.clone().filter(|_| !self.stays_clean));
        }
    }

    /// Ends without the owner, who is told when it asks.
    fn lose(mut self, why: &str) {
        let can_ask = self.token_is_known || !self.anchor.has_ended();
        for (lease, kept) in std::mem::take(&mut self.leases) {
            match can_ask {
                true => drop(kept.lose(&self.dir, why)),
                false => kept.remove(&self.dir),
            }
            let _ = release(lease, (!self.stays_clean).then(|| why.to_owned()));
        }
    }
}

fn release(lease: Lease, dirty: Option<String>) -> Result<(), nm_runtime::Error> {
    if let Some(why) = dirty {
        lease.mark_dirty_because(why);
    }
    lease.release()
}

impl Drop for Keeper {
    fn drop(&mut self) {
        for (_, kept) in &self.leases {
            kept.remove(&self.dir);
        }
        let _ = fs::remove_file(self.dir.join(kept::socket(&self.id)));
    }
}
