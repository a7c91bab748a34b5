//! What stands in the way of a request, as a snapshot shows it: for people.

use std::time::Duration;

use crate::backend::ask::Ask;
use crate::backend::snapshot::{Ahead, BlockedHead, Others, Silence, Snapshot};
use crate::base::{clock, text};
use crate::terms::access::Access;
use crate::terms::event::Kind;
use crate::terms::holder::Holder;
use crate::terms::pool_life::PoolHook;
use crate::terms::record::{Doing, Record, Tenure};

/// Messages name up to this many holders.
const MOST: usize = 16;

/// What stands in the way of a request, one line each: the holders, `db-0 held by
/// `app::lists_users` (pid 7, for 3s)`, and the head of the queue; if that does not show
/// itself, the first waiter; before them, the pool's own hook that is running.
pub(crate) fn of(snapshot: &Snapshot, ahead: &Ahead, ask: &Ask<'_>) -> Vec<String> {
    // An allocator's names are its own affair.
    let any = ask.decide.map(|_| usize::MAX);
    let mut known = Vec::new();
    for seen in &snapshot.names {
        if let Some(index) = ask.names.index_of(&seen.name).or(any) {
            let place = known.partition_point(|(before, _)| *before <= index);
            known.insert(place, (index, seen));
        }
    }
    let mut lines = Vec::new();
    let is_other = |holder: &Holder| holder.token != ask.holder.token;
    lines.extend(snapshot.anew.map(|lease| {
        format!(
            "the server has started anew, and lends nothing until all machines have had {} to say what they hold",
            text::seconds(lease)
        )
    }));
    let hook = snapshot.hook.as_ref();
    lines.extend(hook.filter(|hook| is_other(&hook.holder)).map(of_pool));
    for (_, seen) in &known {
        for tenure in &seen.holders {
            let doing = seen.record.as_ref().and_then(doing);
            let host = tenure.holder.host.as_deref();
            let mut silent = snapshot.silent.iter();
            let silence = silent.find(|silence| host == Some(&*silence.host));
            lines.push(line(&seen.name, tenure, doing, silence));
        }
        if lines.len() > MOST {
            lines.truncate(MOST);
            lines.push("and more".to_owned());
            break;
        }
    }
    let others = match ahead.others {
        Others::Exactly(0) => String::new(),
        Others::Exactly(1) => ", and another request".to_owned(),
        Others::Exactly(count) => format!(", and {count} other requests"),
        Others::UpTo(most) => format!(", and up to {most} other requests"),
    };
    match (&snapshot.head, &ahead.first, ask.given) {
        (Some(head), _, None) if is_other(&head.holder) => lines.push(behind(head) + &others),
        (None, Some(first), None) if is_other(first) => lines.push(format!(
            "behind `{}` ({}), the head of the queue{others}",
            text::printable(&first.test),
            process(first)
        )),
        _ => {}
    }
    let mut held = Vec::new();
    for (_, seen) in &known {
        if ask.given.is_none_or(|given| given.name == seen.name) {
            for tenure in &seen.holders {
                held.push(tenure.access);
            }
        }
    }
    let only_readers = !held.is_empty() && !held.contains(&Access::Exclusive);
    if ask.want.access == Access::Shared && only_readers {
        lines
            .push("a writer waits, and readers that come after a writer wait behind it".to_owned());
    }
    lines
}

fn of_pool(hook: &PoolHook) -> String {
    let doing = match hook.kind {
        Kind::Teardown => "tearing down",
        _ => "setting up",
    };
    format!(
        "`{}` ({}) has been {doing} the pool for {}",
        text::printable(&hook.holder.test),
        process(&hook.holder),
        age(hook.since)
    )
}

fn behind(head: &BlockedHead) -> String {
    let waiting = &head.waiting;
    let what = match (&waiting.name, waiting.count) {
        (Some(name), _) => format!("`{name}`"),
        (None, 1) => "a name".to_owned(),
        (None, count) => format!("{count} names"),
    };
    let taken = match &*head.taken {
        [] => String::new(),
        taken => format!("has set {} aside and ", taken.join(", ")),
    };
    format!(
        "behind `{}` ({}), the head of the queue, which {taken}waits for {what}",
        text::printable(&head.holder.test),
        process(&head.holder)
    )
}

fn line(name: &str, tenure: &Tenure, doing: Option<&Doing>, silence: Option<&Silence>) -> String {
    let holder = &tenure.holder;
    let doing = doing.map_or(String::new(), |doing| {
        format!("; {} {name} for {}", doing.what, age(doing.since))
    });
    let outlived = tenure.body_ended.map_or(String::new(), |ended| {
        format!(
            "; its body ended {} ago, but the lease lives on",
            age(ended)
        )
    });
    let waits = tenure.waiting.as_ref().map_or(String::new(), |waiting| {
        format!("; itself waits for pool `{}`", waiting.pool)
    });
    let above = match started_us(holder) {
        true => "; it started this process, which may be what it waits for",
        false => "",
    };
    let silent = silence.map_or(String::new(), |silence| {
        format!(
            "; its machine not heard of for {}, lent on after {}",
            text::seconds(silence.lasts),
            text::seconds(silence.lease)
        )
    });
    format!(
        "{name} held by `{}` ({}, for {}{outlived}{doing}{waits}{above}{silent})",
        text::printable(&holder.test),
        process(holder),
        age(holder.since)
    )
}

/// Whether a holder on this machine has started this process, or what has started it.
fn started_us(holder: &Holder) -> bool {
    if holder.host.is_some() || holder.pid_namespace != nm_os::pid_namespace() {
        return false;
    }
    let mut above = Some(nm_os::parent_id());
    while let Some(pid) = above {
        if pid == holder.pid {
            return true;
        }
        // The first process of all has none above it.
        above = nm_os::ancestor(pid).map(|process| process.parent);
    }
    false
}

/// `pid 7`, and how that process is if that matters.
fn process(holder: &Holder) -> String {
    match nm_os::process_state(holder.pid, holder.pid_namespace).note() {
        Some(note) => format!("{}, {note}", holder.process()),
        None => holder.process(),
    }
}

/// The hook that the holder is running.
fn doing(record: &Record) -> Option<&Doing> {
    record.life.as_ref()?.doing.as_ref()
}

fn age(since: u64) -> String {
    text::seconds(Duration::from_micros(clock::now().saturating_sub(since)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_holder_whose_machine_is_silent_is_told_with_when_its_name_is_lent_on() {
        let holder = Holder {
            test: "app::lists".to_owned(),
            pid: 7,
            pid_namespace: None,
            token: "7-1".to_owned(),
            run: "run".to_owned(),
            file: String::new(),
            line: 0,
            since: clock::now(),
            host: Some("ci-9".to_owned()),
        };
        let tenure = Tenure {
            holder: Arc::new(holder),
            access: Access::Exclusive,
            waiting: None,
            body_ended: None,
        };
        let silence = Silence {
            host: "ci-9".to_owned(),
            lasts: Duration::from_millis(21_900),
            lease: Duration::from_secs(30),
        };
        let told = line("gcp-1", &tenure, None, Some(&silence));
        let end = "; its machine not heard of for 21s, lent on after 30s)";
        assert!(
            told.starts_with("gcp-1 held by `app::lists` (pid 7 on ci-9, for "),
            "{told}"
        );
        assert!(told.ends_with(end), "{told}");
        let told = line("gcp-1", &tenure, None, None);
        assert!(!told.contains("heard of"), "{told}");
    }

    #[test]
    fn a_holder_that_started_this_process_is_told_as_such() {
        let of = |pid| {
            let holder = Holder {
                test: "name-manager run".to_owned(),
                pid,
                pid_namespace: nm_os::pid_namespace(),
                token: "7-1".to_owned(),
                run: "run".to_owned(),
                file: String::new(),
                line: 0,
                since: clock::now(),
                host: None,
            };
            Tenure {
                holder: Arc::new(holder),
                access: Access::Exclusive,
                waiting: None,
                body_ended: None,
            }
        };
        let said = "; it started this process, which may be what it waits for)";
        let told = line("db-0", &of(nm_os::parent_id()), None, None);
        assert!(told.ends_with(said), "{told}");
        let told = line("db-0", &of(std::process::id()), None, None);
        assert!(!told.contains("it started"), "{told}");
    }
}
