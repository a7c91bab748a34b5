//! Answers to questions about a pool.

use std::time::Duration;

use nm_postgres::Page;
use nm_register::{Document, Known, Wanted, decide, is_lock};

use super::grant::scene;
use super::state::{Now, Pool, Read, To};
use super::statement::dead;
use crate::wire::{Answer, Look};

/// How old what a message says may be.
const RECENT: Duration = Duration::from_secs(1);

impl Pool {
    /// Answers a message by what was read lately, if anything was. Hundreds of requests may come to
    /// wait long enough for one at the same time.
    pub(crate) fn tell_briefly(&mut self, to: To, now: &Now) -> bool {
        let is_recent = now.time < self.read_at + RECENT;
        let page = self.page.as_ref().or(self.before.as_ref());
        let Some(page) = page.filter(|_| is_recent) else {
            return false;
        };
        let answer = self.brief(page, now);
        self.answer(Some(to), answer);
        true
    }

    fn brief(&self, page: &Page, now: &Now) -> Answer {
        let mut document = self.alive(page, now);
        let mut has_head = false;
        document.line.retain(|waiter| {
            let is_in_queue = !waiter.beside && waiter.failed.is_none();
            !is_in_queue || !std::mem::replace(&mut has_head, true)
        });
        self.whole(&document, page, now)
    }

    fn whole(&self, document: &Document, page: &Page, now: &Now) -> Answer {
        let anew = !page.look.server.is_calm(page.look.start);
        let silent = self.silent(document, now);
        Answer::Look(Box::new(look(document, silent, anew)))
    }

    /// Without those who are known to be dead, whether somebody has taken them out or not.
    fn alive(&self, page: &Page, now: &Now) -> Document {
        let known = Known {
            pool: &self.key.1,
            session: now.session,
            calm: false,
            epoch: page.look.server.epoch,
            dead: &dead(page),
            now: now.wall,
        };
        decide(&page.document, &[], known).document
    }

    /// Answers what was asked, by what was just read.
    pub(super) fn answer_reads(&mut self, now: &Now) {
        let Some(page) = self.page.as_ref().filter(|_| !self.reads.is_empty()) else {
            return;
        };
        let document = self.alive(page, now);
        let mut answers = Vec::new();
        for (to, read) in &self.reads {
            let answer = match read {
                Read::Code => Answer::Code(document.code.clone()),
                Read::Noted(key) => Answer::Note(document.notes.get(key).cloned()),
                Read::Run(run) => Answer::Run {
                    alive: document.is_alive(run),
                    running: document.is_running(run),
                },
                Read::Look => self.whole(&document, page, now),
                Read::Brief => self.brief(page, now),
                Read::Scene => Answer::Scene(Box::new(scene(&document))),
            };
            answers.push((*to, answer));
        }
        self.reads.clear();
        self.answers.extend(answers);
    }

    /// Machines that have not been heard of for a third of a lease.
    fn silent(&self, document: &Document, now: &Now) -> Vec<(String, u64)> {
        let others = document.sessions().into_iter();
        let others = others.filter(|session| *session != now.session);
        let silent = others.filter_map(|session| {
            let since = self.observer.silent(session, now.time)?;
            let holds = document.holds.iter().map(|hold| (hold.session, &hold.who));
            let mut all = holds.chain(document.line.iter().map(|it| (it.session, &it.who)));
            let (_, who) = all.find(|(of, _)| *of == session)?;
            let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
            (since > self.lease / 3).then(|| (who.host.clone(), millis))
        });
        silent.collect()
    }
}

fn look(document: &Document, silent: Vec<(String, u64)>, anew: bool) -> Look {
    let names = document.names.iter().filter(|(name, _)| !is_lock(name));
    let holds = document.holds.iter().filter(|hold| !is_lock(&hold.name));
    let wants_lock = |wants: &Wanted| matches!(wants, Wanted::Name(name) if is_lock(name));
    let line = document.line.iter().filter(|it| !wants_lock(&it.wants));
    Look {
        spec: document.spec.clone(),
        names: names
            .map(|(name, known)| (name.clone(), known.fence, known.record.clone()))
            .collect(),
        holds: holds.cloned().collect(),
        line: line.cloned().collect(),
        life: document.notes.get("life").cloned(),
        in_life: document.of_name("#life").next().is_some(),
        silent,
        anew,
    }
}
