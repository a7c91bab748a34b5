//! What a worker may ask for.

use std::time::Duration;

use fastrand::Rng;
use name_manager as nm;
use torture::history::{Access, Ask, How, What};

use crate::{request, seen, task};

/// The most names that are asked for at once where there is no bound.
const MOST: u32 = 3;

/// A random request to that pool. A holder asks for little.
pub fn ask(random: &mut Rng, pool: &str, max: Option<u32>, nested: bool) -> Ask {
    let is_bounded = max.is_some();
    let max = max.unwrap_or(MOST);
    // An allocator is asked for one name, exclusively.
    let is_decided = pool == request::DECIDED;
    let several = pool != "one" && !nested && !is_decided;
    let access = match random.u32(0..100) {
        0..65 => Access::Exclusive,
        _ if is_decided => Access::Exclusive,
        _ => Access::Shared,
    };
    // One pool is never asked for several: what is free there is never kept back.
    let what = match random.u32(0..100) {
        0..60 => What::Any,
        _ if is_decided || !is_bounded => What::Any,
        60..80 => What::Name(format!("{pool}-{}", random.u32(0..max))),
        95..100 if several => What::All,
        _ => What::Any,
    };
    let count = match &what {
        What::All => max,
        What::Any if several && random.u32(0..4) == 0 => random.u32(1..=max),
        _ => 1,
    };
    let patience = task::get().patience;
    let how = match random.u32(0..100) {
        0..12 => How::Try,
        12..24 => How::Within(random.u64(1..40) * 1_000_000),
        _ => How::Within(patience.as_nanos() as u64),
    };
    Ask {
        r: seen::next_request(),
        pool: pool.to_owned(),
        what,
        count: count as usize,
        access,
        how,
    }
}

/// The request in the library's words.
pub fn request(ask: &Ask) -> Result<nm::Request, nm::Error> {
    let request = nm::Pool::open(&ask.pool)?.request();
    let request = request.access(match ask.access {
        Access::Exclusive => nm::Access::Exclusive,
        Access::Shared => nm::Access::Shared,
    });
    let request = match &ask.what {
        What::Any => request.count(ask.count as u32),
        What::All => request.all(),
        What::Name(name) => request.name(name),
    };
    Ok(match ask.how {
        How::Try => request,
        How::Within(time) => request.timeout(Duration::from_nanos(time)),
    })
}
