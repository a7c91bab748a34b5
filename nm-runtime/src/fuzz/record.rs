use crate::base::json;
use crate::fuzz::file;
use crate::local::record_file::RecordFile;
use crate::terms::record::{FORMAT, Record, State};

pub(crate) fn record(bytes: &[u8]) {
    let parsed = Record::parse(bytes);
    if let Some(record) = &parsed {
        assert!(record.v <= FORMAT && record.fence.checked_add(1).is_some());
        let text = json::to_string(record);
        assert_eq!(Record::parse(text.as_bytes()).as_ref(), Some(record));
        assert_eq!(Record::parse(&text.as_bytes()[..text.len() - 1]), None);
        count(record.clone());
    }
    let mut file = RecordFile::of(nm_os::opened(file(bytes)).unwrap());
    let read = file.read().unwrap();
    match parsed {
        Some(parsed) => assert_eq!(read, parsed),
        None if bytes.is_empty() => assert_eq!(read, Record::new()),
        None => {
            assert_eq!(read.state, State::Dirty);
            assert!(read.fence > 1_000_000_000_000);
        }
    }
    // Over any bytes that were there.
    file.write(&read).unwrap();
    assert_eq!(file.read().unwrap(), read);
}

/// Whatever has happened according to the record, more can happen.
fn count(record: Record) {
    if let Some(mut life) = record.life {
        life.is_kept(record.state);
        let run = life.failures.run.clone();
        life.failures.add(&run, "again");
        life.failures.given_up(&run);
    }
}
