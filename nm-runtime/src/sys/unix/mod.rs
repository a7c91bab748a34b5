mod dir;
mod process;
mod wake;

#[cfg(feature = "tools")]
pub(crate) use dir::file_id;
pub(crate) use dir::{
    Dir, is_current_user, is_descriptor_shortage, open_regular, path_names, read_at, still_linked,
    write_at_start, write_private,
};
pub(crate) use process::{
    close_stdout, descriptor_limit, detach, is_alive, parent_id, wait_for_exit,
};
pub(crate) use wake::{Wake, WakeSet};
