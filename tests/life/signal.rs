//! Signals for processes that this test started.

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

fn pid(pid: u32) -> Pid {
    Pid::from_raw(pid.try_into().unwrap()).unwrap()
}

/// Ends a process, if it has not ended by itself.
pub fn kill(process: u32) {
    match kill_process(pid(process), Signal::KILL) {
        Err(Errno::SRCH) => {}
        killed => killed.unwrap(),
    }
}

/// Ctrl-C, as a terminal sends it to all that run in the foreground.
pub fn interrupt_group(leader: u32) {
    kill_process_group(pid(leader), Signal::INT).unwrap();
}
