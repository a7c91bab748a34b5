use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Read};
use std::process::ExitCode;
use std::sync::Arc;

use nm_runtime::Lease;

use crate::args::place::Place;
use crate::args::purpose::Purpose;
use crate::args::wait::Wait;
use crate::args::want::Want;
use crate::exit::{Failure, Outcome, code};
use crate::keeper::anchor::{Anchor, Vigil};
use crate::keeper::session::Session;
use crate::screen::{json, label, stderr, stdout};
use crate::sys::{self, Input, Interrupts};

/// Prints a name and holds it until its input ends, a signal, or its parent's exit
///
/// Its input is a pipe or a socket that is closed, or a terminal at which Ctrl-D is typed.
/// A file or `/dev/null` is no input that ends: shells give `/dev/null` to what they start
/// with `&`. It ends with its parent then, or by a signal like that of Ctrl-C.
///
/// What used the name is taken to have ended well, unless the last line of the input is `dirty`,
/// or the parent ended first: then the name is dirty for the next holder.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The pool
    pool: String,
    /// Leave the names clean even if its parent ends first
    #[arg(long)]
    stays_clean: bool,
    /// Print a line of JSON for each name, with its index and the pool's variables
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    purpose: Purpose,
    #[command(flatten)]
    want: Want,
    #[command(flatten)]
    place: Place,
}

pub fn run(args: Args, wait: Wait) -> Outcome {
    // Of the caller, as for `acquire`: what a script or a runner of tests holds is one run.
    let run = Session::current().run();
    let label = args.purpose.or(label::own);
    args.place.announce(label, Some(run))?;
    let parent = sys::parent_id();
    let parent = Session::at(parent)
        .ok_or_else(|| Failure::new(code::FAILURE, "the calling process has already ended"))?;
    let anchor = Arc::new(Anchor::new(parent));
    let vigil = Vigil::begin(&anchor, None);
    let mut leases = wait.acquire(&args.want, &args.pool)?;
    vigil.end();

    let in_background = sys::started_in_background();
    let signals = Interrupts::listen()?;
    let input = Input::that_ends()?;
    if input.is_none() && !io::stdin().is_terminal() && !in_background {
        let parent = anchor.session();
        stderr::warn(&format!(
            "the input is neither a pipe nor a terminal, so `hold` ends with `{}` (pid {}), or by a signal",
            parent.label(),
            parent.pid
        ));
    }
    let text = leases.iter().map(|lease| match args.json {
        true => described(lease),
        false => Ok(format!("{}\n", lease.name())),
    });
    let text = text.collect::<io::Result<String>>()?;
    stdout::answer(&text)?;
    leases.iter_mut().for_each(Lease::used);
    let complaint = match until_end(&anchor, input, &signals)? {
        End::Well => None,
        End::SaidDirty => Some("released as dirty"),
        End::Parent if args.stays_clean => None,
        End::Parent => Some("the parent process of `hold` ended"),
    };
    for lease in leases {
        if let Some(complaint) = complaint {
            lease.mark_dirty_because(complaint);
        }
        lease.release()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// For programs, which give their tests more than the name.
fn described(lease: &Lease) -> io::Result<String> {
    let env: BTreeMap<_, _> = lease.envs().collect();
    let mut line = Vec::new();
    let value = serde_json::json!({
        "version": 1,
        "name": lease.name(),
        "index": lease.index(),
        "pool": lease.pool(),
        "env": env,
    });
    json::write(&mut line, &value)?;
    line.push(b'\n');
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// What has ended the lease.
enum End {
    /// A signal, or the end of the input.
    Well,
    /// The end of the input, which said so.
    SaidDirty,
    Parent,
}

/// What says so, as the last line of the input.
const DIRTY: &[u8] = b"dirty";

/// Waits for an end.
fn until_end(anchor: &Anchor, mut input: Option<Input>, signals: &Interrupts) -> io::Result<End> {
    let mut said = Vec::new();
    loop {
        let mut sources = vec![signals.source()];
        sources.extend(input.iter().map(Input::source));
        let ready = anchor.wait(&sources, None)?;
        if ready[0] {
            return Ok(End::Well);
        }
        if let (Some(reader), Some(true)) = (&input, ready.get(1)) {
            let mut bytes = [0; 4096];
            match (&mut &*reader).read(&mut bytes) {
                Ok(0) => {
                    let mut lines = said.trim_ascii_end().rsplit(|byte| *byte == b'\n');
                    return Ok(match lines.next() == Some(DIRTY) {
                        true => End::SaidDirty,
                        false => End::Well,
                    });
                }
                Ok(read) => {
                    said.extend(&bytes[..read]);
                    // Enough for the last line, as far as it matters.
                    said.drain(..said.len().saturating_sub(64));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // It cannot be read at all: not an input that ends.
                Err(_) => input = None,
            }
        } else if anchor.has_ended() {
            return Ok(End::Parent);
        }
    }
}
