//! A pool on a server as a snapshot, for messages, the deadlock search and people.

use std::borrow::Cow;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use once_cell::sync::Lazy;

use crate::backend::snapshot::{BlockedHead, NameSnapshot, SERVER_KEY, Silence, Snapshot};
use crate::base::json;
use crate::remote::wire::{Held, Look, Pair, Triple, Waiter, Wanted};
use crate::terms::access::Access;
use crate::terms::holder::Holder;
use crate::terms::names::Names;
use crate::terms::pool_life::PoolLife;
use crate::terms::record::{Tenure, Waiting};

/// Of what others say that they wait for: the key of a pool of some other machine, which
/// nobody here can look at.
const ELSEWHERE: &str = "elsewhere:";

/// The pool as people and the deadlock search see it; `host` is ours.
pub(crate) fn snapshot(look: Look, pool: &str, key: &str, host: &str, lease: Duration) -> Snapshot {
    let Look {
        spec,
        names,
        holds,
        line,
        life,
        in_life,
        silent,
        anew,
    } = look;
    let silent = silent.unwrap_or_default().into_iter();
    let silent = silent.map(|Pair(host, millis)| Silence {
        host,
        lasts: Duration::from_millis(millis),
        lease,
    });
    let of_pool = spec.map(|spec| spec.names);
    let life = life.filter(|_| in_life);
    let life = life.and_then(|text| json::from_slice::<PoolLife>(text.as_bytes()));
    let mut names: Vec<_> = names
        .into_iter()
        .map(|Triple(name, fence, known)| {
            let of_name = holds.iter().filter(|held| held.name == name);
            let holders: Vec<_> = of_name.map(|held| tenure(held, host)).collect();
            NameSnapshot {
                reserved: line.iter().any(|waiter| waiter.reserves(&name)),
                record: Some(known.into_record(fence, holders.clone())),
                #[cfg(feature = "tools")]
                unreadable: false,
                holders,
                name,
            }
        })
        .collect();
    names.sort_by(|a, b| (a.name.len(), &a.name).cmp(&(b.name.len(), &b.name)));
    let head = line.iter().find(|waiter| waiter.is_in_queue());
    let mut hook = life.and_then(|life| life.hook);
    if let Some(hook) = &mut hook {
        hook.holder = Arc::new(shown(&hook.holder, host));
    }
    Snapshot {
        names,
        head: head.map(|waiter| {
            let taken = free(waiter, of_pool.as_ref(), &holds, &line);
            blocked(waiter, pool, key, of_pool.as_ref(), taken, host)
        }),
        hook,
        silent: silent.collect(),
        anew: anew.unwrap_or_default().then_some(lease),
    }
}

/// A holder as a record has it.
pub(crate) fn tenure(held: &Held, host: &str) -> Tenure {
    Tenure {
        holder: Arc::new(shown(&held.who, host)),
        access: held.access,
        waiting: held.waiting.as_deref().and_then(waiting),
        body_ended: held.body_ended,
    }
}

/// Process ids of other machines mean nothing here.
pub(crate) fn shown(who: &Holder, host: &str) -> Holder {
    let is_here = who.host.as_deref() == Some(host);
    Holder {
        pid_namespace: who.pid_namespace.filter(|_| is_here),
        ..who.clone()
    }
}

/// The names that the head of the queue could have, if they were enough: nobody else is
/// granted them.
fn free(head: &Waiter, names: Option<&Names>, holds: &[Held], line: &[Waiter]) -> Vec<String> {
    let Wanted::Count(count) = head.wants else {
        return Vec::new();
    };
    let all = (0..).map_while(|index| names?.get(index));
    let is_free = |name: &str| {
        let mut holds = holds.iter().filter(|held| held.name == name);
        let excludes =
            |held: &Held| held.alone || [held.access, head.access].contains(&Access::Exclusive);
        !holds.any(excludes) && !line.iter().any(|waiter| waiter.reserves(name))
    };
    let free = all.filter(|name| is_free(name)).map(Cow::into_owned);
    // If they were enough, it would have them.
    free.take((count as usize).saturating_sub(1)).collect()
}

/// The head of the queue.
fn blocked(
    waiter: &Waiter,
    pool: &str,
    key: &str,
    names: Option<&Names>,
    taken: Vec<String>,
    host: &str,
) -> BlockedHead {
    let (count, name) = match &waiter.wants {
        Wanted::Count(count) => (*count, None),
        Wanted::Assigned => (1, None),
        Wanted::Name(name) => (1, Some(name.clone())),
    };
    let waiting = Waiting {
        pool: pool.to_owned(),
        dir: key.to_owned(),
        count,
        capacity: names
            .and_then(Names::capacity)
            .map(|capacity| capacity as u64),
        name,
        access: waiter.access,
        queued: true,
        reserved: None,
    };
    BlockedHead::new(shown(&waiter.who, host), waiting, taken)
}

/// What a holder waits for, as others are told: a pool of this machine has the same
/// directory as another one elsewhere.
pub(crate) fn published(waiting: &Waiting) -> String {
    let dir = match waiting.dir.starts_with(SERVER_KEY) {
        true => waiting.dir.clone(),
        false => format!("{ELSEWHERE}{}:{}", *HERE, waiting.dir),
    };
    json::to_string(&Waiting {
        dir,
        ..waiting.clone()
    })
}

/// What [`published`] has told, as it is to be read here.
pub(crate) fn waiting(text: &str) -> Option<Waiting> {
    let mut waiting: Waiting = json::from_slice(text.as_bytes())?;
    let own = format!("{ELSEWHERE}{}:", *HERE);
    if let Some(dir) = waiting.dir.strip_prefix(&own) {
        waiting.dir = dir.to_owned();
    }
    Some(waiting)
}

/// Whether a key is that of a pool which only others can look at.
pub(crate) fn is_elsewhere(key: &str) -> bool {
    key.starts_with(ELSEWHERE)
}

/// Differs between machines, and between containers: of two that are the same, a path names
/// the same directory.
static HERE: Lazy<String> = Lazy::new(|| {
    let mut hasher = DefaultHasher::new();
    for file in [
        "/proc/sys/kernel/random/boot_id",
        "/proc/sys/kernel/hostname",
    ] {
        fs::read_to_string(file).ok().hash(&mut hasher);
    }
    fs::read_link(Path::new("/proc/self/ns/mnt"))
        .ok()
        .hash(&mut hasher);
    format!("{:016x}", hasher.finish())
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::access::Access;

    #[test]
    fn a_directory_of_another_machine_is_none_of_ours() {
        let wait = |dir: &str| Waiting {
            pool: "db".to_owned(),
            dir: dir.to_owned(),
            count: 1,
            capacity: None,
            name: None,
            access: Access::Exclusive,
            queued: true,
            reserved: None,
        };
        for dir in ["/state/pools/db", "server:acme/shop/db"] {
            let told = published(&wait(dir));
            assert_eq!(waiting(&told).unwrap().dir, dir);
            let other = told.replace(&**HERE, "0123456789abcdef");
            let other = waiting(&other).unwrap().dir;
            assert_eq!(other == dir, dir.starts_with("server:"), "{other}");
            assert_eq!(is_elsewhere(&other), other != dir);
        }
    }
}
