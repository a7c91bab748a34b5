//! Tells what is known of this process's own names, when there is time for it: at once what
//! happens after a pause, and otherwise once in a while for all of it, from a thread that
//! ends when nothing more happens. The rest is told when the process exits; if it is killed, what
//! happened in the last of these pauses is not told.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// So long nothing is told that can wait.
const PAUSE: Duration = Duration::from_millis(10);

/// Something that tells what it has noted.
pub(crate) trait Tell: Send + Sync {
    /// False if it had noted nothing.
    fn tell(&self) -> bool;
}

#[derive(Default)]
struct Scribe {
    names: Vec<Arc<dyn Tell>>,
    told: Option<Instant>,
    at_exit: bool,
}

static SCRIBE: Mutex<Option<Scribe>> = Mutex::new(None);
/// A thread is going to tell: of whatever is noted before that takes this back. Written while
/// the scribe is locked.
static GOING_TO: AtomicBool = AtomicBool::new(false);
/// Whose it is. A forked child has nothing to tell, and a thread that it has no copy of may
/// have locked the scribe.
static PROCESS: AtomicU32 = AtomicU32::new(0);

fn is_ours() -> bool {
    PROCESS.load(Ordering::Relaxed) == std::process::id()
}

fn lock() -> MutexGuard<'static, Option<Scribe>> {
    // Each change is whole, whatever panics elsewhere.
    SCRIBE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on tells what this has noted.
pub(crate) fn serve(name: Arc<dyn Tell>) {
    let mut scribe = lock();
    let scribe = scribe.get_or_insert_with(|| {
        PROCESS.store(std::process::id(), Ordering::Relaxed);
        Scribe {
            at_exit: nm_os::at_exit(tell_the_rest),
            ..Scribe::default()
        }
    });
    scribe.names.push(name);
}

/// There is something to tell.
pub(crate) fn changed() {
    if GOING_TO.load(Ordering::Relaxed) || !is_ours() {
        return;
    }
    let locked = lock();
    let Some(scribe) = &*locked else { return };
    if GOING_TO.load(Ordering::Relaxed) {
        return;
    }
    let next = scribe.told.map(|told| told + PAUSE);
    let left = next.and_then(|next| next.checked_duration_since(Instant::now()));
    if let Some(left) = left.filter(|_| scribe.at_exit)
        && nm_os::start_lock_waiter(Box::new(move || keep_telling(left))).is_ok()
    {
        GOING_TO.store(true, Ordering::Relaxed);
        return;
    }
    tell(locked);
}

/// Goes on until nothing happens for a pause.
fn keep_telling(mut left: Duration) {
    loop {
        thread::sleep(left);
        if !tell(lock()) {
            return;
        }
        let _scribe = lock();
        if GOING_TO.swap(true, Ordering::Relaxed) {
            return;
        }
        left = PAUSE;
    }
}

/// Whether there was anything to tell.
fn tell(mut scribe: MutexGuard<'_, Option<Scribe>>) -> bool {
    let Some(known) = &mut *scribe else {
        return false;
    };
    // What changes from here on is told next time.
    GOING_TO.store(false, Ordering::Relaxed);
    known.told = Some(Instant::now());
    let names = known.names.clone();
    drop(scribe);
    let mut told = false;
    for name in &names {
        told |= name.tell();
    }
    told
}

extern "C" fn tell_the_rest() {
    if is_ours() {
        tell(lock());
    }
}
