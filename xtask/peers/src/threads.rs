//! Many requests of one process.

use std::thread;

use name_manager::Pool;

use crate::clock::now;
use crate::result::Result;
use crate::talk::{listen, say};

/// Enough for one request: thousands of threads are started.
const STACK: usize = 256 << 10;

/// When told, takes a name in so many threads at once, and says when the last had it.
pub fn run(count: usize) -> Result<()> {
    let pool = Pool::open("bench")?;
    say(&[])?;
    listen()?;
    let last = thread::scope(|scope| {
        let mut threads = Vec::new();
        for _ in 0..count {
            let thread = thread::Builder::new().stack_size(STACK);
            threads.push(thread.spawn_scoped(scope, || pool.acquire().map(|_| now()))?);
        }
        let mut last = 0;
        for thread in threads {
            let granted = thread.join().map_err(|_| "a thread panicked")?;
            last = last.max(granted?);
        }
        Result::Ok(last)
    })?;
    say(&[last])
}
