//! What others see of a name that its process keeps: the same record and events as of any
//! other name. To write them takes longer than a test that does nothing, so they are noted, and
//! told later: see [`scribe`].

use std::fmt::{self, Display, Formatter};
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
use crate::sys;
use crate::terms::access::Access;
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

/// A turn that began or ended, to be told of.
#[derive(Debug)]
struct Noted {
    time: u64,
    turn: OwnTurn,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Begun { waited: Duration, beside: bool },
    Ended(After),
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

    /// Tells of this, unless that can wait.
    fn note(&self, time: u64, turn: &OwnTurn, what: What) {
        let turn = turn.clone();
        lock(&self.noted).push(Noted { time, turn, what });
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
        let lines = self.take_up(&noted, &mut told.record);
        self.publish_as(told, &lines);
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
        let mut lines = String::with_capacity(512 * noted.len());
        let name = format!(r#""pool":"{}","name":"{}""#, self.pool, self.name);
        let mut last = None;
        for Noted { time, turn, what } in noted {
            let access = turn.access;
            let (_, holder, whose) = match last.take_if(|(of, _, _)| *of == turn.request) {
                Some(same) => last.insert(same),
                None => {
                    let holder = Arc::new(self.holder(turn));
                    let whose = whose_text(&turn.request.text(), &holder);
                    last.insert((turn.request, holder, whose))
                }
            };
            let line = match *what {
                What::Begun { waited, beside } => {
                    let fence = record.fence;
                    // Of a process that had this number before.
                    for dead in record.grant(Tenure::new(holder, access), !beside) {
                        // No longer known of it: its request.
                        let died = Entry {
                            time: *time,
                            name: Some(&self.name),
                            fence: Some(fence),
                            access: Some(dead.access),
                            ..Entry::new(Kind::Died, &self.pool, "", &dead.holder)
                        };
                        lines.push_str(&json(&died));
                        lines.push('\n');
                    }
                    acquired_text(*time, &name, record.fence, whose, waited, access)
                }
                What::Ended(after) => {
                    record.give_back(holder, access, Some(after));
                    released_text(*time, &name, record.fence, whose, access, after)
                }
            };
            lines.push_str(&line);
        }
        lines
    }

    fn holder(&self, turn: &OwnTurn) -> Holder {
        Holder {
            pid_namespace: sys::pid_namespace(),
            since: turn.since,
            ..turn.asker.holder(&self.run)
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
        self.note(turn.since, turn, What::Begun { waited, beside });
    }

    fn end(&self, turn: &OwnTurn, after: After) {
        self.note(clock::now(), turn, What::Ended(after));
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
    let tenure = match &*record.holders {
        [] => String::new(),
        [
            Tenure {
                holder,
                access,
                waiting: None,
                body_ended: None,
                ..
            },
        ] => {
            let (holder, access) = (holder_text(holder), access.as_str());
            format!(r#"{{"holder":{holder},"access":"{access}","waiting":null,"body_ended":null}}"#)
        }
        _ => return json(record),
    };
    let Record {
        v,
        fence,
        state: State::Clean,
        reason: None,
        broken_in: None,
        created,
        lent,
        last: None,
        life: None,
        ..
    } = record
    else {
        return json(record);
    };
    format!(
        r#"{{"v":{v},"fence":{fence},"state":"clean","reason":null,"broken_in":null,"holders":[{tenure}],"created":{created},"lent":{lent},"last":null,"life":null}}"#
    )
}

/// The beginning of a turn, as a line of the journal.
fn acquired_text(
    time: u64,
    name: &str,
    fence: u64,
    whose: &str,
    waited: Duration,
    access: Access,
) -> String {
    let (waited, access) = (waited.as_micros() as u64, access.as_str());
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
    let detail = OrNull(reason.map(quoted));
    format!(
        "{{\"v\":{FORMAT},\"time\":{time},\"kind\":\"released\",{name},\"fence\":{fence},{whose},\"detail\":{detail},\"waited\":null,\"access\":\"{access}\",\"state\":\"{state}\",\"phase\":null}}\n"
    )
}

/// The request and the holder, as fields of both.
fn whose_text(id: &str, holder: &Holder) -> String {
    let holder = holder_text(holder);
    format!(r#""id":"{id}","holder":{holder}"#)
}

fn holder_text(holder: &Holder) -> String {
    let Holder {
        test,
        pid,
        pid_namespace,
        token,
        run,
        file,
        line,
        since,
        host: _,
    } = holder;
    let (test, file, pid_namespace) = (quoted(test), quoted(file), OrNull(*pid_namespace));
    format!(
        r#"{{"test":{test},"pid":{pid},"pid_namespace":{pid_namespace},"token":"{token}","run":"{run}","file":{file},"line":{line},"since":{since}}}"#
    )
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    let quoted = format!("{text:?}");
    // Rust escapes whatever JSON does, and more, but in its own way.
    match quoted.len() == text.len() + 2 {
        true => quoted,
        false => json(&text),
    }
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
        let holder = &reader.holder;
        let name = r#""pool":"serial","name":"serial-0""#;
        let whose = whose_text("7-9", holder);
        let acquired = Entry {
            name: Some("serial-0"),
            fence: Some(8),
            access: Some(Access::Shared),
            waited: Some(3),
            ..Entry::new(Kind::Acquired, "serial", "7-9", holder)
        };
        let waited = Duration::from_micros(3);
        assert_eq!(
            acquired_text(acquired.time, name, 8, &whose, waited, Access::Shared),
            json(&acquired) + "\n"
        );
        for (state, reason) in [
            (State::Clean, None),
            (State::Dirty, Some("its test \"panicked\"")),
        ] {
            let released = Entry {
                kind: Kind::Released,
                waited: None,
                state: Some(state),
                detail: reason,
                ..acquired
            };
            let (time, after) = (released.time, (state, reason));
            assert_eq!(
                released_text(time, name, 8, &whose, Access::Shared, after),
                json(&released) + "\n"
            );
        }
        assert_eq!(holder_text(&reader.holder), json(&*reader.holder));
    }
}
