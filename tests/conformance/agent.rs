//! An agent that ends, or is killed, while its machine's processes hold names and wait.

use crate::agents;
use crate::server::Server;
use crate::support::pool_test::Story;

fn story(tell: impl FnOnce(Story<Server>)) {
    match crate::database::can_be_made() {
        true => tell(Story::new("db", 1)),
        false => crate::support::skip::because("PostgreSQL is not installed"),
    }
}

fn kill_agent(test: &Story<Server>) {
    let dir = test.stage().agent_dir().expect("somebody has asked");
    assert!(agents::end(&dir), "there is no agent to kill");
}

#[test]
fn holders_and_waiters_are_those_of_the_next_agent() {
    story(|mut test| {
        test.hold("holder").wait("first").wait("second");
        kill_agent(&test);
        test.release("holder");
        assert_eq!(test.expect_granted("first"), ["db-0"]);
        test.expect_waiting("second");
        kill_agent(&test);
        test.release("first");
        assert_eq!(test.expect_granted("second"), ["db-0"]);
        test.release("second");
    });
}

#[test]
fn who_only_holds_starts_the_next_agent_at_once() {
    story(|mut test| {
        test.hold("holder");
        kill_agent(&test);
        // It answers for the holder, before that says anything by itself.
        test.wait("waiter");
        test.release("holder");
        assert_eq!(test.expect_granted("waiter"), ["db-0"]);
    });
}
