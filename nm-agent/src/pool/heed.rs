//! What a document says of this machine's own requests and leases.

use std::time::Duration;

use nm_postgres::{Lent, Page};
use nm_register::{
    After, Document, Failure, Hold, Request, Session, Standing, Start, State, Token, Wanted,
};

use super::grant::{grants, place, scene};
use super::state::{Asked, Held, Now, Pool};
use crate::wire::Answer;

/// How often a process is told of its place alone.
const TELL: Duration = Duration::from_secs(1);

/// How a lease ends that nobody has released. Which of the two it was is not always known.
const FORGOTTEN: &str = "this machine was not heard of for too long, or the server has lost its last changes; others may have had the name since";

/// What has become of a request.
pub(super) enum Own<'a> {
    /// It was granted these.
    Holds(Vec<&'a Hold>),
    Waits {
        reserved: Option<bool>,
    },
    Failed(&'a Failure),
    Unknown,
    /// It is there as another session's: this machine's own, earlier one.
    Foreign,
}

pub(super) fn own(document: &Document, token: Token, session: Session) -> Own<'_> {
    let in_line = || document.line.iter().find(|waiter| waiter.token == token);
    let is_own = |of: Session| of == session;
    match document.standing(token) {
        Standing::Holds(holds) if holds.iter().all(|hold| is_own(hold.session)) => {
            Own::Holds(holds)
        }
        Standing::Waits { reserved, .. } if in_line().is_some_and(|it| is_own(it.session)) => {
            Own::Waits { reserved }
        }
        Standing::Failed(failure) if in_line().is_some_and(|it| is_own(it.session)) => {
            Own::Failed(failure)
        }
        Standing::Unknown => Own::Unknown,
        _ => Own::Foreign,
    }
}

impl Pool {
    /// Takes in what was read.
    pub(crate) fn heed(&mut self, page: Page, now: &Now) {
        // A change that is certain now: it is in, or can never come in.
        if self.unsettled.is_some_and(|was| was != page.tag) {
            self.unsettled = None;
        }
        self.learn(&page.document, page.look.start, now);
        self.page = Some(page);
        self.fresh = true;
        self.read_at = now.time;
        self.answer_reads(now);
    }

    /// What a document, read from this process of the server, says of this machine's own.
    pub(super) fn learn(&mut self, document: &Document, start: Start, now: &Now) {
        let is_settled = self.unsettled.is_none();
        self.code = Some(document.code.clone());
        for mut asked in std::mem::take(&mut self.asked) {
            match own(document, asked.join.token, now.session) {
                // Nobody is to use it, so it need not be believed in: one that was kept until it
                // can be would be looked at by nobody.
                Own::Holds(holds) if asked.given_up && (asked.leave.is_none() || !now.valid) => {
                    self.give_back(&holds);
                    self.answer(asked.leave, Answer::Done);
                    continue;
                }
                // Checked now that the grant has arrived: others may have lent the name on.
                Own::Holds(holds) if now.valid => {
                    self.granted(&asked, document, &holds);
                    continue;
                }
                Own::Waits { reserved } if !asked.given_up => {
                    // How many are before it is for people.
                    let told = asked.place.as_ref().map(|place| place.reserved);
                    let is_due = told != Some(reserved) || now.time >= asked.told_at + TELL;
                    let place = is_due.then(|| place(document, asked.join.token)).flatten();
                    if place.is_some() && place != asked.place {
                        asked.told_at = now.time;
                        asked.place.clone_from(&place);
                        self.answers
                            .extend(asked.to.zip(place.map(Answer::Waiting)));
                    }
                    if asked.join.wants == Wanted::Assigned {
                        // Of the agent before: what its allocator had decided comes next.
                        self.dirty |= asked.has_decided();
                        let scene = scene(document);
                        if asked.scene.as_ref() != Some(&scene) {
                            let told = Answer::Scene(Box::new(scene.clone()));
                            self.answers.extend(asked.to.map(|to| (to, told)));
                            asked.scene = Some(scene);
                        }
                    }
                }
                Own::Failed(failure) if !asked.given_up => {
                    self.answer(asked.to.take(), Answer::Failed(failure.clone()));
                    asked.given_up = true;
                    self.dirty = true;
                }
                Own::Unknown if asked.given_up && is_settled => {
                    self.answer(asked.leave, Answer::Done);
                    continue;
                }
                _ => {}
            }
            self.asked.push(asked);
        }
        // By a process that was told all, what is not there is over.
        if self.said == Some(start) && is_settled {
            let has = |hold: &Hold| {
                let mut of_name = document.of_name(&hold.name);
                of_name.any(|it| it.token == hold.token && it.session == now.session)
            };
            let known = &mut self.known;
            let lost = known.extract_if(.., |held| !has(&held.grant.hold));
            let lost = lost.map(Held::lease).collect();
            self.lose(lost, FORGOTTEN);
        }
    }

    /// Takes in what is lent, of which requests that are granted something are told, and nobody
    /// else; whether it could be. As of a document that was read: after the grant was made, by a
    /// process that was told all, and by an agent that may believe in its leases.
    pub(crate) fn heed_lent(&mut self, lent: &Lent, now: &Now) -> bool {
        let may_be = now.valid && self.said == Some(lent.start);
        if may_be {
            for asked in std::mem::take(&mut self.asked) {
                match own(&lent.document, asked.join.token, now.session) {
                    Own::Holds(holds) if !asked.given_up => {
                        self.granted(&asked, &lent.document, &holds);
                    }
                    _ => self.asked.push(asked),
                }
            }
        }
        may_be
    }

    /// A request is over: it was granted these.
    fn granted(&mut self, asked: &Asked, document: &Document, holds: &[&Hold]) {
        let to = match asked.given_up {
            true => asked.leave,
            false => asked.to,
        };
        let grants = grants(document, holds);
        self.known.extend(grants.iter().map(|grant| Held {
            grant: grant.clone(),
            client: to.map(|to| to.client),
        }));
        self.answer(to, Answer::Granted(grants));
    }

    /// Nobody waits for these any more, and nobody has used them.
    fn give_back(&mut self, holds: &[&Hold]) {
        for hold in holds {
            let request = Request::Release {
                token: hold.token,
                name: hold.name.clone(),
                after: After {
                    state: State::Clean,
                    reason: None,
                    as_it_was: true,
                },
            };
            self.change(request, None);
        }
        self.dirty = true;
    }

    /// These leases were said to be lost by a change of this machine's own.
    pub(super) fn lost_again(&mut self, lost: Vec<(Token, String)>) {
        let known = &mut self.known;
        let is_lost = |held: &mut Held| {
            let hold = &held.grant.hold;
            let mut lost = lost.iter();
            lost.any(|(token, name)| (*token, name) == (hold.token, &hold.name))
        };
        let lost = known.extract_if(.., is_lost).map(Held::lease).collect();
        self.lose(lost, FORGOTTEN);
    }

    /// What was presented is this machine's again, but for what is lost.
    pub(super) fn presented(
        &mut self,
        count: usize,
        document: &Document,
        lost: &[(Token, String)],
    ) {
        let presented: Vec<_> = self.presented.drain(..count).collect();
        for presented in presented {
            let is_lost = |hold: &Hold| {
                let mut lost = lost.iter();
                lost.any(|(token, name)| (*token, name) == (hold.token, &hold.name))
            };
            let (gone, kept): (Vec<_>, Vec<_>) = presented.holds.into_iter().partition(is_lost);
            let kept: Vec<_> = kept.iter().collect();
            let client = presented.to.map(|to| to.client);
            for grant in grants(document, &kept) {
                let is_it = |held: &&mut Held| {
                    let hold = &held.grant.hold;
                    (hold.token, &hold.name) == (grant.hold.token, &grant.hold.name)
                };
                match self.known.iter_mut().find(is_it) {
                    Some(held) => held.client = client.or(held.client),
                    None => self.known.push(Held { grant, client }),
                }
            }
            let answer = match gone.is_empty() {
                true => Answer::Done,
                false => Answer::Lost {
                    leases: gone.into_iter().map(|it| (it.token, it.name)).collect(),
                    why: FORGOTTEN.to_owned(),
                },
            };
            self.answer(presented.to, answer);
        }
    }
}
