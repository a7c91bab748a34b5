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
    run: &'static str,
    pool: &'static str,
}

impl Journal {
    pub fn new() -> Self {
        Self::of_pool("db")
    }

    pub fn of_pool(pool: &'static str) -> Self {
        Self {
            lines: String::new(),
            requests: 0,
            run: "run-1",
            pool,
        }
    }

    /// What follows is of this run.
    pub fn of_run(&mut self, run: &'static str) -> &mut Self {
        self.run = run;
        self
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
        event["pool"] = json!(self.pool);
        event["id"] = json!(id);
        event["holder"] = json!({"test": test, "pid": 7, "token": token, "run": self.run, "file": "tests/a.rs", "line": 3, "since": 0});
        self.line(&event.to_string());
    }

    pub fn line(&mut self, line: &str) {
        self.lines.push_str(line);
        self.lines.push('\n');
    }

    /// The lines as they would have been written, by their time.
    pub fn in_order(&mut self) -> &mut Self {
        let mut lines: Vec<&str> = self.lines.lines().collect();
        lines.sort_by_key(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            event["time"].as_u64()
        });
        self.lines = lines.join("\n") + "\n";
        self
    }

    pub fn text(&self) -> &str {
        &self.lines
    }

    /// As the pool's whole journal.
    pub fn write(&self, lab: &Lab) {
        self.write_as(lab, "journal.jsonl");
    }

    pub fn write_as(&self, lab: &Lab, file: &str) {
        let dir = lab.pool(self.pool);
        fs::create_dir_all(dir.join("names")).unwrap();
        fs::write(dir.join(file), &self.lines).unwrap();
    }
}
