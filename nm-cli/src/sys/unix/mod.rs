//! Unix, by rustix, signal-hook and `/proc`.

mod bond;
mod channel;
mod file;
mod input;
mod interrupts;
mod keeper;
mod process;

pub use bond::spawn_bound;
pub use channel::{Listener, Source, Stream, ready};
pub use file::{create_dir, keep_private, new_private_file, private, rename};
pub use input::Input;
pub use interrupts::{Interrupts, ignored, started_in_background};
pub use keeper::{leave_caller, stand_alone, start_keeper};
pub use process::{Anchored, arguments, executable, exit_status, is_alive, look_up, parent_id};
