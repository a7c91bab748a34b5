//! Signals that `run` gets while its command runs.
//!
//! Signals from a terminal (Ctrl-C, Ctrl-\) go to the whole foreground group, so the
//! command has them already; a second one would mean that the user insists. All
//! others are passed on to the command.

#[cfg(unix)]
pub use nm_runtime::caller::keep_ended_children;
#[cfg(unix)]
pub use unix::{Forwarder, end_by_them};

#[cfg(unix)]
mod unix {
    use std::io;
    use std::process::{Child, ExitStatus};
    use std::sync::{Arc, Mutex, PoisonError};
    use std::thread;

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
    use signal_hook::iterator::Signals;

    use crate::sys::ignored;

    /// Passes signals on. Those that come before there is a child wait for it.
    pub struct Forwarder {
        signals: Signals,
        /// `None` before the child is reaped: its id may be reused from then on.
        child: Arc<Mutex<Option<Pid>>>,
    }

    impl Forwarder {
        pub fn listen() -> io::Result<Self> {
            Ok(Self {
                // A process that ignores a signal (nohup) wants its children to ignore it too.
                signals: not_ignored(&[SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2])?,
                child: Arc::default(),
            })
        }

        pub fn wait(mut self, child: &mut Child) -> io::Result<ExitStatus> {
            let pid = Pid::from_child(child);
            *lock(&self.child) = Some(pid);
            let handle = self.signals.handle();
            let target = self.child.clone();
            thread::spawn(move || {
                for signal in self.signals.forever() {
                    let comes_from_terminal = [SIGINT, SIGQUIT].contains(&signal);
                    if comes_from_terminal && in_foreground() {
                        continue;
                    }
                    if let (Some(pid), Some(signal)) =
                        (*lock(&target), Signal::from_named_raw(signal))
                    {
                        let _ = rustix::process::kill_process(pid, signal);
                    }
                }
            });
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(rustix::io::Errno::INTR) =
                rustix::process::waitid(WaitId::Pid(pid), options)
            {}
            *lock(&self.child) = None;
            handle.close();
            child.wait()
        }
    }

    /// From here on a signal ends this process again, as if none had been passed on.
    pub fn end_by_them() {
        let Ok(mut signals) = not_ignored(&[SIGHUP, SIGINT, SIGQUIT, SIGTERM]) else {
            return;
        };
        thread::spawn(move || {
            for signal in signals.forever() {
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        });
    }

    fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of the signals that this process was not started to ignore.
    fn not_ignored(signals: &[i32]) -> io::Result<Signals> {
        let ignored = ignored();
        Signals::new(
            signals
                .iter()
                .filter(|signal| ignored & (1 << (**signal - 1)) == 0),
        )
    }

    /// Whether what is typed at our terminal reaches us, and so the command.
    fn in_foreground() -> bool {
        let Ok(terminal) = std::fs::File::open("/dev/tty") else {
            return false;
        };
        let group = rustix::termios::tcgetpgrp(&terminal);
        group.is_ok_and(|group| group == rustix::process::getpgrp())
    }
}

#[cfg(not(unix))]
pub use other::{Forwarder, end_by_them, keep_ended_children};

#[cfg(not(unix))]
mod other {
    use std::io;
    use std::process::{Child, ExitStatus};

    use crate::sys::Interrupts;

    /// They are, whatever the caller does.
    pub fn keep_ended_children() {}

    /// They end this process again once the forwarder is gone.
    pub fn end_by_them() {}

    /// The console tells all its processes; there is nothing to pass on, and we wait for the
    /// command.
    pub struct Forwarder(#[expect(dead_code, reason = "it counts as long as it lives")] Interrupts);

    impl Forwarder {
        pub fn listen() -> io::Result<Self> {
            Interrupts::listen().map(Self)
        }

        pub fn wait(self, child: &mut Child) -> io::Result<ExitStatus> {
            child.wait()
        }
    }
}
