//! Connections of processes: a greeting of each side, then lines both ways.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::unbounded_channel;

use crate::agent::{Agent, Lines};
use crate::fault::fault;
use crate::pool::To;
use crate::wire::{Answer, Asked, FaultKind, Greeting, Hello, VERSION, Welcome};

/// No line is longer.
const LONGEST: u64 = 1 << 20;

/// Serves all who come.
pub(crate) async fn accept(agent: Agent, listener: UnixListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let agent = agent.clone();
                tokio::task::spawn_local(async move {
                    // A process that goes away is looked for by others.
                    let _ = serve(agent, stream).await;
                });
            }
            // Too many open files, for a moment.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
}

async fn serve(agent: Agent, stream: UnixStream) -> io::Result<()> {
    let (lines, mut out) = stream.into_split();
    let mut lines = BufReader::new(lines);
    let hello = line(&mut lines).await?;
    let greeting = greeting(&agent, &hello);
    let is_welcome = matches!(greeting, Greeting::Welcome(_));
    let mut text = serde_json::to_string(&greeting).expect("its keys are texts");
    text.push('\n');
    out.write_all(text.as_bytes()).await?;
    if !is_welcome {
        return Ok(());
    }
    let (sender, mut receiver) = unbounded_channel::<String>();
    let told = Lines::new(sender);
    let client = agent.state().connect(told.clone());
    let (of_writes, waiting) = (agent.clone(), told.waiting.clone());
    let writes = tokio::task::spawn_local(async move {
        while let Some(mut text) = receiver.recv().await {
            // All that is there, at once.
            while let Ok(more) = receiver.try_recv() {
                text.push_str(&more);
            }
            if out.write_all(text.as_bytes()).await.is_err() {
                return;
            }
            waiting.set(waiting.get() - text.len());
            // It may read a journal.
            if !of_writes.state().journals.is_empty() {
                of_writes.work.notify_one();
            }
        }
    });
    let read = tokio::select! {
        read = read(&agent, client, &mut lines) => read,
        () = told.end.notified() => {
            writes.abort();
            Ok(())
        }
    };
    agent.disconnect(client);
    // Its last sender ends the writing.
    drop(told);
    // What it was told last, if it still reads.
    let _ = writes.await;
    read
}

async fn read(
    agent: &Agent,
    client: u64,
    lines: &mut (impl AsyncBufRead + Unpin),
) -> io::Result<()> {
    loop {
        let text = line(lines).await?;
        if text.is_empty() {
            return Ok(());
        }
        match serde_json::from_slice::<Asked>(&text) {
            Ok(asked) => agent.ask(client, asked),
            Err(error) => {
                let message = format!(
                    "the agent does not understand a line of {} bytes: {error}; it is of another version, or the line is longer than {LONGEST} bytes",
                    text.len()
                );
                let answer = Answer::Fault(fault(FaultKind::Config, message));
                agent.state().tell(To { client, id: 0 }, answer);
                return Ok(());
            }
        }
    }
}

/// One line; empty at the end.
async fn line(lines: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    lines.take(LONGEST).read_until(b'\n', &mut text).await?;
    Ok(text)
}

fn greeting(agent: &Agent, hello: &[u8]) -> Greeting {
    let state = agent.state();
    if state.is_ending {
        let message = "the agent of this machine ends; ask the next one";
        return Greeting::Refused(fault(FaultKind::Agent, message));
    }
    match serde_json::from_slice::<Hello>(hello) {
        Ok(hello) if hello.v == VERSION => Greeting::Welcome(welcome(&state)),
        Ok(hello) => Greeting::Refused(fault(
            FaultKind::Agent,
            format!(
                "the agent of this machine speaks version {VERSION} of its lines, the process version {}; let all use one version of name-manager",
                hello.v
            ),
        )),
        Err(error) => Greeting::Refused(fault(
            FaultKind::Config,
            format!("the agent of this machine expected a greeting: {error}"),
        )),
    }
}

/// What a process learns first.
pub(crate) fn welcome(state: &crate::agent::State) -> Welcome {
    Welcome {
        v: VERSION,
        server: state.server.clone(),
        host: state.host.clone(),
        lease: u64::try_from(state.lease.as_millis()).unwrap_or(u64::MAX),
    }
}
