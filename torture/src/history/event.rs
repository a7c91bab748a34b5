use std::fmt;

use super::{Fields, Site};

/// What happened, in the words of its writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A pool, as it is configured for all.
    Pool {
        /// Its name.
        pool: String,
        /// How many names it has: `db-0` and so on. `None` if it is unbounded.
        max: Option<usize>,
        /// Whether its names are made, reset and taken down.
        hooks: bool,
        /// Whether an allocator decides which name is granted.
        allocator: bool,
    },
    /// The process begins its part.
    Begins {
        /// `worker`, `reaper`, ..
        role: String,
        /// Its run.
        run: String,
        /// The process whose hook it is, if it is one.
        of: Option<String>,
    },
    /// It asks for names, and is about to call the library, or to start the process
    /// that does.
    Ask(Ask),
    /// The process that makes the request, if it is another. It writes no history.
    By {
        /// The request.
        r: u64,
        /// That process.
        process: String,
    },
    /// It has drawn a ticket, and is queued.
    Waits(u64),
    /// It is the first in the queue.
    First(u64),
    /// It heads the queue.
    Heads(u64),
    /// It heads the queue and sleeps until a name comes free.
    Blocks(u64),
    /// The name it asked for is reserved for it.
    Reserved(u64),
    /// The names are locked, and nobody knows yet.
    Taken(u64),
    /// The library has given it the leases.
    Granted {
        /// The request.
        r: u64,
        /// Each name with its fence, where that is known.
        leases: Vec<(String, Option<u64>)>,
        /// The process that holds them, if it is another.
        holder: Option<String>,
        /// The process whose request it is, if it is another.
        of: Option<String>,
    },
    /// It is about to give all leases of the request back.
    Releases {
        /// The request.
        r: u64,
        /// The process whose request it is, if it is another.
        of: Option<String>,
        /// Whether it says, or shows by a panic, that they are dirty.
        dirty: bool,
    },
    /// It has given them back.
    Released(u64),
    /// It was told, as it gave them back, that it had lost one of them.
    Lost(u64),
    /// The library has given it nothing: `busy`, `timeout`, `deadlock`, ..
    GaveUp {
        /// The request.
        r: u64,
        /// Why.
        why: String,
    },
    /// The library failed.
    Error {
        /// The request.
        r: u64,
        /// What it said.
        text: String,
    },
    /// A hook begins.
    HookBegins(Hook),
    /// It has ended well.
    HookDone(Hook),
    /// It is about to return an error, or to panic. An allocator may, too.
    HookFails(Hook),
    /// A process of a hook still works on the name.
    Works {
        /// The pool.
        pool: String,
        /// The name; empty for the pool's own hooks.
        name: String,
    },
    /// What a process of a hook finds around it that should not be so.
    Wrong(String),
    /// A pool's allocator is about to answer.
    Decides {
        /// The pool.
        pool: String,
        /// How many it has granted so far, according to its state; with this one.
        turn: u64,
        /// What it grants; `None` if it is busy.
        name: Option<String>,
    },
    /// A pool's allocator is told that a name's holder has ended.
    TakesBack {
        /// The pool.
        pool: String,
        /// The name.
        name: String,
    },
    /// The process kills itself, there.
    Dies(String),
    /// The process is about to kill that one.
    Kills {
        /// The other.
        process: String,
        /// `hang`, which counts as left waiting; else what was killed, or `random`.
        why: String,
    },
    /// That process has ended, and the kernel says so.
    Gone(String),
    /// All of the threads' work is done.
    Ends,
    /// All processes have ended: nothing follows.
    Over,
    /// Of several machines and their server.
    Site(Site),
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Its number, one in its process.
    pub r: u64,
    /// Of which pool.
    pub pool: String,
    /// Which names.
    pub what: What,
    /// How many.
    pub count: usize,
    /// How.
    pub access: Access,
    /// How long.
    pub how: How,
}

/// Which names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Whichever.
    Any,
    /// The whole pool.
    All,
    /// This one.
    Name(String),
}

/// Exclusive or shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// One holder.
    Exclusive,
    /// Any number of readers.
    Shared,
}

/// How long a request waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Not at all.
    Try,
    /// Nanoseconds; written in milliseconds.
    Within(u64),
}

/// A call of a pool's hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// `setup`, `init`, `reset`, `cleanup` or `teardown`; `assign`, if it fails.
    pub what: String,
    /// Of which pool.
    pub pool: String,
    /// Of which name; empty for the pool's own hooks.
    pub name: String,
    /// Whether a reset is told that the name is dirty.
    pub dirty: bool,
}

impl Event {
    /// Reads what stands behind time and thread.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            // The rest of the line is the text.
            "dies" => return Ok(Self::Dies(rest.to_owned())),
            "wrong" => return Ok(Self::Wrong(rest.to_owned())),
            "error" => {
                let (r, text) = rest.split_once(' ').unwrap_or((rest, ""));
                let r = Fields::new(r)?.number("r")?;
                let text = text.to_owned();
                return Ok(Self::Error { r, text });
            }
            _ => {}
        }
        let fields = Fields::new(rest)?;
        let r = || fields.number("r");
        Ok(match word {
            "pool" => Self::Pool {
                pool: fields.text("pool")?,
                max: match fields.text("max")?.as_str() {
                    "none" => None,
                    _ => Some(fields.number("max")? as usize),
                },
                hooks: fields.text("hooks")? == "yes",
                allocator: fields.text("allocator").is_ok_and(|text| text == "yes"),
            },
            "begins" => Self::Begins {
                role: fields.text("role")?,
                run: fields.text("run")?,
                of: fields.text("of").ok(),
            },
            "ask" => Self::Ask(fields.ask()?),
            "by" => Self::By {
                r: r()?,
                process: fields.text("process")?,
            },
            "waits" => Self::Waits(r()?),
            "first" => Self::First(r()?),
            "heads" => Self::Heads(r()?),
            "blocks" => Self::Blocks(r()?),
            "reserved" => Self::Reserved(r()?),
            "taken" => Self::Taken(r()?),
            "granted" => Self::Granted {
                r: r()?,
                leases: fields.leases()?,
                holder: fields.text("holder").ok(),
                of: fields.text("of").ok(),
            },
            "releases" => Self::Releases {
                r: r()?,
                of: fields.text("of").ok(),
                dirty: fields.is_dirty(),
            },
            "released" => Self::Released(r()?),
            "lost" => Self::Lost(r()?),
            "gave-up" => Self::GaveUp {
                r: r()?,
                why: fields.text("why")?,
            },
            "hook" => Self::HookBegins(fields.hook()?),
            "done" => Self::HookDone(fields.hook()?),
            "fails" => Self::HookFails(fields.hook()?),
            "works" => Self::Works {
                pool: fields.text("pool")?,
                name: fields.text("name").unwrap_or_default(),
            },
            "decides" => Self::Decides {
                pool: fields.text("pool")?,
                turn: fields.number("turn")?,
                name: fields.text("name").ok(),
            },
            "takes-back" => Self::TakesBack {
                pool: fields.text("pool")?,
                name: fields.text("name")?,
            },
            "kills" => Self::Kills {
                process: fields.text("process")?,
                why: fields.text("why")?,
            },
            "gone" => Self::Gone(fields.text("process")?),
            "ends" => Self::Ends,
            "over" => Self::Over,
            word => Self::Site(Site::parse(word, &fields)?),
        })
    }

    /// The process whose request it belongs to, if that is not the one that writes.
    pub fn of(&self) -> Option<&str> {
        match self {
            Self::Granted { of, .. } | Self::Releases { of, .. } => of.as_deref(),
            _ => None,
        }
    }

    /// The request that it belongs to.
    pub fn request(&self) -> Option<u64> {
        match self {
            Self::Ask(ask) => Some(ask.r),
            Self::Waits(r)
            | Self::First(r)
            | Self::Heads(r)
            | Self::Blocks(r)
            | Self::Reserved(r)
            | Self::Taken(r)
            | Self::Released(r)
            | Self::Lost(r)
            | Self::By { r, .. }
            | Self::Granted { r, .. }
            | Self::Releases { r, .. }
            | Self::GaveUp { r, .. }
            | Self::Error { r, .. } => Some(*r),
            _ => None,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pool {
                pool,
                max,
                hooks,
                allocator,
            } => {
                let says = |is: &bool| if *is { "yes" } else { "no" };
                let max = max.map_or("none".to_owned(), |max| max.to_string());
                let (hooks, allocator) = (says(hooks), says(allocator));
                write!(
                    f,
                    "pool pool={pool} max={max} hooks={hooks} allocator={allocator}"
                )
            }
            Self::Begins { role, run, of } => {
                write!(f, "begins role={role} run={run}")?;
                other(f, of)
            }
            Self::Ask(ask) => ask.fmt(f),
            Self::By { r, process } => write!(f, "by r={r} process={process}"),
            Self::Waits(r) => write!(f, "waits r={r}"),
            Self::First(r) => write!(f, "first r={r}"),
            Self::Heads(r) => write!(f, "heads r={r}"),
            Self::Blocks(r) => write!(f, "blocks r={r}"),
            Self::Reserved(r) => write!(f, "reserved r={r}"),
            Self::Taken(r) => write!(f, "taken r={r}"),
            Self::Granted {
                r,
                leases,
                holder,
                of,
            } => {
                let lease = |(name, fence): &(String, Option<u64>)| match fence {
                    None => name.clone(),
                    Some(fence) => format!("{name}:{fence}"),
                };
                let leases: Vec<_> = leases.iter().map(lease).collect();
                write!(f, "granted r={r} leases={}", leases.join(","))?;
                if let Some(holder) = holder {
                    write!(f, " holder={holder}")?;
                }
                other(f, of)
            }
            Self::Releases { r, of, dirty } => {
                write!(f, "releases r={r} {}", state(*dirty))?;
                other(f, of)
            }
            Self::Released(r) => write!(f, "released r={r}"),
            Self::Lost(r) => write!(f, "lost r={r}"),
            Self::GaveUp { r, why } => write!(f, "gave-up r={r} why={why}"),
            Self::Error { r, text } => write!(f, "error r={r} {text}"),
            Self::HookBegins(hook) => write!(f, "hook {hook}"),
            Self::HookDone(hook) => write!(f, "done {hook}"),
            Self::HookFails(hook) => write!(f, "fails {hook}"),
            Self::Works { pool, name } => {
                write!(f, "works pool={pool}")?;
                match name.as_str() {
                    "" => Ok(()),
                    name => write!(f, " name={name}"),
                }
            }
            Self::Wrong(text) => write!(f, "wrong {text}"),
            Self::Decides { pool, turn, name } => {
                write!(f, "decides pool={pool} turn={turn}")?;
                match name {
                    None => Ok(()),
                    Some(name) => write!(f, " name={name}"),
                }
            }
            Self::TakesBack { pool, name } => write!(f, "takes-back pool={pool} name={name}"),
            Self::Dies(at) => write!(f, "dies {at}"),
            Self::Kills { process, why } => write!(f, "kills process={process} why={why}"),
            Self::Gone(process) => write!(f, "gone process={process}"),
            Self::Ends => f.write_str("ends"),
            Self::Over => f.write_str("over"),
            Self::Site(site) => site.fmt(f),
        }
    }
}

fn other(f: &mut fmt::Formatter<'_>, of: &Option<String>) -> fmt::Result {
    match of {
        None => Ok(()),
        Some(process) => write!(f, " of={process}"),
    }
}

fn state(dirty: bool) -> &'static str {
    match dirty {
        true => "state=dirty",
        false => "state=clean",
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.what {
            What::Any => "any",
            What::All => "all",
            What::Name(name) => name,
        };
        let access = match self.access {
            Access::Exclusive => "exclusive",
            Access::Shared => "shared",
        };
        let how = match self.how {
            How::Try => "try".to_owned(),
            How::Within(time) => (time / 1_000_000).to_string(),
        };
        let Self { r, pool, count, .. } = self;
        write!(
            f,
            "ask r={r} pool={pool} what={what} count={count} access={access} how={how}"
        )
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what, pool, name, ..
        } = self;
        write!(f, "what={what} pool={pool}")?;
        if !name.is_empty() {
            write!(f, " name={name}")?;
        }
        write!(f, " {}", state(self.dirty))
    }
}
