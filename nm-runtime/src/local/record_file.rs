use std::io;
use std::thread;
use std::time::{Duration, Instant};

use nm_os::{Dir, OpenFile, read_at, still_linked, write_at_start};

use crate::base::{json, text};
use crate::local::files;
use crate::local::lock::Locked;
use crate::terms::access::Access;
use crate::terms::record::Record;

/// A name's record file, open.
#[derive(Debug)]
pub(crate) struct RecordFile {
    file: OpenFile,
    len: usize,
}

/// Records are overwritten in place, padded to a multiple of this with spaces: one
/// write without truncation, so a process that dies leaves the old or the new text,
/// and rewriting needs no room on the disk.
const BLOCK: usize = 512;
/// Copied at once, which a debug build does not do where it fills.
const BLANKS: &str = match str::from_utf8(&[b' '; BLOCK]) {
    Ok(blanks) => blanks,
    Err(_) => unreachable!(),
};

/// How long other readers may take to change a record: hundreds that end at once need seconds
/// on a machine that is busy with something else.
const UPDATE_TIMEOUT: Duration = Duration::from_secs(60);

impl RecordFile {
    /// Opens a name's record, creating it if it is missing.
    pub(crate) fn open(names: &Dir, name: &str) -> io::Result<Self> {
        let path = files::record(name);
        let mut file = names.file(&path)?;
        while !still_linked(&file)? {
            file = names.file(&path)?;
        }
        Ok(Self::of(file))
    }

    pub(crate) fn of(file: OpenFile) -> Self {
        Self { file, len: 0 }
    }

    /// Reads it; an empty file is a new record. Torn or foreign bytes are not ignored
    /// silently: the record says that it was unreadable.
    pub(crate) fn read(&mut self) -> io::Result<Record> {
        let mut usual = [0; 2 * BLOCK];
        let mut long;
        let mut text = &mut usual[..];
        self.len = 0;
        loop {
            let read = read_at(&self.file, &mut text[self.len..], self.len as u64)?;
            self.len += read;
            // Our own records are whole blocks, so fewer bytes than asked for are all.
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
            false => Record::parse(text).unwrap_or_else(Record::unreadable),
        })
    }

    pub(crate) fn write(&mut self, record: &Record) -> io::Result<()> {
        self.write_text(json::to_string(record))
    }

    /// As [`RecordFile::write`], for a record that is JSON already.
    pub(crate) fn write_text(&mut self, mut text: String) -> io::Result<()> {
        self.len = (text.len() + 1).next_multiple_of(BLOCK).max(self.len);
        let missing = self.len - 1 - text.len();
        match BLANKS.get(..missing) {
            Some(blanks) => text.push_str(blanks),
            None => text.push_str(&" ".repeat(missing)),
        }
        text.push('\n');
        write_at_start(&self.file, text.as_bytes())
    }

    /// The open file, to be used again.
    pub(crate) fn into_file(self) -> OpenFile {
        self.file
    }

    /// Reads, changes and writes the record of a shared name, whose other readers
    /// may be doing the same.
    ///
    /// # Errors
    ///
    /// Besides failed I/O: [`io::ErrorKind::TimedOut`] if another process was stopped
    /// in the middle of its change. A record is not worth waiting longer.
    pub(crate) fn update<T>(&mut self, change: impl FnOnce(&mut Record) -> T) -> io::Result<T> {
        let _turn = self.turn(UPDATE_TIMEOUT)?;
        let mut record = self.read()?;
        let result = change(&mut record);
        self.write(&record)?;
        Ok(result)
    }

    /// The right to change it, beside other readers.
    fn turn(&self, timeout: Duration) -> io::Result<Locked> {
        let mut file = self.file.try_clone()?;
        let deadline = Instant::now() + timeout;
        let mut pause = Duration::from_micros(50);
        loop {
            match Locked::try_lock(file, Access::Exclusive)? {
                Ok(turn) => return Ok(turn),
                Err(_) if Instant::now() > deadline => {
                    let waited = text::seconds(timeout);
                    let why = format!(
                        "another reader has been changing it for {waited}, and may be a process that was stopped"
                    );
                    return Err(io::Error::new(io::ErrorKind::TimedOut, why));
                }
                Err(taken) => file = taken,
            }
            thread::sleep(pause);
            // Hundreds of readers may end at once.
            pause = (pause * 2).min(Duration::from_millis(5));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::holder::Holder;
    use crate::terms::record::{State, Tenure, Waiting};
    use std::sync::Arc;

    fn tenure(test: &str) -> Tenure {
        Tenure {
            holder: Arc::new(Holder {
                test: test.to_owned(),
                pid: 7,
                pid_namespace: None,
                token: "7-0".to_owned(),
                run: "run".to_owned(),
                file: "tests/a.rs".to_owned(),
                line: 3,
                since: 1,
                host: None,
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
            body_ended: None,
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
    fn a_reader_that_stopped_in_its_change_is_what_others_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let names = Dir::open(dir.path()).unwrap();
        let stopped = RecordFile::open(&names, "db-0").unwrap();
        let turn = stopped.turn(Duration::ZERO).unwrap();
        let other = RecordFile::open(&names, "db-0").unwrap();
        let told = other.turn(Duration::ZERO).unwrap_err().to_string();
        assert!(
            told.starts_with("another reader has been changing it for 0s"),
            "{told}"
        );
        drop(turn);
        other.turn(Duration::ZERO).unwrap();
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
