//! Servers that end, and connections that are cut.

use nm_agent::wire::{Answer, Ask, Join};
use nm_register::{State, Wanted};

use crate::instance::Instance;
use crate::machine::Site;
use crate::process::{join, release, wants};
use crate::proxy::{Proxy, Way};

#[test]
fn a_server_that_is_away_for_long_costs_nobody_a_lease() {
    let Some(mut server) = Instance::start() else {
        return;
    };
    let site = Site::at(&server, "away");
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    let tokens = [a.token(), b.token(), a.token()];
    a.takes(&tokens[0], "a");
    let id = b.ask(join(&tokens[1], "b"));
    assert!(matches!(b.answer(id), Answer::Waiting(_)));
    server.stop();
    // Those who wait, and those who come, are told after a while.
    let (Answer::Silence(Some(of_a)), Answer::Silence(Some(of_b))) = (a.answer(0), b.answer(0))
    else {
        panic!("not of its silence");
    };
    for told in [of_a, of_b] {
        assert!(told.contains("has not been heard of for"), "{told}");
    }
    let mut late = one.process();
    assert!(matches!(late.answer(0), Answer::Silence(Some(_))));
    let third = a.ask(join(&tokens[2], "third"));
    // What was given up is not waited for.
    let fourth = late.token();
    late.ask(join(&fourth, "fourth"));
    assert_eq!(late.asks(Ask::Leave(fourth.token)), Answer::Done);
    server.go();
    assert_eq!(
        (a.answer(0), b.answer(0)),
        (Answer::Silence(None), Answer::Silence(None))
    );
    assert_eq!(a.releases(&tokens[0], "gcp-0"), Answer::Done);
    // Nobody is granted anything before all have had the time to say again what they hold.
    let grant = b.granted(id).remove(0);
    assert_eq!(grant.record.state, State::Clean);
    assert_eq!(grant.hold.fence, (1 << 32) | 1);
    assert_eq!(b.releases(&tokens[1], "gcp-0"), Answer::Done);
    a.granted(third);
}

#[test]
fn what_the_server_refuses_to_one_is_no_concern_of_those_who_wait_already() {
    let Some(site) = Site::new("refuses") else {
        return;
    };
    let one = site.machine("ci-1");
    let mut a = one.process();
    let tokens = [a.token(), a.token(), a.token()];
    a.takes(&tokens[0], "a");
    let waits = a.ask(join(&tokens[1], "waits"));
    assert!(matches!(a.answer(waits), Answer::Waiting(_)));
    site.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$; \
         CREATE TRIGGER refuse BEFORE UPDATE ON name_manager.pool \
         FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    match a.asks(join(&tokens[2], "comes")) {
        Answer::Fault(fault) => assert!(fault.causes[1].contains("the disk is full"), "{fault:?}"),
        other => panic!("{other:?}"),
    }
    site.execute("DROP TRIGGER refuse ON name_manager.pool");
    assert_eq!(a.releases(&tokens[0], "gcp-0"), Answer::Done);
    a.granted(waits);
}

#[test]
fn a_lock_that_may_merely_have_been_forgotten_is_not_called_busy() {
    let Some(mut server) = Instance::start() else {
        return;
    };
    let site = Site::at(&server, "calm");
    let one = site.machine("ci-1");
    let mut a = one.process();
    let tokens = [a.token(), a.token(), a.token()];
    let lock = |held, name: &str| {
        Ask::Join(Box::new(Join {
            wants: Wanted::Name(name.to_owned()),
            spec: None,
            waits: false,
            ..wants(held, "reaper")
        }))
    };
    let id = a.ask(lock(&tokens[0], "#reaper one"));
    a.granted(id);
    server.stop();
    server.go();
    // Nothing is granted before all have had the time to say again what they hold.
    let free = a.ask(lock(&tokens[1], "#reaper two"));
    let held = a.ask(lock(&tokens[2], "#reaper one"));
    assert_eq!(a.answer(held), Answer::Busy);
    a.granted(free);
}

#[test]
fn a_row_that_somebody_keeps_locked_costs_other_pools_nothing() {
    let Some(site) = Site::new("locked") else {
        return;
    };
    let one = site.machine("ci-1");
    let mut a = one.process();
    let tokens = [a.token(), a.token(), a.token()];
    let id = a.ask_of("aws", join(&tokens[0], "a"));
    a.granted(id);
    a.takes(&tokens[1], "a");
    // As by somebody who forgets to end what psql began.
    site.execute("BEGIN; SELECT FROM name_manager.pool WHERE pool = 'aws' FOR UPDATE");
    site.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'locked' AND pid <> pg_backend_pid()",
    );
    assert_eq!(a.releases(&tokens[1], "gcp-0"), Answer::Done);
    a.takes(&tokens[2], "a");
    let released = a.ask_of("aws", release(tokens[0].token, "gcp-0"));
    site.execute("ROLLBACK");
    assert_eq!(a.answer(released), Answer::Done);
}

#[test]
fn connections_that_are_cut_are_made_anew() {
    let Some(site) = Site::new("cut") else { return };
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    let mut fence = 0;
    for _ in 0..10 {
        let tokens = [a.token(), b.token()];
        let first = a.ask(join(&tokens[0], "a"));
        let second = b.ask(join(&tokens[1], "b"));
        site.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'cut' AND pid <> pg_backend_pid()",
        );
        let (ga, gb) = std::thread::scope(|scope| {
            let ga = scope.spawn(|| {
                let grant = a.granted(first).remove(0);
                assert_eq!(a.releases(&tokens[0], "gcp-0"), Answer::Done);
                grant.hold.fence
            });
            let gb = scope.spawn(|| {
                let grant = b.granted(second).remove(0);
                assert_eq!(b.releases(&tokens[1], "gcp-0"), Answer::Done);
                grant.hold.fence
            });
            (ga.join().unwrap(), gb.join().unwrap())
        });
        assert!(ga.min(gb) > fence, "{ga} {gb} {fence}");
        fence = ga.max(gb);
    }
    let look = a.look();
    assert_eq!((look.holds, look.line), (Vec::new(), Vec::new()));
}

#[test]
fn a_session_that_the_server_does_not_know_any_more_is_over() {
    let Some(site) = Site::new("erased") else {
        return;
    };
    let one = site.machine("ci-1");
    let mut a = one.process();
    let held = a.token();
    a.takes(&held, "a");
    site.execute("DELETE FROM name_manager.session");
    assert!(matches!(a.answer(0), Answer::Lost { .. }));
    let other = a.token();
    // By the next one; the first is declared dead.
    assert_eq!(a.takes(&other, "b").record.state, State::Dirty);
}

#[test]
fn a_machine_that_is_cut_off_for_long_is_declared_dead_and_hears_of_it() {
    let Some(server) = crate::instance::shared() else {
        return;
    };
    let near = Site::at(server, "far");
    let proxy = Proxy::to(server.port);
    let (one, two) = (
        near.through(proxy.port).machine("ci-1"),
        near.machine("ci-2"),
    );
    let (mut a, mut b) = (one.process(), two.process());
    let tokens = [a.token(), b.token(), a.token()];
    a.takes(&tokens[0], "a");
    // Nothing comes through, and nobody says so.
    proxy.set(Way::Silent);
    b.takes(&tokens[1], "b");
    assert!(matches!(a.answer(0), Answer::Silence(Some(_))));
    proxy.set(Way::To(server.port));
    let lost = loop {
        match a.answer(0) {
            Answer::Silence(_) => {}
            other => break other,
        }
    };
    assert!(matches!(lost, Answer::Lost { .. }), "{lost:?}");
    let id = a.ask(join(&tokens[2], "a later"));
    assert!(matches!(a.answer(id), Answer::Waiting(_)));
    assert_eq!(b.releases(&tokens[1], "gcp-0"), Answer::Done);
    a.granted(id);
}

#[test]
fn an_agent_whose_server_has_lost_its_tables_asks_seldom_and_ends() {
    let Some(site) = Site::new("dropped") else {
        return;
    };
    let one = site.machine("ci-1");
    let mut a = one.process();
    let held = a.token();
    a.takes(&held, "a");
    assert_eq!(a.releases(&held, "gcp-0"), Answer::Done);
    site.execute("DROP SCHEMA name_manager CASCADE");
    match a.answer(0) {
        Answer::Silence(Some(told)) => assert!(told.contains("server init"), "{told}"),
        other => panic!("{other:?}"),
    }
    assert!(a.is_cut());
    assert!(!one.dir.join("agent.sock").exists());
    // Without a pause it would be thousands. Before 14, PostgreSQL counts what failed there.
    site.until(
        "SELECT (coalesce((to_jsonb(d)->>'sessions')::int, xact_rollback) < 500)::int \
         FROM pg_stat_database d WHERE datname = 'dropped'",
        1,
    );
}
