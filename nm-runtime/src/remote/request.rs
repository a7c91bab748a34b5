//! From a request to what it is granted: names, or locks of the machinery.

use std::mem;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use crate::backend::patience::Patience;
use crate::base::clock;
use crate::base::error::{Error, Kind, Result};
use crate::base::notice;
use crate::base::text::seconds;
use crate::remote::link::{FIRST_ANSWER, Link, Question, Where, reborrow};
use crate::remote::start::{error_of, no_answer};
use crate::remote::token::TokenLock;
use crate::remote::wire::{
    Answer, Assign, Grant, Join, Place, Raw, SCENE, Scene, Spec, Wanted, variant,
};
use crate::terms::access::Access;
use crate::terms::holder::Holder;

/// So long an agent may take for what it answers at once, or as soon as the server does.
pub(crate) const ANSWER: Duration = Duration::from_secs(60);

/// So long it may take to look at a pool.
const LOOKED: Duration = Duration::from_secs(10);

/// After so long whoever waits for an answer is told.
const A_WHILE: Duration = Duration::from_secs(3);

/// What is wanted, beside who wants it.
#[derive(Clone, Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) wants: Wanted,
    pub(crate) access: Access,
    pub(crate) has_hooks: bool,
    pub(crate) has_allocator: bool,
    pub(crate) warm_first: bool,
    pub(crate) even_broken: bool,
    pub(crate) first: u64,
    pub(crate) request: &'a str,
    pub(crate) spec: Option<Spec>,
    pub(crate) assign: Option<Assign>,
}

impl<'a> Wish<'a> {
    /// A lock of the machinery.
    pub(crate) fn lock(name: String, access: Access) -> Self {
        Self {
            wants: Wanted::Name(name),
            access,
            has_hooks: false,
            has_allocator: false,
            warm_first: false,
            even_broken: true,
            first: 0,
            request: "",
            spec: None,
            assign: None,
        }
    }
}

/// A request that was made.
pub(crate) struct Request<'a> {
    link: &'a Arc<Link>,
    at: &'a Where,
    pub(crate) token: Arc<TokenLock>,
    pub(crate) question: Question,
    /// It may be in the line.
    is_open: bool,
}

/// Asks for it. `waits`: if it is not free.
pub(crate) fn join<'a>(
    link: &'a Arc<Link>,
    at: &'a Where,
    wish: Wish<'_>,
    holder: &Holder,
    waits: bool,
) -> Result<Request<'a>> {
    let token = Arc::new(TokenLock::new(link.dir())?);
    let question = say(link, at, &token, wish, holder, waits)?;
    Ok(Request {
        link,
        at,
        token,
        question,
        is_open: waits,
    })
}

fn say(
    link: &Arc<Link>,
    at: &Where,
    token: &Arc<TokenLock>,
    wish: Wish<'_>,
    holder: &Holder,
    waits: bool,
) -> Result<Question> {
    let who = Holder {
        host: Some(link.welcome()?.host),
        since: clock::now(),
        ..holder.clone()
    };
    let Wish {
        wants,
        access,
        has_hooks,
        has_allocator,
        warm_first,
        even_broken,
        first,
        request,
        spec,
        assign,
    } = wish;
    let join = crate::base::json::to_string(&Join {
        token: token.token,
        lock: token.file,
        wants,
        access,
        has_hooks,
        has_allocator,
        warm_first,
        even_broken,
        first,
        request,
        who: &who,
        spec,
        assign,
        waits,
    });
    let ask = variant("join", &Raw(&join));
    link.ask(at, ask, Some(token), waits.then_some(join))
}

impl Request<'_> {
    /// The next answer that is none of those in between.
    ///
    /// # Errors
    ///
    /// If the patience is over: then it has left the line.
    pub(crate) fn wait(
        mut self,
        mut patience: Option<&mut dyn Patience>,
        mut place: impl FnMut(u64, &Place, Option<&mut dyn Patience>),
    ) -> Result<Answer> {
        let asked = Instant::now();
        // A lock that is free may be granted only when a server has been calm for that long.
        let most = ANSWER + self.link.lease();
        let mut is_first = true;
        loop {
            let until = match &patience {
                // What is free can be had, however short the patience is.
                Some(patience) if is_first => patience.until().max(asked + FIRST_ANSWER),
                Some(patience) => patience.until(),
                None => Instant::now() + most,
            };
            let left = until.saturating_duration_since(Instant::now());
            match self.question.answers.recv_timeout(left) {
                Ok(Answer::Waiting(at)) => {
                    is_first = false;
                    place(self.question.id, &at, reborrow(&mut patience));
                }
                Ok(Answer::Fault(fault)) => {
                    self.is_open = false;
                    return Err(error_of(fault));
                }
                Ok(answer) => {
                    self.is_open = false;
                    return Ok(answer);
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.is_open = false;
                    return Err(unanswered(self.link, asked.elapsed()));
                }
                Err(RecvTimeoutError::Timeout) => match reborrow(&mut patience) {
                    Some(patience) => {
                        is_first = false;
                        if let Err(error) = patience.tick() {
                            self.leave();
                            return Err(error);
                        }
                    }
                    // A lock that is waited for however long it takes.
                    None if self.is_open => {}
                    None => return Err(unanswered(self.link, asked.elapsed())),
                },
            }
        }
    }

    /// Says a request that waits again, with what the pool's allocator has decided.
    pub(crate) fn again(&mut self, wish: Wish<'_>, holder: &Holder) -> Result<()> {
        let question = say(self.link, self.at, &self.token, wish, holder, true)?;
        let before = mem::replace(&mut self.question, question);
        self.link.forget(before.id);
        Ok(())
    }

    /// What it is told by then, whatever that is; `None` if nothing.
    ///
    /// # Errors
    ///
    /// If that is the last, and no grant.
    pub(crate) fn next(&mut self, until: Instant) -> Result<Option<Answer>> {
        let left = until.saturating_duration_since(Instant::now());
        let answer = match self.question.answers.recv_timeout(left) {
            Err(RecvTimeoutError::Timeout) => return Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(unanswered(self.link, Duration::ZERO)),
            Ok(Answer::Fault(fault)) => Err(error_of(fault)),
            Ok(answer @ (Answer::Waiting(_) | Answer::Scene(_) | Answer::Busy)) => {
                return Ok(Some(answer));
            }
            Ok(answer) => Ok(Some(answer)),
        };
        self.is_open = false;
        answer
    }

    /// Gives up. What it is granted meanwhile, it gives back.
    fn leave(&mut self) {
        if !mem::take(&mut self.is_open) {
            return;
        }
        // From here on its answers mean nothing: the answer to this says what it was granted.
        self.link.forget(self.question.id);
        let ask = variant("leave", &self.token.token);
        // Not waited for: a grant that nobody listens to is given back by who reads it. If there is
        // no agent, nothing was granted.
        let _ = self.link.ask_unheard(self.at, ask, &self.token);
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        if self.link.is_of_this_process() {
            self.leave();
        }
    }
}

/// Why there was no answer for that long, as far as that was told.
pub(crate) fn unanswered(link: &Link, after: Duration) -> Error {
    match link.silence().or_else(|| link.away()) {
        Some(why) => Error::new(Kind::Io, format!("no answer for {}: {why}", seconds(after))),
        None => no_answer(after),
    }
}

/// Asks for what is answered at once, or as soon as the server has answered.
pub(crate) fn answer(link: &Arc<Link>, at: &Where, ask: String) -> Result<Answer> {
    answer_within(link, at, ask, ANSWER, true)
}

/// How the pool is. A request that waits asks this for its messages, and keeps its deadline
/// while nobody hears the server.
///
/// `what`: all of it, or what a message says. `tells`: says so if that takes long.
pub(crate) fn look(link: &Arc<Link>, at: &Where, what: &str, tells: bool) -> Result<Answer> {
    match link.silence() {
        Some(why) => Err(Error::new(Kind::Io, why)),
        None => answer_within(link, at, what.to_owned(), LOOKED, tells),
    }
}

/// What the pool's allocator is to decide on; `None` if that is not told by then.
pub(crate) fn scene(link: &Arc<Link>, at: &Where, until: Instant) -> Result<Option<Scene>> {
    let question = link.ask(at, SCENE.to_owned(), None, None)?;
    let left = until.saturating_duration_since(Instant::now());
    match question.answers.recv_timeout(left) {
        Ok(Answer::Fault(fault)) => Err(error_of(fault)),
        Ok(Answer::Scene(scene)) => Ok(Some(scene)),
        Ok(other) => Err(unexpected(&other)),
        Err(_) => {
            link.forget(question.id);
            Ok(None)
        }
    }
}

/// Reaches the server for what is asked before a request, which knows no deadline yet: one that is
/// away is waited for as long as an answer is.
pub(crate) fn reach(link: &Arc<Link>, at: &Where) -> Result<()> {
    link.connect_within(&mut Some(&mut Opening {
        link,
        at,
        started: Instant::now(),
        is_told: false,
    }))
}

/// The patience of what opens a pool.
struct Opening<'a> {
    link: &'a Arc<Link>,
    at: &'a Where,
    started: Instant,
    is_told: bool,
}

impl Patience for Opening<'_> {
    fn blocked(&mut self) {}

    fn beside(&mut self, _: bool) {}

    fn until(&self) -> Instant {
        self.started
            + match self.is_told {
                true => ANSWER,
                false => A_WHILE,
            }
    }

    fn tick(&mut self) -> Result<()> {
        let waited = self.started.elapsed();
        if waited >= ANSWER {
            return Err(unanswered(self.link, waited));
        }
        if !self.is_told && waited >= A_WHILE {
            say_that_it_waits(self.link, self.at, ANSWER, waited);
            self.is_told = true;
        }
        Ok(())
    }

    fn waited(&self) -> Option<Duration> {
        None
    }
}

fn say_that_it_waits(link: &Link, at: &Where, most: Duration, waited: Duration) {
    notice::say(&format!(
        "waiting at most {} more for what pool `{}` is: {}\n",
        seconds(most.saturating_sub(waited)),
        at.pool,
        unanswered(link, waited)
    ));
}

fn answer_within(
    link: &Arc<Link>,
    at: &Where,
    ask: String,
    patience: Duration,
    tells: bool,
) -> Result<Answer> {
    let question = link.ask(at, ask, None, None)?;
    let mut answer = question.answers.recv_timeout(match tells {
        true => A_WHILE,
        false => patience,
    });
    if tells && matches!(answer, Err(RecvTimeoutError::Timeout)) {
        say_that_it_waits(link, at, patience, A_WHILE);
        answer = question.answers.recv_timeout(patience - A_WHILE);
    }
    match answer {
        Ok(Answer::Fault(fault)) => Err(error_of(fault)),
        Ok(answer) => Ok(answer),
        Err(_) => {
            link.forget(question.id);
            Err(unanswered(link, patience))
        }
    }
}

/// All answers to what is answered bit by bit.
pub(crate) fn answers<T>(
    link: &Arc<Link>,
    at: &Where,
    ask: String,
    mut each: impl FnMut(Answer) -> Option<T>,
) -> Result<T> {
    let question = link.ask(at, ask, None, None)?;
    loop {
        match question.answers.recv_timeout(ANSWER) {
            Ok(Answer::Fault(fault)) => return Err(error_of(fault)),
            Ok(answer) => {
                if let Some(done) = each(answer) {
                    return Ok(done);
                }
            }
            Err(_) => {
                link.forget(question.id);
                return Err(unanswered(link, ANSWER));
            }
        }
    }
}

/// The error of an answer that does not fit the question.
pub(crate) fn unexpected(answer: &Answer) -> Error {
    Error::new(
        Kind::Io,
        format!("the agent answered what was not asked: {answer:?}"),
    )
}

/// The only grant of a request for one.
pub(crate) fn only(grants: Vec<Grant>) -> Result<Grant> {
    let mut grants = grants.into_iter();
    match (grants.next(), grants.next()) {
        (Some(grant), None) => Ok(grant),
        _ => Err(Error::new(Kind::Io, "the agent granted not one name")),
    }
}
