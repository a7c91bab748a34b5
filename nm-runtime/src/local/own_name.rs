//! What others see of a name that its process keeps: the same record and events as of any
//! other name. To write them takes longer than a test that does nothing, so they are noted, and
//! told later: see [`scribe`].

use std::fmt::{self, Arguments, Display, Formatter};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::backend::ask::{Ask, GivenName};
use crate::backend::own_name::{After, OwnName, OwnTurn};
use crate::base::clock;
use crate::base::error::Result;
use crate::base::json::to_string as json;
use crate::local::blocked;
use crate::local::dir::PoolDir;
use crate::local::files;
use crate::local::head::{Take, taken, try_lock_name};
use crate::local::lock::Locked;
use crate::local::record_file::RecordFile;
use crate::local::scribe::{self, Tell};
use crate::terms::access::Access;
use crate::terms::asker::Asker;
use crate::terms::event::{Entry, Kind};
use crate::terms::holder::Holder;
use crate::terms::record::{FORMAT, Record, State, Tenure};

/// A name that nobody else asks for, as long as the process has its number.
#[derive(Debug)]
pub(crate) struct LocalOwnName {
    dir: Arc<PoolDir>,
    pool: String,
    pub(crate) name: String,
    run: String,
    /// What is not told yet. Locked for a moment only: turns go on while it is told.
    noted: Mutex<Vec<Noted>>,
    told: Mutex<Told>,
    /// Others wait, who see what is told: at once.
    awaited: AtomicBool,
}

/// What others see: as it was when the last note was taken up.
#[derive(Debug)]
struct Told {
    /// While the record that is told has a holder.
    lock: Option<Locked>,
    record: Record,
    file: RecordFile,
    /// Locked while others wait.
    reserved: Option<Locked>,
}

/// A turn that began or ended, to be told of; or both, if nothing happened in between.
#[derive(Debug)]
struct Noted {
    turn: OwnTurn,
    begun: Option<Begun>,
    /// When, and how.
    ended: Option<(u64, After)>,
}

#[derive(Clone, Copy, Debug)]
struct Begun {
    waited: Duration,
    beside: bool,
}

impl LocalOwnName {
    /// Takes this name for the rest of the process; `None` if somebody else has it.
    pub(crate) fn take(
        dir: &Arc<PoolDir>,
        ask: &Ask<'_>,
        own: GivenName<'_>,
    ) -> Result<Option<Arc<Self>>> {
        let Some((lock, _)) = try_lock_name(dir, own.name, Access::Exclusive)? else {
            return Ok(None);
        };
        let Take::Taken(taken) = taken(dir, ask, own.index, own.name, lock, true)? else {
            return Ok(None);
        };
        let name = Arc::new(Self {
            dir: dir.clone(),
            pool: ask.pool.to_owned(),
            name: taken.name,
            run: ask.holder.run.clone(),
            noted: Mutex::default(),
            told: Mutex::new(Told {
                lock: Some(taken.lock),
                record: taken.record,
                file: taken.file,
                reserved: None,
            }),
            awaited: AtomicBool::new(false),
        });
        scribe::serve(name.clone());
        Ok(Some(name))
    }

    /// At once, unless that can wait.
    fn tell_of_notes(&self) {
        if self.awaited.load(Ordering::Relaxed) {
            self.write(&mut lock(&self.told));
        } else {
            scribe::changed();
        }
    }

    /// Tells of what is noted; false if nothing is.
    fn write(&self, told: &mut Told) -> bool {
        let noted = mem::take(&mut *lock(&self.noted));
        if noted.is_empty() {
            return false;
        }
        // A few at a time: memory for all their lines would be new to the process.
        for noted in noted.chunks(32) {
            let lines = self.take_up(noted, &mut told.record);
            self.publish_as(told, &lines);
        }
        true
    }

    /// Shows the record as it is, after these lines of the journal.
    fn publish_as(&self, told: &mut Told, lines: &str) {
        let held = !told.record.holders.is_empty();
        if held && told.lock.is_none() {
            // Whoever looks at it has it for a moment.
            let lock = blocked::within(blocked::A_MOMENT, || {
                try_lock_name(&self.dir, &self.name, Access::Exclusive)
            });
            told.lock = lock.ok().flatten().map(|(lock, _)| lock);
        }
        if !lines.is_empty() {
            self.dir.journal.write_lines(&self.dir.pool, lines);
        }
        let _ = told.file.write_text(record_text(&told.record));
        if let Some(lock) = told.lock.take_if(|_| !held) {
            let lock_file = files::lock(&self.name);
            self.dir.names.keep(&lock_file, lock.unlock().ok());
        }
    }

    /// Brings the record up to date, and returns what the journal says of that.
    fn take_up(&self, noted: &[Noted], record: &mut Record) -> String {
        let mut lines = String::with_capacity(768 * noted.len());
        let name = format!(r#""pool":"{}","name":"{}""#, self.pool, self.name);
        for Noted { turn, begun, ended } in noted {
            let (access, whose) = (turn.access, whose_text(turn, &self.run));
            // Its holder would leave no trace in the record.
            let has_passed = matches!(ended, Some((_, (State::Clean, _))));
            let holder = match has_passed && record.is_clean_and_free() {
                true => None,
                false => Some(Arc::new(self.holder(turn))),
            };
            if let Some(Begun { waited, beside }) = *begun {
                match &holder {
                    Some(holder) => {
                        let tenure = Tenure::new(holder, access);
                        lines.push_str(&self.grant(tenure, record, beside));
                    }
                    None => record.lend(turn.since, access),
                }
                lines.push_str(&acquired_text(turn, &name, record.fence, &whose, waited));
            }
            if let Some((time, after)) = *ended {
                if let Some(holder) = &holder {
                    record.give_back(holder, access, Some(after));
                }
                lines.push_str(&released_text(
                    time,
                    &name,
                    record.fence,
                    &whose,
                    access,
                    after,
                ));
            }
        }
        lines
    }

    /// Returns what the journal says of those who died.
    fn grant(&self, tenure: Tenure, record: &mut Record, beside: bool) -> String {
        let mut lines = String::new();
        let (time, fence) = (tenure.holder.since, record.fence);
        // Of a process that had this number before.
        for dead in record.grant(tenure, !beside) {
            // No longer known of it: its request.
            let died = Entry {
                time,
                name: Some(&self.name),
                fence: Some(fence),
                access: Some(dead.access),
                ..Entry::new(Kind::Died, &self.pool, "", &dead.holder)
            };
            lines.push_str(&json(&died));
            lines.push('\n');
        }
        lines
    }

    fn holder(&self, turn: &OwnTurn) -> Holder {
        Holder {
            pid_namespace: nm_os::pid_namespace(),
            since: turn.since,
            ..turn.asker.clone().holder(&self.run)
        }
    }

    /// Changes what the record says of this holder.
    pub(crate) fn publish(&self, token: &str, change: &dyn Fn(&mut Tenure)) {
        let mut told = lock(&self.told);
        self.write(&mut told);
        for tenure in &mut told.record.holders {
            if tenure.holder.token == token {
                change(tenure);
            }
        }
        self.publish_as(&mut told, "");
    }
}

impl Tell for LocalOwnName {
    fn tell(&self) -> bool {
        self.write(&mut lock(&self.told))
    }
}

impl OwnName for Arc<LocalOwnName> {
    fn begin(&self, turn: &OwnTurn, waited: Duration, beside: bool) {
        lock(&self.noted).push(Noted {
            turn: turn.clone(),
            begun: Some(Begun { waited, beside }),
            ended: None,
        });
        self.tell_of_notes();
    }

    fn end(&self, turn: &OwnTurn, after: After) {
        let ended = Some((clock::now(), after));
        let mut noted = lock(&self.noted);
        match noted.last_mut() {
            Some(last) if last.turn.request == turn.request => last.ended = ended,
            _ => noted.push(Noted {
                turn: turn.clone(),
                begun: None,
                ended,
            }),
        }
        drop(noted);
        self.tell_of_notes();
    }

    fn is_awaited(&self, awaited: bool) {
        let was = self.awaited.swap(awaited, Ordering::Relaxed);
        if !was && !awaited {
            return;
        }
        let mut told = lock(&self.told);
        if awaited == told.reserved.is_some() {
            return;
        }
        told.reserved = None;
        if awaited {
            let file = self.dir.names.file(&files::reservation(&self.name));
            let lock = file.and_then(|file| Locked::try_lock(file, Access::Exclusive));
            told.reserved = lock.ok().and_then(std::result::Result::ok);
            self.write(&mut told);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change is whole, whatever panics elsewhere.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A record as JSON. In debug builds, which most tests are, it is made several times as fast
/// by the formatting of the standard library, which is compiled already, as field by field.
fn record_text(record: &Record) -> String {
    let Record {
        v,
        fence,
        state: State::Clean,
        reason: None,
        broken_in: None,
        holders,
        created,
        lent,
        last: None,
        life: None,
    } = record
    else {
        return json(record);
    };
    let holders = match holders.is_empty() {
        true => "[]".to_owned(),
        false => json(holders),
    };
    format!(
        r#"{{"v":{v},"fence":{fence},"state":"clean","reason":null,"broken_in":null,"holders":{holders},"created":{created},"lent":{lent},"last":null,"life":null}}"#
    )
}

/// The beginning of a turn, as a line of the journal.
fn acquired_text(turn: &OwnTurn, name: &str, fence: u64, whose: &str, waited: Duration) -> String {
    let (time, access) = (turn.since, turn.access.as_str());
    let waited = waited.as_micros() as u64;
    format!(
        "{{\"v\":{FORMAT},\"time\":{time},\"kind\":\"acquired\",{name},\"fence\":{fence},{whose},\"detail\":null,\"waited\":{waited},\"access\":\"{access}\",\"state\":null,\"phase\":null}}\n"
    )
}

/// The end of a turn, as a line of the journal.
fn released_text(
    time: u64,
    name: &str,
    fence: u64,
    whose: &str,
    access: Access,
    (state, reason): After,
) -> String {
    let (access, state) = (access.as_str(), state.as_str());
    let detail = OrNull(reason.map(|reason| json(&reason)));
    format!(
        "{{\"v\":{FORMAT},\"time\":{time},\"kind\":\"released\",{name},\"fence\":{fence},{whose},\"detail\":{detail},\"waited\":null,\"access\":\"{access}\",\"state\":\"{state}\",\"phase\":null}}\n"
    )
}

/// The request and the holder, as fields of both.
fn whose_text(turn: &OwnTurn, run: &str) -> String {
    let Asker { test, file, .. } = &turn.asker;
    let text = whose_text_as(
        turn,
        run,
        format_args!("{test:?}"),
        format_args!("{file:?}"),
    );
    // Rust escapes whatever JSON does, and more, but in its own way.
    if !text.contains('\\') {
        return text;
    }
    let (test, file) = (json(&&**test), json(&&**file));
    whose_text_as(turn, run, format_args!("{test}"), format_args!("{file}"))
}

fn whose_text_as(turn: &OwnTurn, run: &str, test: Arguments<'_>, file: Arguments<'_>) -> String {
    let asker @ Asker { pid, line, .. } = &turn.asker;
    let (request, thread, since) = (turn.request.number(), asker.number(), turn.since);
    let pid_namespace = OrNull(nm_os::pid_namespace());
    format!(
        r#""id":"{pid}-{request}","holder":{{"test":{test},"pid":{pid},"pid_namespace":{pid_namespace},"token":"{pid}-{thread}","run":"{run}","file":{file},"line":{line},"since":{since}}}"#
    )
}

struct OrNull<T>(Option<T>);

impl<T: Display> Display for OrNull<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("null"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::ask::RequestId;
    use crate::terms::holder::LastHolder;

    fn tenure(access: Access) -> Tenure {
        let holder = Holder {
            test: "app::\"quoted\" \u{1b}".to_owned(),
            pid: 7,
            pid_namespace: Some(4),
            token: "7-1".to_owned(),
            run: "run".to_owned(),
            file: r"tests\it.rs".to_owned(),
            line: 3,
            since: 5,
            host: None,
        };
        Tenure {
            holder: Arc::new(holder),
            access,
            waiting: None,
            body_ended: None,
        }
    }

    #[test]
    fn what_is_written_at_once_is_what_is_written_field_by_field() {
        let free = Record {
            fence: 8,
            created: 1,
            lent: 2,
            ..Record::new()
        };
        let held = |holders| Record {
            holders,
            ..free.clone()
        };
        let reader = tenure(Access::Shared);
        let dirty = Record {
            state: State::Dirty,
            reason: Some("its test panicked".to_owned()),
            last: Some(LastHolder::new(&reader.holder, "panicked")),
            ..free.clone()
        };
        let outlived = Tenure {
            body_ended: Some(9),
            ..reader.clone()
        };
        for record in [
            free.clone(),
            held(vec![tenure(Access::Exclusive)]),
            held(vec![reader.clone(), reader.clone()]),
            held(vec![outlived]),
            dirty,
        ] {
            assert_eq!(record_text(&record), json(&record));
        }
    }

    #[test]
    fn lines_written_at_once_are_those_written_field_by_field() {
        let name = r#""pool":"serial","name":"serial-0""#;
        for test in ["app::plain", "app::\"quoted\" \u{1b}\u{e9}"] {
            let turn = OwnTurn {
                asker: Asker {
                    test: test.into(),
                    file: r"tests\it.rs".into(),
                    line: 3,
                    pid: 7,
                    thread: 1,
                    must_panic: false,
                },
                since: 5,
                access: Access::Shared,
                request: RequestId::next(7),
            };
            let holder = Holder {
                pid_namespace: nm_os::pid_namespace(),
                since: 5,
                ..turn.asker.clone().holder("run")
            };
            let (id, whose) = (turn.request.text(), whose_text(&turn, "run"));
            let waited = Duration::from_micros(3);
            let acquired = Entry {
                time: 5,
                name: Some("serial-0"),
                fence: Some(8),
                access: Some(Access::Shared),
                waited: Some(3),
                ..Entry::new(Kind::Acquired, "serial", &id, &holder)
            };
            assert_eq!(
                acquired_text(&turn, name, 8, &whose, waited),
                json(&acquired) + "\n"
            );
            for (state, reason) in [
                (State::Clean, None),
                (State::Dirty, Some("its test \"panicked\"")),
            ] {
                let released = Entry {
                    time: 9,
                    kind: Kind::Released,
                    waited: None,
                    state: Some(state),
                    detail: reason,
                    ..acquired
                };
                assert_eq!(
                    released_text(9, name, 8, &whose, Access::Shared, (state, reason)),
                    json(&released) + "\n"
                );
            }
        }
    }
}
