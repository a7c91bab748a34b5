//! What differs between operating systems, behind the same few names.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{
    Dir, Wake, WakeSet, descriptor_limit, is_alive, is_current_user, is_descriptor_shortage,
    parent_id, still_linked,
};

#[cfg(not(unix))]
mod other;
#[cfg(not(unix))]
pub(crate) use other::{
    Dir, Wake, WakeSet, descriptor_limit, is_alive, is_current_user, is_descriptor_shortage,
    parent_id, still_linked,
};
