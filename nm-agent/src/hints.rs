//! Hints of others: asking for them, and taking them in. Whether they come is tried in
//! `work.rs`: nothing depends on it but how often pools are looked at.

use nm_postgres::Hint;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use crate::agent::{Agent, Hints};
use crate::link::Link;

/// Takes them in for as long as the agent lives.
pub(crate) async fn run(agent: Agent, mut hints: UnboundedReceiver<Hint>) {
    while let Some(hint) = hints.recv().await {
        agent.state().heed_hint(hint);
        agent.work.notify_one();
    }
}

/// Asks for them whenever they are wanted.
pub(crate) async fn listen(agent: Agent, link: Link) {
    loop {
        agent.listen.notified().await;
        let (session, number, most) = {
            let state = agent.state();
            (state.session, state.connections, state.beats.interval())
        };
        let Some(pair) = link.pair() else { continue };
        let listened = tokio::select! {
            listened = timeout(most, pair.beat.listen(session)) => listened,
            // There are others by now, or soon.
            () = agent.cut.notified() => continue,
        };
        let mut state = agent.state();
        if let (Ok(Ok(())), Hints::Wanted) = (listened, state.hints)
            && state.connections == number
        {
            state.hints = Hints::Asked;
            agent.work.notify_one();
        }
    }
}
