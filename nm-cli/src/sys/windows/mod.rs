//! Windows. Its calls are in the engine, which alone may be unsafe.

mod bond;
mod channel;
mod file;
mod input;
mod keeper;
mod process;
mod words;

pub use bond::{Interrupts, spawn_bound, started_in_background};
pub use channel::{Listener, Source, Stream, ready};
pub use file::{create_dir, keep_private, new_private_file, private, rename};
pub use input::Input;
pub use keeper::{leave_caller, stand_alone, start_keeper};
pub use process::{Anchored, arguments, executable, exit_status, is_alive, look_up, parent_id};
