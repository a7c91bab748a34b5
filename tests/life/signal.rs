//! Signals for processes that this test started.

use crate::command::wait_until;
use crate::kernel;
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

/// Stops a process; returns when none of its threads runs any more.
pub fn pause(process: u32) {
    kill_process(pid(process), Signal::STOP).unwrap();
    wait_until("the process is stopped", || kernel::is_stopped(process));
}

/// Lets a paused one go on.
pub fn resume(process: u32) {
    kill_process(pid(process), Signal::CONT).unwrap();
}

/// Its terminal is closed.
pub fn hang_up(process: u32) {
    kill_process(pid(process), Signal::HUP).unwrap();
}

/// Ctrl-C, as a terminal sends it to all that run in the foreground.
pub fn interrupt_group(leader: u32) {
    kill_process_group(pid(leader), Signal::INT).unwrap();
}
