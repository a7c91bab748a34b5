//! What others see of a name that its process keeps: the same record and events as of any
//! other name. To write them takes longer than a test that does nothing, so they are noted, and
//! told later: see [`scribe`].

use std::fmt::{self, Display, Formatter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::backend::ask::{Ask, GivenName, RequestId};
use crate::backend::own_name::{After, OwnName};
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
use crate::terms::event::{Entry, Kind};
use crate::terms::holder::Holder;
use crate::terms::record::{Record, State, Tenure};

/// A name that nobody else asks for, as long as the process has its number.
#[derive(Debug)]
pub(crate) struct LocalOwnName {
    dir: Arc<PoolDir>,
    pool: String,
    pub(crate) name: String,
    told: Mutex<Told>,
}

#[derive(Debug)]
struct Told {
    /// While the record that is told has a holder.
    lock: Option<Locked>,
    record: Record,
    file: RecordFile,
    /// The file is older than the record.
    outdated: bool,
    /// What the journal does not have yet.
    events: Vec<Noted>,
    /// Locked while others wait, who see what is told at once.
    reserved: Option<Locked>,
}

/// An event to be told of.
#[derive(Debug)]
struct Noted {
    kind: Kind,
    time: u64,
    fence: u64,
    tenure: Tenure,
    request: RequestId,
    waited: Option<Duration>,
    after: Option<After>,
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
            told: Mutex::new(Told {
                lock: Some(taken.lock),
                record: taken.record,
                file: taken.file,
                outdated: false,
                events: Vec::new(),
                reserved: None,
            }),
        });
        scribe::serve(name.clone());
        Ok(Some(name))
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        // Each change is whole, whatever panics elsewhere.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of a change, unless that can wait.
    fn changed(&self, mut told: MutexGuard<'_, Told>) {
        told.outdated = true;
        if told.reserved.is_some() {
            self.write(&mut told);
            return;
        }
        drop(told);
        scribe::changed();
    }

    fn write(&self, told: &mut Told) {
        let held = !told.record.holders.is_empty();
        if held && told.lock.is_none() {
            // Whoever looks at it has it for a moment.
            let lock = blocked::within(blocked::A_MOMENT, || {
                try_lock_name(&self.dir, &self.name, Access::Exclusive)
            });
            told.lock = lock.ok().flatten().map(|(lock, _)| lock);
        }
        if !told.events.is_empty() {
            let lines = self.lines(&told.events);
            told.events.clear();
            self.dir.journal.write_lines(&self.dir.pool, &lines);
        }
        if std::mem::take(&mut told.outdated) {
            let _ = told.file.write_text(record_text(&told.record));
        }
        if let Some(lock) = told.lock.take_if(|_| !held) {
            let lock_file = files::lock(&self.name);
            self.dir.names.keep(&lock_file, lock.unlock().ok());
        }
    }

    fn lines(&self, events: &[Noted]) -> String {
        let mut lines = String::with_capacity(512 * events.len());
        let (mut of, mut holder, mut id) = (None, String::new(), String::new());
        for noted in events {
            let tenure = &noted.tenure;
            if !of.is_some_and(|of| Arc::ptr_eq(of, &tenure.holder)) {
                of = Some(&tenure.holder);
                holder = holder_text(&tenure.holder);
                id = noted.request.text();
            }
            let event = Entry {
                time: noted.time,
                name: Some(&self.name),
                fence: Some(noted.fence),
                access: Some(tenure.access),
                waited: noted.waited.map(|waited| waited.as_micros() as u64),
                state: noted.after.map(|(state, _)| state),
                detail: noted.after.and_then(|(_, reason)| reason),
                // What is no longer known of a holder that died.
                id: if noted.kind == Kind::Died { "" } else { &id },
                ..Entry::new(noted.kind, &self.pool, &id, &tenure.holder)
            };
            lines.push_str(&event_text(&event, &holder));
        }
        lines
    }

    /// Changes what the record says of this holder.
    pub(crate) fn publish(&self, token: &str, change: &dyn Fn(&mut Tenure)) {
        let mut told = self.lock();
        for tenure in &mut told.record.holders {
            if tenure.holder.token == token {
                change(tenure);
            }
        }
        told.outdated = true;
        self.write(&mut told);
    }
}

impl Tell for LocalOwnName {
    fn tell(&self) {
        self.write(&mut self.lock());
    }
}

impl OwnName for Arc<LocalOwnName> {
    fn begin(&self, tenure: &Tenure, request: RequestId, waited: Duration, beside: bool) {
        let mut told = self.lock();
        let fence_before = told.record.fence;
        let dead = told.record.grant(tenure.clone(), !beside);
        let acquired = |fence, kind, tenure| Noted {
            kind,
            time: clock::now(),
            fence,
            tenure,
            request,
            waited: None,
            after: None,
        };
        // Of a process that had this number before.
        let died = dead
            .into_iter()
            .map(|dead| acquired(fence_before, Kind::Died, dead));
        told.events.extend(died);
        let fence = told.record.fence;
        told.events.push(Noted {
            waited: Some(waited),
            ..acquired(fence, Kind::Acquired, tenure.clone())
        });
        self.changed(told);
    }

    fn end(&self, tenure: &Tenure, request: RequestId, after: After) {
        let mut told = self.lock();
        let fence = told.record.fence;
        told.events.push(Noted {
            kind: Kind::Released,
            time: clock::now(),
            fence,
            tenure: tenure.clone(),
            request,
            waited: None,
            after: Some(after),
        });
        let (holder, access) = (&tenure.holder, tenure.access);
        told.record.give_back(holder, access, Some(after));
        self.changed(told);
    }

    fn is_awaited(&self, awaited: bool) {
        let mut told = self.lock();
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

/// An event of this holder, as a line of JSON.
fn event_text(event: &Entry<'_>, holder: &str) -> String {
    let Entry {
        v,
        time,
        kind,
        pool,
        name: Some(name),
        fence: Some(fence),
        id,
        holder: _,
        detail: None,
        waited,
        access: Some(access),
        state,
        phase: None,
    } = event
    else {
        return json(event) + "\n";
    };
    let (kind, access) = (kind.as_str(), access.as_str());
    let (waited, state) = (OrNull(*waited), OrNull(state.map(Quoted)));
    format!(
        "{{\"v\":{v},\"time\":{time},\"kind\":\"{kind}\",\"pool\":\"{pool}\",\"name\":\"{name}\",\"fence\":{fence},\"id\":\"{id}\",\"holder\":{holder},\"detail\":null,\"waited\":{waited},\"access\":\"{access}\",\"state\":{state},\"phase\":null}}\n"
    )
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

struct Quoted(State);

impl Display for Quoted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.as_str())
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
        let acquired = Entry {
            name: Some("serial-0"),
            fence: Some(8),
            access: Some(Access::Shared),
            waited: Some(3),
            ..Entry::new(Kind::Acquired, "serial", "7-9", &reader.holder)
        };
        let released = Entry {
            kind: Kind::Released,
            waited: None,
            state: Some(State::Dirty),
            detail: Some("its test \"panicked\""),
            ..acquired
        };
        for event in [
            acquired,
            released,
            Entry {
                name: None,
                ..acquired
            },
        ] {
            assert_eq!(
                event_text(&event, &json(&*reader.holder)),
                json(&event) + "\n"
            );
        }
        assert_eq!(holder_text(&reader.holder), json(&*reader.holder));
    }
}
