use std::io::{self, Read};
use std::process::{self, Child, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A command at work, with what it has printed to both its outputs.
pub struct Run {
    id: String,
    command: String,
    child: Child,
    printed: Receiver<String>,
}

/// Building SQLite takes a minute or two on a slow machine; a run takes seconds.
const LIMIT: Duration = Duration::from_secs(600);

impl Run {
    /// Starts a command.
    pub fn start(mut command: Command) -> Run {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        // The journal outlives us, and process ids come again: in containers, soon.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let id = format!("bookshop-{}-{number}-{}", process::id(), now.as_micros());
        command.env("NAME_MANAGER_RUN_ID", &id);
        let (mut reader, writer) = io::pipe().unwrap();
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().unwrap();
        let (sender, printed) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = reader.read_to_end(&mut bytes);
            // Fails when nobody waits any more.
            let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
        });
        // Ours are the last copies of the pipe's writing end: its end is the command's.
        let name = format!("{command:?}");
        drop(command);
        Run {
            id,
            command: name,
            child,
            printed,
        }
    }

    /// Waits until it has succeeded; returns the run's id in the journal.
    pub fn expect_green(mut self) -> String {
        let (status, report) = self.finish();
        assert!(
            status.success(),
            "expected to be green, {status}:\n{report}"
        );
        self.id
    }

    /// Waits until tests have failed; returns what it has printed.
    pub fn expect_red(mut self) -> String {
        let (status, report) = self.finish();
        assert_eq!(
            status.code(),
            Some(101),
            "expected to be red, {status}:\n{report}"
        );
        report
    }

    fn finish(&mut self) -> (ExitStatus, String) {
        let Ok(report) = self.printed.recv_timeout(LIMIT) else {
            self.stop();
            panic!("not done after {LIMIT:?}: {}", self.command);
        };
        (self.child.wait().unwrap(), report)
    }

    /// Asks the command and the tests that it has started to end; nextest passes it on.
    fn stop(&mut self) {
        if cfg!(unix) {
            let group = format!("-{}", self.child.id());
            let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        } else {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
