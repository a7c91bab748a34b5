//! What is known of a name, beside its lock. Explains; never decides.

use std::fmt::{self, Write};
use std::fs::File;
use std::io;
use std::thread;
use std::time::Duration;

use nojson::{DisplayJson, JsonFormatter, JsonParseError, RawJson, RawJsonValue};

use crate::identity::Holder;
use crate::lock::{Access, Locked};
use crate::sys::{Dir, read_at, still_linked, write_at_start};

/// The version of the record and journal formats.
///
/// 1: the first.
pub(crate) const FORMAT: u32 = 1;

/// A name's state between leases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Given back in order.
    #[default]
    Clean,
    /// The last holder panicked, died, or said so.
    Dirty,
    /// Not to be lent in the run that says so.
    Broken,
}

impl State {
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Dirty => "dirty",
            Self::Broken => "broken",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Clean, Self::Dirty, Self::Broken]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// One name's record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
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
}

/// One holder's time with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenure {
    /// Who.
    pub holder: Holder,
    /// How.
    pub access: Access,
    /// What the holder waits for while it holds this.
    pub waiting: Option<Waiting>,
}

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
}

impl Record {
    /// The record of a name whose own is unreadable. What happened to the name is
    /// unknown, so it is dirty; its fence starts above any count of leases.
    fn unreadable() -> Self {
        Self {
            fence: crate::identity::now(),
            state: State::Dirty,
            reason: Some("its record was unreadable".to_owned()),
            ..Self::default()
        }
    }

    /// Reads a record as somebody else may be writing it; nothing if it is none.
    pub fn peek(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text.trim_ascii_end()).ok()?;
        let json = RawJson::parse(text).ok()?;
        Self::try_from(json.value()).ok()
    }
}

impl DisplayJson for Record {
    fn fmt(&self, f: &mut JsonFormatter<'_, '_>) -> fmt::Result {
        f.object(|f| {
            f.member("v", FORMAT)?;
            f.member("fence", self.fence)?;
            f.member("state", self.state.as_str())?;
            f.member("reason", &self.reason)?;
            f.member("broken_in", &self.broken_in)?;
            f.member("created", self.created)?;
            f.member("lent", self.lent)?;
            f.member("holders", &self.holders)
        })
    }
}

impl TryFrom<RawJsonValue<'_, '_>> for Record {
    type Error = JsonParseError;

    fn try_from(value: RawJsonValue<'_, '_>) -> Result<Self, JsonParseError> {
        let version = value.to_member("v")?.required()?;
        if u32::try_from(version)? > FORMAT {
            return Err(version.invalid("a newer version wrote this record"));
        }
        let state = value.to_member("state")?.required()?;
        Ok(Self {
            fence: value.to_member("fence")?.required()?.try_into()?,
            state: State::parse(&state.to_unquoted_string_str()?)
                .ok_or_else(|| state.invalid("unknown state"))?,
            reason: value.to_member("reason")?.required()?.try_into()?,
            broken_in: value.to_member("broken_in")?.required()?.try_into()?,
            created: value.to_member("created")?.required()?.try_into()?,
            lent: value.to_member("lent")?.required()?.try_into()?,
            holders: value.to_member("holders")?.required()?.try_into()?,
        })
    }
}

impl DisplayJson for Tenure {
    fn fmt(&self, f: &mut JsonFormatter<'_, '_>) -> fmt::Result {
        f.object(|f| {
            f.member("test", &self.holder.test)?;
            f.member("pid", self.holder.pid)?;
            f.member("token", &self.holder.token)?;
            f.member("run", &self.holder.run)?;
            f.member("file", &self.holder.file)?;
            f.member("line", self.holder.line)?;
            f.member("since", self.holder.since)?;
            f.member("access", self.access.as_str())?;
            f.member("waiting", &self.waiting)
        })
    }
}

impl TryFrom<RawJsonValue<'_, '_>> for Tenure {
    type Error = JsonParseError;

    fn try_from(value: RawJsonValue<'_, '_>) -> Result<Self, JsonParseError> {
        Ok(Self {
            holder: Holder {
                test: value.to_member("test")?.required()?.try_into()?,
                pid: value.to_member("pid")?.required()?.try_into()?,
                token: value.to_member("token")?.required()?.try_into()?,
                run: value.to_member("run")?.required()?.try_into()?,
                file: value.to_member("file")?.required()?.try_into()?,
                line: value.to_member("line")?.required()?.try_into()?,
                since: value.to_member("since")?.required()?.try_into()?,
            },
            access: value.to_member("access")?.required()?.try_into()?,
            waiting: value.to_member("waiting")?.required()?.try_into()?,
        })
    }
}

impl DisplayJson for Waiting {
    fn fmt(&self, f: &mut JsonFormatter<'_, '_>) -> fmt::Result {
        f.object(|f| {
            f.member("pool", &self.pool)?;
            f.member("dir", &self.dir)?;
            f.member("count", self.count)?;
            f.member("capacity", self.capacity)?;
            f.member("name", &self.name)?;
            f.member("access", self.access.as_str())
        })
    }
}

impl TryFrom<RawJsonValue<'_, '_>> for Waiting {
    type Error = JsonParseError;

    fn try_from(value: RawJsonValue<'_, '_>) -> Result<Self, JsonParseError> {
        Ok(Self {
            pool: value.to_member("pool")?.required()?.try_into()?,
            dir: value.to_member("dir")?.required()?.try_into()?,
            count: value.to_member("count")?.required()?.try_into()?,
            capacity: value.to_member("capacity")?.required()?.try_into()?,
            name: value.to_member("name")?.required()?.try_into()?,
            access: value.to_member("access")?.required()?.try_into()?,
        })
    }
}

impl TryFrom<RawJsonValue<'_, '_>> for Access {
    type Error = JsonParseError;

    fn try_from(value: RawJsonValue<'_, '_>) -> Result<Self, JsonParseError> {
        match &*value.to_unquoted_string_str()? {
            "exclusive" => Ok(Self::Exclusive),
            "shared" => Ok(Self::Shared),
            _ => Err(value.invalid("expected `exclusive` or `shared`")),
        }
    }
}

/// A name's record file, open.
#[derive(Debug)]
pub(crate) struct RecordFile {
    file: File,
    len: usize,
}

/// Records are written over in place, padded to a multiple of this with spaces:
/// one write without truncation, so a process that dies leaves the old or the
/// new text, and rewriting needs no room on the disk.
const BLOCK: usize = 512;

impl RecordFile {
    pub(crate) fn file_name(name: &str) -> String {
        format!("{name}.json")
    }

    /// Opens a name's record, or begins it.
    pub(crate) fn open(names: &Dir, name: &str) -> io::Result<Self> {
        let path = Self::file_name(name);
        let mut file = names.file(&path)?;
        while !still_linked(&file)? {
            file = names.file(&path)?;
        }
        Ok(Self { file, len: 0 })
    }

    /// Reads it. Torn, empty or foreign bytes are not lost quietly: the record
    /// says that it was unreadable.
    pub(crate) fn read(&mut self) -> io::Result<Record> {
        let mut text = vec![0; 4 * BLOCK];
        self.len = 0;
        loop {
            let read = read_at(&self.file, &mut text[self.len..], self.len as u64)?;
            self.len += read;
            // Our own records end with a block, so less than asked for is all.
            if self.len < text.len() && (read == 0 || self.len.is_multiple_of(BLOCK)) {
                break;
            }
            if self.len == text.len() {
                text.resize(2 * self.len, 0);
            }
        }
        text.truncate(self.len);
        Ok(match text.is_empty() {
            true => Record::default(),
            false => Record::peek(&text).unwrap_or_else(Record::unreadable),
        })
    }

    pub(crate) fn write(&mut self, record: &Record) -> io::Result<()> {
        let mut text = String::with_capacity(2 * BLOCK);
        // Writing to a string does not fail.
        let _ = write!(text, "{}", nojson::Json(record));
        let mut text = text.into_bytes();
        self.len = (text.len() + 1).next_multiple_of(BLOCK).max(self.len);
        text.resize(self.len - 1, b' ');
        text.push(b'\n');
        write_at_start(&self.file, &text)?;
        Ok(())
    }

    /// Gives back the open file, for the next to use.
    pub(crate) fn into_file(self) -> File {
        self.file
    }

    /// Reads, changes and writes the record of a shared name, whose other readers
    /// may be doing the same.
    ///
    /// # Errors
    ///
    /// Besides failed I/O: [`io::ErrorKind::WouldBlock`] when another process was
    /// stopped in the middle of its change. A record is not worth waiting for it.
    pub(crate) fn update<T>(&mut self, change: impl FnOnce(&mut Record) -> T) -> io::Result<T> {
        let mut file = self.file.try_clone()?;
        let mut tries = 0;
        let _turn = loop {
            match Locked::try_lock(file, Access::Exclusive)? {
                Ok(turn) => break turn,
                Err(_) if tries == 100 => return Err(io::ErrorKind::WouldBlock.into()),
                Err(taken) => file = taken,
            }
            tries += 1;
            thread::sleep(Duration::from_micros(100));
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
            holder: Holder {
                test: test.to_owned(),
                pid: 7,
                token: "7-0".to_owned(),
                run: "run".to_owned(),
                file: "tests/a.rs".to_owned(),
                line: 3,
                since: 1,
            },
            access: Access::Shared,
            waiting: Some(Waiting {
                pool: "b".to_owned(),
                dir: "/b".to_owned(),
                count: 2,
                capacity: None,
                name: Some("b-0".to_owned()),
                access: Access::Exclusive,
            }),
        }
    }

    #[test]
    fn a_record_survives_the_round_trip_and_a_shorter_one_leaves_no_rest() {
        let dir = tempfile::tempdir().unwrap();
        let names = Dir::open(dir.path()).unwrap();
        let mut file = RecordFile::open(&names, "db-0").unwrap();
        assert_eq!(file.read().unwrap(), Record::default());
        let long = Record {
            fence: 3,
            state: State::Dirty,
            reason: Some("\"\n\u{1b}".to_owned()),
            holders: vec![tenure("a"), tenure(&"b".repeat(600))],
            ..Record::default()
        };
        file.write(&long).unwrap();
        assert_eq!(
            RecordFile::open(&names, "db-0").unwrap().read().unwrap(),
            long
        );
        file.write(&Record::default()).unwrap();
        assert_eq!(
            RecordFile::open(&names, "db-0").unwrap().read().unwrap(),
            Record::default()
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
}
