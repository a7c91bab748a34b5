//! The program of this process, for starting it again.

use std::io;
use std::path::PathBuf;

use crate::sys;
pub(crate) use crate::sys::{Standby, start_standby};

/// The running one, even if its file was replaced by a newer build.
pub(crate) fn own() -> io::Result<PathBuf> {
    sys::own_program()
}
