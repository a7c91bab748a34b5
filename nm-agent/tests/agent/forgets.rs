//! A server that forgets what it has acknowledged: a standby that lacks the last changes
//! becomes the primary.

use nm_agent::wire::{Answer, Ask};
use nm_register::{After, State};

use crate::child::Started;
use crate::instance::Instance;
use crate::machine::Site;
use crate::process::{Held, join};
use crate::proxy::{Proxy, Way};

/// A primary, and a standby that has heard nothing since.
fn pair(database: &str) -> Option<(Instance, Instance, Site, Proxy)> {
    let primary = Instance::start()?;
    let site = Site::at(&primary, database);
    let standby = Instance::standby_of(&primary);
    standby.sql("postgres", "ALTER SYSTEM SET primary_conninfo = ''");
    standby.sql("postgres", "SELECT pg_reload_conf()");
    while standby.sql("postgres", "SELECT count(*) FROM pg_stat_wal_receiver") != "0" {
        std::thread::yield_now();
    }
    let proxy = Proxy::to(primary.port);
    let site = site.through(proxy.port);
    Some((primary, standby, site, proxy))
}

#[test]
fn what_the_server_forgot_is_said_again_before_anybody_is_granted_anything() {
    let Some((mut primary, standby, site, proxy)) = pair("forgets") else {
        return;
    };
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    let tokens = [a.token(), a.token(), b.token()];
    let first = a.takes(&tokens[0], "a");
    assert_eq!(a.releases(&tokens[0], "gcp-0"), Answer::Done);
    let second = a.takes(&tokens[1], "a again");
    assert_eq!((first.hold.fence, second.hold.fence), (1, 2));
    let id = b.ask(join(&tokens[2], "b"));
    assert!(matches!(b.answer(id), Answer::Waiting(_)));
    primary.stop();
    standby.promote();
    proxy.cut(Way::To(standby.port));
    // It is there again, with the fence that it had.
    let look = loop {
        let look = b.look();
        if !look.holds.is_empty() && !look.line.is_empty() {
            break look;
        }
    };
    let hold = &look.holds[0];
    assert_eq!((&*hold.who.test, hold.fence), ("a again", 2));
    assert_eq!(a.releases(&tokens[1], "gcp-0"), Answer::Done);
    // Later ones have higher fences than any that may be forgotten.
    assert_eq!(b.granted(id)[0].hold.fence, (1 << 32) | 1);
}

#[test]
fn a_lease_that_the_server_forgot_ends_as_its_holder_ends_it() {
    let Some((mut primary, standby, site, proxy)) = pair("ends") else {
        return;
    };
    let one = site.machine("ci-1");
    let mut a = one.process();
    let held = a.token();
    a.takes(&held, "a");
    let mut killed = Started::process(&one.dir, "killed");
    assert!(killed.line().contains("Waiting"));
    // One that is killed, after it was granted the other name.
    let id = a.ask_of("gcp", release(&held, State::Clean));
    assert_eq!(a.answer(id), Answer::Done);
    assert!(killed.line().contains("Granted"));
    let other = a.token();
    let id = a.ask_of("aws", join(&other, "a"));
    a.granted(id);
    // Neither grant is known to the one that takes over, nor said to it again before it ends.
    primary.stop();
    killed.kill();
    let id = a.ask_of("aws", release(&other, State::Dirty));
    standby.promote();
    proxy.cut(Way::To(standby.port));
    loop {
        match a.answer(id) {
            Answer::Silence(_) => {}
            other => break assert_eq!(other, Answer::Done),
        }
    }
    for pool in ["gcp", "aws"] {
        let next = a.token();
        let id = a.ask_of(pool, join(&next, "next"));
        let grant = a.granted(id).remove(0);
        assert_eq!(grant.record.state, State::Dirty, "{pool}");
    }
}

fn release(held: &Held, state: State) -> Ask {
    let after = After {
        state,
        reason: None,
        as_it_was: false,
    };
    match crate::process::release(held.token, "gcp-0") {
        Ask::Release {
            token,
            name,
            fence,
            durable,
            ..
        } => Ask::Release {
            token,
            name,
            fence,
            after,
            durable,
        },
        other => other,
    }
}

#[test]
fn what_the_server_refuses_at_first_is_said_again_once_it_does_not() {
    let Some((mut primary, standby, site, proxy)) = pair("refuses_first") else {
        return;
    };
    let one = site.machine("ci-1");
    let mut a = one.process();
    let held = a.token();
    a.takes(&held, "a");
    primary.stop();
    standby.promote();
    standby.sql(
        "refuses_first",
        "CREATE SEQUENCE tries; \
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN IF nextval('tries') = 1 THEN RAISE EXCEPTION 'the disk is full'; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON name_manager.pool \
         FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    proxy.cut(Way::To(standby.port));
    // Once somebody stands in the line, changes are made again.
    let (_next, waits) = loop {
        let next = a.token();
        let id = a.ask(join(&next, "next"));
        match a.answer(id) {
            Answer::Waiting(_) => break (next, id),
            Answer::Fault(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(a.releases(&held, "gcp-0"), Answer::Done);
    a.granted(waits);
}

#[test]
fn who_does_not_come_back_in_time_is_told_that_its_lease_is_lost() {
    let Some((mut primary, standby, site, proxy)) = pair("too_late") else {
        return;
    };
    let near = site.through(standby.port);
    let one = site.machine("ci-1");
    let mut a = one.process();
    let held = a.token();
    a.takes(&held, "a");
    proxy.cut(Way::Silent);
    primary.stop();
    standby.promote();
    let two = near.machine("ci-2");
    let mut b = two.process();
    let other = b.token();
    // Once it is calm: of a machine that nobody remembers, nothing is known.
    b.takes(&other, "b");
    proxy.cut(Way::To(standby.port));
    let lost = loop {
        match a.answer(0) {
            Answer::Silence(_) => {}
            other => break other,
        }
    };
    match lost {
        Answer::Lost { leases, .. } => assert_eq!(leases, [(held.token, "gcp-0".to_owned())]),
        other => panic!("{other:?}"),
    }
}
