//! The beats of this machine's session, and the beginning of the next one.

use nm_postgres::{Beaten, Connection, Error};
use tokio::time::{sleep, timeout};

use crate::agent::Agent;
use crate::clock;
use crate::link::Link;

/// Beats for as long as the agent lives.
pub(crate) async fn run(agent: Agent, link: Link) {
    loop {
        let Some(pair) = link.pair() else {
            agent.beat.notified().await;
            continue;
        };
        let lease = agent.state().lease;
        // Who has waited so long without an answer is cut off.
        let beaten = tokio::select! {
            beaten = timeout(lease / 3, beat(&agent, &pair.beat)) => beaten,
            // There are others by now, or soon.
            () = agent.cut.notified() => continue,
        };
        match beaten {
            Ok(Ok(true)) => link.is_useful(pair.number),
            Ok(Ok(false)) => {
                let next = agent.state().next_session();
                if let Err(error) = next {
                    // Without random numbers there is no session.
                    eprintln!("the agent ends: failed to draw a random number: {error}");
                    return agent.end.notify_one();
                }
                continue;
            }
            Ok(Err(error)) => {
                link.fail(pair.number, &error);
                agent.beat.notified().await;
                continue;
            }
            Err(_) => {
                link.lose(pair.number);
                agent.beat.notified().await;
                continue;
            }
        }
        agent.born.notify_one();
        agent.work.notify_one();
        let time = clock::now();
        let ends_at = agent.state().ends_at(time);
        if ends_at.is_some_and(|at| time >= at) {
            return agent.end.notify_one();
        }
        let interval = agent.state().beats.interval();
        // With one more beat, when it may have to end: not only with the next.
        let wait = ends_at.map_or(interval, |at| interval.min(at - time));
        tokio::select! {
            () = sleep(wait) => {}
            () = agent.beat.notified() => {}
        }
    }
}

/// One beat; whether the session lives.
async fn beat(agent: &Agent, connection: &Connection) -> Result<bool, Error> {
    let (session, is_born, host, count) = {
        let mut state = agent.state();
        if state.beats.is_dead() {
            return Ok(false);
        }
        let count = state.beats.send(clock::now());
        (state.session, state.is_born, state.host.clone(), count)
    };
    let beaten = match is_born {
        true => connection.beat(session, count).await?,
        false => connection.begin(session, count, &host).await?,
    };
    let beaten = match beaten {
        // The server forgot the session. Never anew under a process that knew it: it may have
        // been declared dead, and that may have been forgotten.
        Beaten::Missing(start) if agent.state().beats.said() != Some(start) => {
            connection.begin(session, count, &host).await?
        }
        beaten => beaten,
    };
    let mut state = agent.state();
    match beaten {
        Beaten::Alive(start) => {
            state.beats.acknowledge(count, start, clock::now());
            if !state.is_born {
                state.is_born = true;
                // A new session has nothing to say.
                state.beats.said_again(start);
            }
            state.heard();
            Ok(true)
        }
        Beaten::Dead | Beaten::Missing(_) => {
            state.beats.bury();
            Ok(false)
        }
    }
}
