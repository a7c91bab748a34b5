//! Journals made by hand.

use std::fs;

use serde_json::{Value, json};

use crate::lab::Lab;

/// 2026-11-21 12:00 UTC.
pub const START: u64 = 1_795_262_400_000_000;
pub const SECOND: u64 = 1_000_000;

pub struct Journal {
    lines: String,
    requests: u64,
}

impl Journal {
    pub fn new() -> Self {
        Self {
            lines: String::new(),
            requests: 0,
        }
    }

    /// `test` asks at second `asked`, has `name` from then until then. Each of them
    /// is a thread of one process.
    pub fn lease(&mut self, test: &str, name: &str, asked: u64, from: u64, until: u64) {
        self.requests += 1;
        let id = format!("7-{}", self.requests);
        let waited = (from - asked) * SECOND;
        if waited > 0 {
            self.event(test, &id, json!({"time": START + asked * SECOND, "kind": "waiting", "detail": "a name", "access": "exclusive"}));
        }
        self.event(test, &id, json!({"time": START + from * SECOND, "kind": "acquired", "name": name, "fence": self.requests, "waited": waited, "access": "exclusive"}));
        self.event(test, &id, json!({"time": START + until * SECOND, "kind": "released", "name": name, "fence": self.requests, "access": "exclusive", "state": "clean"}));
    }

    pub fn event(&mut self, test: &str, id: &str, mut event: Value) {
        let token = format!("{id}-thread");
        event["v"] = json!(1);
        event["pool"] = json!("db");
        event["id"] = json!(id);
        event["holder"] = json!({"test": test, "pid": 7, "token": token, "run": "run-1", "file": "tests/a.rs", "line": 3, "since": 0});
        self.line(&event.to_string());
    }

    pub fn line(&mut self, line: &str) {
        self.lines.push_str(line);
        self.lines.push('\n');
    }

    pub fn text(&self) -> &str {
        &self.lines
    }

    /// As the pool's whole journal.
    pub fn write(&self, lab: &Lab) {
        self.write_as(lab, "journal.jsonl");
    }

    pub fn write_as(&self, lab: &Lab, file: &str) {
        let dir = lab.pool("db");
        fs::create_dir_all(dir.join("names")).unwrap();
        fs::write(dir.join(file), &self.lines).unwrap();
    }
}
