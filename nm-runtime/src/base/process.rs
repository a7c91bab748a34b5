//! What tells this process from others with the same id: of the past, or in other
//! containers that share a state directory.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;
use std::time::SystemTime;

/// `PID-NUMBER`: the id of this process, and a number that is counted up in it. Unlike
/// the id alone, no other process has the two.
pub(crate) fn numbered(pid: u32, count: u64) -> String {
    let (mut id, mut second) = (itoa::Buffer::new(), itoa::Buffer::new());
    // Not by `concat`, which takes twice as long in debug builds, nor by `format!`, which takes
    // two allocations and twice as long in release builds.
    let mut text = String::with_capacity(32);
    text.push_str(id.format(pid));
    text.push('-');
    text.push_str(second.format(number(count)));
    text
}

/// The second of the two.
pub(crate) fn number(count: u64) -> u64 {
    first_number() + count
}

/// Made from the time, and from where the kernel has put the process in memory: costs no
/// system call.
fn first_number() -> u64 {
    static NUMBER: LazyLock<u64> = LazyLock::new(|| {
        let here = 0;
        let mut hasher = DefaultHasher::new();
        (SystemTime::now(), &raw const here, &raw const NUMBER).hash(&mut hasher);
        // Short enough to be read, and to be counted up from.
        hasher.finish() & u64::from(u32::MAX)
    });
    *NUMBER
}
