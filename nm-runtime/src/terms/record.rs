//! What is known of a name, beside its lock. Explains; never decides.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::base::json;
use crate::local::lock::Locked;
use crate::sys::{self, Dir, OpenFile, read_at, still_linked, write_at_start};
use crate::terms::access::Access;
use crate::terms::holder::Holder;
use crate::terms::holder::LastHolder;

/// The version of the record and journal formats.
///
/// 1: the first.
pub(crate) const FORMAT: u32 = 1;

/// A name's state between leases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Given back in order.
    #[default]
    Clean,
    /// The last holder panicked, died, or said so.
    Dirty,
    /// Not to be lent in the run that says so.
    Broken,
}

json::words!(State: Clean, Dirty, Broken);

impl State {
    /// `clean`, `dirty` or `broken`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Dirty => "dirty",
            Self::Broken => "broken",
        }
    }
}

/// One name's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The version of the format.
    pub v: u32,
    /// Grows with every exclusive lease.
    pub fence: u64,
    /// The state between leases; while lent, the one before.
    pub state: State,
    /// Why it is dirty or broken, as far as known.
    pub reason: Option<String>,
    /// The run that found it broken.
    pub broken_in: Option<String>,
    /// Who holds it. Not empty in a free name: its last holder died.
    pub holders: Vec<Tenure>,
    /// When the name was first lent, in microseconds since 1970.
    pub created: u64,
    /// When it was last lent.
    pub lent: u64,
    /// The last holder of a dirty name.
    pub last: Option<LastHolder>,
    /// What the pool's resource has made of it.
    pub life: Option<Life>,
}

json::object!(Record {
    v,
    fence,
    state,
    reason,
    broken_in,
    holders,
    created,
    lent,
    last,
    life
});

/// What hooks have done with a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// Whether `init` is done; if not, it was killed or failed half-way.
    pub done: bool,
    /// What `init` depended on.
    pub fingerprint: Option<String>,
    /// The runs that have used it since.
    pub runs: Vec<String>,
    /// The hook that runs now.
    pub doing: Option<Doing>,
    /// What failed in one run.
    pub failures: Failures,
}

json::object!(Life {
    done,
    fingerprint,
    runs,
    doing,
    failures
});

impl Life {
    /// Whether the name outlives its runs: for its fingerprint, unless it broke.
    pub(crate) fn is_kept(&self, state: State) -> bool {
        self.done && self.fingerprint.is_some() && state != State::Broken
    }
}

/// A hook under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doing {
    /// `initialising`.
    pub what: String,
    /// Since when, in microseconds since 1970.
    pub since: u64,
}

json::object!(Doing { what, since });

/// Hooks that failed in one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// The run.
    pub run: String,
    /// How often.
    pub count: u32,
    /// The first error.
    pub first: String,
}

json::object!(Failures { run, count, first });

impl Failures {
    /// After so many, nobody tries again in the run.
    pub(crate) const MOST: u32 = 3;

    pub(crate) fn none() -> Self {
        Self {
            run: String::new(),
            count: 0,
            first: String::new(),
        }
    }

    /// Counts a failure in this run; says how to tell it.
    pub(crate) fn add(&mut self, run: &str, error: &str) {
        if self.run != run {
            *self = Self {
                run: run.to_owned(),
                count: 0,
                first: error.to_owned(),
            };
        }
        self.count = self.count.saturating_add(1);
    }

    /// The first error, once there were too many in this run.
    pub(crate) fn given_up(&self, run: &str) -> Option<&str> {
        (self.run == run && self.count >= Self::MOST).then_some(&self.first)
    }
}

/// One holder's time with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenure {
    /// Who.
    pub holder: Arc<Holder>,
    /// How.
    pub access: Access,
    /// What the holder waits for while it holds this.
    pub waiting: Option<Waiting>,
}

json::object!(Tenure {
    holder,
    access,
    waiting
});

/// What a holder waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The pool.
    pub pool: String,
    /// The pool's directory.
    pub dir: String,
    /// How many names.
    pub count: u64,
    /// Of how many.
    pub capacity: Option<u64>,
    /// This one only.
    pub name: Option<String>,
    /// Exclusively or shared.
    pub access: Access,
    /// In the queue, behind others perhaps; or beside it, for its name alone.
    pub queued: bool,
    /// The name is kept for this holder.
    pub reserved: Option<bool>,
}

json::object!(Waiting {
    pool,
    dir,
    count,
    capacity,
    name,
    access,
    queued,
    reserved
});

impl Record {
    /// The record of a name that was never lent.
    pub(crate) fn new() -> Self {
        Self {
            v: FORMAT,
            fence: 0,
            state: State::Clean,
            reason: None,
            broken_in: None,
            holders: Vec::new(),
            created: 0,
            lent: 0,
            last: None,
            life: None,
        }
    }

    /// The record of a name whose own is unreadable. What happened to the name is
    /// unknown, so it is dirty; its fence starts above any count of leases.
    fn unreadable() -> Self {
        Self {
            fence: crate::base::clock::now(),
            state: State::Dirty,
            reason: Some("its record was unreadable".to_owned()),
            ..Self::new()
        }
    }

    /// Reads a record as somebody else may be writing it; nothing if it is none.
    pub fn peek(text: &[u8]) -> Option<Self> {
        let mut text = text.strip_suffix(b"\n").unwrap_or(text);
        // Most of a record is padding.
        while let Some(rest) = text.strip_suffix(&[b' '; 32]) {
            text = rest;
        }
        let record: Self = json::from_slice(text)?;
        // No fence follows the last one: it was not written by us.
        (record.v <= FORMAT && record.fence < u64::MAX).then_some(record)
    }
}

/// A name's record file, open.
#[derive(Debug)]
pub(crate) struct RecordFile {
    file: OpenFile,
    len: usize,
}

/// Records are written over in place, padded to a multiple of this with spaces:
/// one write without truncation, so a process that dies leaves the old or the
/// new text, and rewriting needs no room on the disk.
const BLOCK: usize = 512;

/// How long others may take to change a record.
const PATIENCE: Duration = Duration::from_secs(5);

impl RecordFile {
    pub(crate) fn file_name(name: &str) -> String {
        [name, ".json"].concat()
    }

    /// The names that have a record, in the order in which people count.
    pub(crate) fn names(dir: &Dir) -> io::Result<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        for entry in sys::list(dir.path())? {
            let file = entry?.file_name();
            let Some(name) = file.to_str().and_then(|file| file.strip_suffix(".json")) else {
                continue;
            };
            let order = |known: &String| (known.len(), known.as_str()).cmp(&(name.len(), name));
            let (Ok(place) | Err(place)) = names.binary_search_by(order);
            names.insert(place, name.to_owned());
        }
        Ok(names)
    }

    /// Opens a name's record, or begins it.
    pub(crate) fn open(names: &Dir, name: &str) -> io::Result<Self> {
        let path = Self::file_name(name);
        let mut file = names.file(&path)?;
        while !still_linked(&file)? {
            file = names.file(&path)?;
        }
        Ok(Self::of(file))
    }

    pub(crate) fn of(file: OpenFile) -> Self {
        Self { file, len: 0 }
    }

    /// Reads it. Torn, empty or foreign bytes are not lost quietly: the record
    /// says that it was unreadable.
    pub(crate) fn read(&mut self) -> io::Result<Record> {
        let mut usual = [0; 2 * BLOCK];
        let mut long;
        let mut text = &mut usual[..];
        self.len = 0;
        loop {
            let read = read_at(&self.file, &mut text[self.len..], self.len as u64)?;
            self.len += read;
            // Our own records end with a block, so less than asked for is all.
            if self.len < text.len() && (read == 0 || self.len.is_multiple_of(BLOCK)) {
                break;
            }
            if self.len == text.len() {
                long = text.to_vec();
                long.resize(2 * self.len, 0);
                text = &mut long;
            }
        }
        let text = &text[..self.len];
        Ok(match text.is_empty() {
            true => Record::new(),
            false => Record::peek(text).unwrap_or_else(Record::unreadable),
        })
    }

    pub(crate) fn write(&mut self, record: &Record) -> io::Result<()> {
        let mut text = json::to_string(record).into_bytes();
        self.len = (text.len() + 1).next_multiple_of(BLOCK).max(self.len);
        text.resize(self.len - 1, b' ');
        text.push(b'\n');
        write_at_start(&self.file, &text)?;
        Ok(())
    }

    /// Gives back the open file, for the next to use.
    pub(crate) fn into_file(self) -> OpenFile {
        self.file
    }

    /// Reads, changes and writes the record of a shared name, whose other readers
    /// may be doing the same.
    ///
    /// # Errors
    ///
    /// Besides failed I/O: [`io::ErrorKind::WouldBlock`] when another process was
    /// stopped in the middle of its change. A record is not worth waiting for it longer.
    pub(crate) fn update<T>(&mut self, change: impl FnOnce(&mut Record) -> T) -> io::Result<T> {
        let mut file = self.file.try_clone()?;
        let deadline = Instant::now() + PATIENCE;
        let mut pause = Duration::from_micros(50);
        let _turn = loop {
            match Locked::try_lock(file, Access::Exclusive)? {
                Ok(turn) => break turn,
                Err(_) if Instant::now() > deadline => return Err(io::ErrorKind::WouldBlock.into()),
                Err(taken) => file = taken,
            }
            thread::sleep(pause);
            // Hundreds of readers may end at once.
            pause = (pause * 2).min(Duration::from_millis(5));
        };
        let mut record = self.read()?;
        let result = change(&mut record);
        self.write(&record)?;
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenure(test: &str) -> Tenure {
        Tenure {
            holder: Arc::new(Holder {
                test: test.to_owned(),
                pid: 7,
                token: "7-0".to_owned(),
                run: "run".to_owned(),
                file: "tests/a.rs".to_owned(),
                line: 3,
                since: 1,
            }),
            access: Access::Shared,
            waiting: Some(Waiting {
                pool: "b".to_owned(),
                dir: "/b".to_owned(),
                count: 2,
                capacity: None,
                name: Some("b-0".to_owned()),
                access: Access::Exclusive,
                queued: true,
                reserved: None,
            }),
        }
    }

    #[test]
    fn a_record_survives_the_round_trip_and_a_shorter_one_leaves_no_rest() {
        let dir = tempfile::tempdir().unwrap();
        let names = Dir::open(dir.path()).unwrap();
        let mut file = RecordFile::open(&names, "db-0").unwrap();
        assert_eq!(file.read().unwrap(), Record::new());
        let long = Record {
            fence: 3,
            state: State::Dirty,
            reason: Some("\"\n\u{1b}".to_owned()),
            holders: vec![tenure("a"), tenure(&"b".repeat(600))],
            ..Record::new()
        };
        file.write(&long).unwrap();
        assert_eq!(
            RecordFile::open(&names, "db-0").unwrap().read().unwrap(),
            long
        );
        file.write(&Record::new()).unwrap();
        assert_eq!(
            RecordFile::open(&names, "db-0").unwrap().read().unwrap(),
            Record::new()
        );
    }

    #[test]
    fn garbage_reads_as_dirty_with_a_fence_above_all_before() {
        for garbage in [&b"{"[..], b"\xff\x00", b"{}", b"[1]", b"{\"v\":99}", b"   "] {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join("db-0.json"), garbage).unwrap();
            let names = Dir::open(dir.path()).unwrap();
            let record = RecordFile::open(&names, "db-0").unwrap().read().unwrap();
            assert_eq!(record.state, State::Dirty, "{garbage:?}");
            assert!(record.fence > 1_000_000_000_000, "{garbage:?}");
        }
    }

    #[test]
    fn failures_beyond_counting_are_still_too_many() {
        let mut failures = Failures {
            run: "run".to_owned(),
            count: u32::MAX,
            first: "first".to_owned(),
        };
        failures.add("run", "again");
        assert_eq!(failures.given_up("run"), Some("first"));
    }
}
