//! An agent that ends, or is killed, while its machine's processes hold names and wait.

use std::fs;
use std::time::Duration;

use nm_runtime::journal::Kind;
use rustix::process::{Pid, Signal, kill_process};

use crate::agents;
use crate::server::Server;
use crate::support::patience;
use crate::support::pool_test::{Story, error};

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

/// The agent does nothing before [`go_on`].
fn pause_agent(test: &Story<Server>) -> Pid {
    let dir = test.stage().agent_dir().expect("somebody has asked");
    let agent = agents::find(&dir).expect("there is an agent");
    let agent = Pid::from_raw(agent.cast_signed()).expect("a process id");
    kill_process(agent, Signal::STOP).expect("it can be stopped");
    agent
}

fn go_on(agent: Pid) {
    kill_process(agent, Signal::CONT).expect("it lives");
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

/// From here on a change of a pool is made, but not acknowledged before [`acknowledge`].
const HOLD_BACK: &str = "CREATE TABLE go_on ();
    CREATE FUNCTION hold_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      WHILE NOT EXISTS (SELECT FROM go_on) LOOP PERFORM pg_sleep(0.005); END LOOP;
      RETURN NEW;
    END $$;
    CREATE TRIGGER hold_back BEFORE UPDATE ON name_manager.pool
      FOR EACH ROW EXECUTE FUNCTION hold_back();
    GRANT SELECT ON go_on TO PUBLIC";

/// Returns when somebody changes the pool.
fn until_held_back(test: &Story<Server>) {
    let held_back = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event = 'PgSleep'";
    patience::until("a change that is held back", || {
        (test.stage().sql(held_back) != "0").then_some(())
    });
}

fn acknowledge(test: &Story<Server>) {
    test.stage().sql("INSERT INTO go_on DEFAULT VALUES");
}

#[test]
fn a_release_that_was_made_is_no_loss_although_its_agent_was_killed() {
    story(|mut test| {
        test.hold("holder");
        test.stage().sql(HOLD_BACK);
        test.begin("holder", "release");
        until_held_back(&test);
        kill_agent(&test);
        // By the first agent's change; the next one is told of the release again.
        acknowledge(&test);
        assert_eq!(test.end_of_wait("holder"), "released");
        test.hold("next");
    });
}

#[test]
fn a_release_that_an_agent_took_to_its_grave_is_made_by_the_next_one() {
    story(|mut test| {
        test.hold("holder");
        test.stage().sql(HOLD_BACK);
        // As at the end of a test: nobody waits for the server.
        test.expect("holder", "drop", "dropped");
        until_held_back(&test);
        kill_agent(&test);
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event = 'PgSleep'";
        test.stage().sql(end);
        acknowledge(&test);
        test.hold("next");
        assert_eq!(test.events_of(Kind::Died), []);
        assert_eq!(test.events_of(Kind::Released).len(), 1);
    });
}

#[test]
fn who_cannot_be_seen_to_live_by_the_next_agent_is_told_that_its_lease_is_lost() {
    story(|mut test| {
        test.hold("holder").wait("waiter");
        let dir = test.stage().agent_dir().expect("somebody has asked");
        // As by somebody who tidies up.
        for file in fs::read_dir(dir.join("locks")).expect("locks") {
            fs::remove_file(file.expect("a lock").path()).expect("a lock");
        }
        kill_agent(&test);
        patience::until("the holder is told", || {
            let told = test.notices("holder");
            told.contains("no longer holds `db-0`").then_some(())
        });
        let lost = error(&test.tell("holder", "release"), "lost");
        assert!(lost.contains("finds no file `locks/"), "{lost}");
        let refused = test.expect_error("waiter", "config");
        assert!(refused.contains("finds no file `locks/"), "{refused}");
    });
}

#[test]
fn a_request_keeps_its_deadline_although_the_agent_does_not_greet() {
    story(|mut test| {
        test.wait_timeout(Duration::from_secs(1));
        test.hold("late").release("late");
        kill_agent(&test);
        // By the next one, of which `late` knows nothing.
        test.hold("holder");
        let agent = pause_agent(&test);
        let told = error(&test.tell("late", "acquire db"), "timeout");
        assert!(told.contains("has not answered yet"), "{told}");
        go_on(agent);
        test.release("holder");
    });
}

#[test]
fn who_waits_is_told_who_held_the_name_when_the_agent_last_answered() {
    story(|mut test| {
        test.hold("holder");
        test.wait_timeout(Duration::from_secs(5));
        test.wait("waiter");
        patience::until("a notice", || {
            let told = test.notices("waiter");
            told.contains("db-0 held by `holder`").then_some(())
        });
        let agent = pause_agent(&test);
        let told = test.expect_error("waiter", "timeout");
        assert!(told.contains("db-0 held by `holder`"), "{told}");
        assert!(told.contains("has not answered for"), "{told}");
        go_on(agent);
        test.release("holder");
    });
}

#[test]
fn who_waits_for_the_servers_word_says_so_meanwhile() {
    story(|mut test| {
        test.hold("holder");
        let agent = pause_agent(&test);
        test.begin("holder", "release");
        patience::until("a notice", || {
            let told = test.notices("holder");
            told.contains("more for what pool `db` is").then_some(())
        });
        go_on(agent);
        assert_eq!(test.end_of_wait("holder"), "released");
    });
}

#[test]
fn who_waits_goes_on_while_no_agent_can_be_started() {
    story(|mut test| {
        test.hold("holder").wait("waiter");
        test.stage().admit(false);
        kill_agent(&test);
        patience::until("a notice", || {
            let told = test.notices("waiter");
            told.contains("no other could be started").then_some(())
        });
        test.expect_waiting("waiter");
        test.stage().admit(true);
        patience::until("the next agent", || {
            test.stage().agent_dir().and_then(|dir| agents::find(&dir))
        });
        test.release("holder");
        assert_eq!(test.expect_granted("waiter"), ["db-0"]);
        test.release("waiter");
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
