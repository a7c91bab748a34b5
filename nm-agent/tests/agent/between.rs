//! A pooler in transaction mode between machines and their server.

use std::time::Duration;

use nm_agent::wire::Answer;
use nm_register::State;

use crate::instance::{Instance, shared};
use crate::lends::{crowd, loses_every_race};
use crate::machine::Site;
use crate::pooler::Pooler;
use crate::process::{join, release};
use crate::proxy::Proxy;

/// Tables in a database of the server that tests share, and a pooler before it.
fn site(database: &str) -> Option<(Site, Pooler)> {
    let server = shared()?;
    let pooler = Pooler::before(server.port)?;
    Some((Site::at(server, database), pooler))
}

#[test]
fn a_name_goes_from_machine_to_machine_through_a_pooler() {
    let Some((site, pooler)) = site("pooled") else {
        return;
    };
    let far = site.through(pooler.port);
    let (one, two) = (far.machine("ci-1"), far.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    let tokens = [a.token(), b.token()];
    assert_eq!(a.takes(&tokens[0], "a").hold.fence, 1);
    let id = b.ask(join(&tokens[1], "b"));
    assert!(matches!(b.answer(id), Answer::Waiting(_)));
    assert_eq!(a.releases(&tokens[0], "gcp-0"), Answer::Done);
    let grant = b.granted(id).remove(0);
    assert_eq!((grant.hold.fence, grant.record.state), (2, State::Clean));
    assert_eq!(b.releases(&tokens[1], "gcp-0"), Answer::Done);
    crowd(&[one, two], 3);
}

#[test]
fn a_row_is_locked_through_a_pooler() {
    let Some((site, pooler)) = site("pooled_races") else {
        return;
    };
    let proxy = Proxy::far(pooler.port, Duration::from_millis(20));
    let one = site.through(proxy.port).machine("ci-1");
    loses_every_race(site, &one);
}

#[test]
fn a_pooler_that_is_killed_costs_nobody_a_lease() {
    let Some((site, mut pooler)) = site("pooled_kills") else {
        return;
    };
    let far = site.through(pooler.port);
    let (one, two) = (far.machine("ci-1"), far.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    for round in 0..5 {
        let tokens = [a.token(), b.token()];
        let grant = a.takes(&tokens[0], "a");
        assert_eq!(grant.hold.fence, 2 * round + 1);
        let id = b.ask(join(&tokens[1], "b"));
        assert!(matches!(b.answer(id), Answer::Waiting(_)));
        let mut releases = || a.ask(release(tokens[0].token, "gcp-0"));
        // While it is on its way, or cannot be.
        let is_on_its_way = round % 2 == 0;
        let released = is_on_its_way.then(&mut releases);
        pooler.stop();
        let released = released.unwrap_or_else(releases);
        pooler.go();
        assert_eq!(a.answer(released), Answer::Done);
        let grant = b.granted(id).remove(0);
        let found = (grant.hold.fence, grant.record.state);
        assert_eq!(found, (2 * round + 2, State::Clean));
        assert_eq!(b.releases(&tokens[1], "gcp-0"), Answer::Done);
    }
    let look = a.look();
    assert_eq!((look.holds, look.line), (Vec::new(), Vec::new()));
}

#[test]
fn a_server_that_starts_anew_behind_a_pooler_costs_nobody_a_lease() {
    let Some(mut server) = Instance::start() else {
        return;
    };
    let Some(pooler) = Pooler::before(server.port) else {
        return;
    };
    let site = Site::at(&server, "pooled_anew").through(pooler.port);
    let (one, two) = (site.machine("ci-1"), site.machine("ci-2"));
    let (mut a, mut b) = (one.process(), two.process());
    let tokens = [a.token(), b.token()];
    a.takes(&tokens[0], "a");
    let id = b.ask(join(&tokens[1], "b"));
    assert!(matches!(b.answer(id), Answer::Waiting(_)));
    server.stop();
    server.go();
    assert_eq!(a.releases(&tokens[0], "gcp-0"), Answer::Done);
    // Nobody is granted anything before all have had the time to say again what they hold.
    let grant = b.granted(id).remove(0);
    assert_eq!(grant.record.state, State::Clean);
    assert_eq!(grant.hold.fence, (1 << 32) | 1);
    assert_eq!(b.releases(&tokens[1], "gcp-0"), Answer::Done);
}
