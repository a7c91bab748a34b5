//! What processes write down of themselves: one file each, one line an event.
//!
//! ```text
//! 1042 4711.0 ask r=3 pool=db what=any count=1 access=exclusive how=60000
//! ```
//!
//! The time in nanoseconds of the system's monotonic clock, which all processes
//! share; the process, as [`process`] calls it, and its thread; the event and what belongs to it.

mod clock;
mod event;
mod fields;
mod line;
mod process;
mod site;
mod writer;

pub use clock::now;
pub use event::{Access, Ask, Event, Hook, How, What};
use fields::Fields;
pub use line::{Line, parse, read_dir};
pub use process::{CONTAINER, first_of_container, in_container, process};
pub use site::Site;
pub use writer::Writer;
