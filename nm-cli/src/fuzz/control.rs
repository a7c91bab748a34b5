use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::args::token;
use crate::keeper::control::{Order, Reply, read};
use crate::keeper::kept::Kept;

/// An order to a keeper, or the text of its file.
pub fn control(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    let line = match read(bytes) {
        Ok(Some(line)) => line,
        Ok(None) => return assert!(!bytes.contains(&b'\n')),
        Err(_) => return assert!(str::from_utf8(bytes).is_err()),
    };
    assert!(line.find('\n') == Some(line.len() - 1));
    match kind % 4 {
        0 => again::<Order>(&line),
        1 => again::<Reply>(&line),
        2 => kept(&line),
        _ => tokens(&line),
    }
}

fn again<T: Serialize + DeserializeOwned>(line: &str) {
    if let Ok(read) = serde_json::from_str::<T>(line) {
        let written = serde_json::to_string(&read).unwrap();
        assert!(!written.contains('\n'));
        let read: T = serde_json::from_str(&written).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), written);
    }
}

/// A file that does not agree with its own name is ignored.
fn kept(text: &str) {
    again::<Kept>(text);
    let dir = Path::new("keepers");
    for file in ["db-0.17.json", "db-0...json", "a.b.json"] {
        let Some(kept) = Kept::parse(dir, &dir.join(file), text) else {
            continue;
        };
        assert_eq!(format!("{}.{}.json", kept.name, kept.id), file);
        assert!(!kept.id.contains('/'));
    }
}

fn tokens(line: &str) {
    let token = line.trim_end();
    assert_eq!(
        token::given(Some(token.as_ref())).is_ok(),
        (8..=256).contains(&token.len())
    );
    assert!(token::is_same(token, token));
    assert!(!token::is_same(token, line));
}
