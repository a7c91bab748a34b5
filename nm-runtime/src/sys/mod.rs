//! What differs between operating systems, behind the same few names.

mod budget;
mod spare;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{
    Dir, Wake, WakeSet, descriptor_limit, is_alive, is_current_user, is_descriptor_shortage,
    parent_id, read_at, write_at_start,
};

#[cfg(not(unix))]
mod other;
#[cfg(not(unix))]
pub(crate) use other::{
    Dir, Wake, WakeSet, descriptor_limit, is_alive, is_current_user, is_descriptor_shortage,
    parent_id, read_at, write_at_start,
};
