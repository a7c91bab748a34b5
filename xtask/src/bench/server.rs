//! Pools that machines share: what a lease costs beside a bare commit of the same server, and
//! what the machines' agents and views take.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use name_manager::Pool;

use crate::bench::site::{Project, Site, busy_of};
use crate::bench::spread::{Spread, figure};
use crate::bench::table::{Goal, Table};
use crate::bench::worker::{Worker, now, say};
use crate::result::Result;

const ROUNDS: usize = 5;
const EACH: usize = 100;
const HAND_OVERS: usize = 60;
/// Until whoever was told to ask is in the line, and until all is quiet again.
const SETTLE: Duration = Duration::from_millis(300);
/// How often an agent looks for a change at most; hand-overs meet it at every point of that time.
const POLL: u64 = 25;
const WAITERS: usize = 50;
/// Nobody waits longer for the last connection to go.
const LAST: Duration = Duration::from_secs(120);
const LEASES: usize = 2000;
const EVENTS: usize = 100_000;
const VIEWS: usize = 5;

const MACHINES: usize = 10;
const PROCESSES: usize = 16;
const TURNS: usize = 20;
const HOLD: Duration = Duration::from_millis(50);
const NAMES: usize = 8;

pub fn run(quick: bool) -> Result<()> {
    // Which has said so.
    let Some(site) = Site::open()? else {
        return Ok(());
    };
    let bench = Bench { site, quick };
    let mut goals = Goal::columns();
    let mut show = |table: Table| {
        println!("{table}");
        table
            .goals()
            .iter()
            .for_each(|goal| goals.row(goal.cells()));
    };
    let (table, bound) = bench.leases()?;
    show(table);
    show(bench.hand_over(bound)?);
    show(bench.agent()?);
    show(bench.crowd()?);
    show(bench.views()?);
    println!("{goals}");
    Ok(())
}

struct Bench {
    site: Site,
    quick: bool,
}

/// A lease, as a worker tells of it, in nanoseconds.
struct Lease {
    asked: u64,
    granted: u64,
    released: u64,
    dropped: u64,
}

/// What a crowd took.
struct Crowded {
    /// In seconds.
    took: f64,
    /// What it would have taken at best.
    ideal: f64,
    /// Of each lease.
    statements: Option<[f64; 3]>,
    /// Of each lease, in milliseconds: the server, the agents, the processes.
    busy: [f64; 3],
}

impl Bench {
    /// Less of what there are so many of.
    fn some(&self, all: usize) -> usize {
        match self.quick {
            true => all.div_ceil(5),
            false => all,
        }
    }

    /// The figures of a lease; and how long a hand-over may take, in milliseconds.
    fn leases(&self) -> Result<(Table, f64)> {
        self.site.make_bare_row();
        let project = self.site.project("leases", 2)?;
        let each = self.some(EACH);
        let count = each.to_string();
        let job = |pause| ["server-leases", &count, "0", pause];
        let mut with_pause = project.worker(1, &job("10"))?;
        let mut without = project.worker(1, &job("0"))?;
        with_pause.hear()?;
        without.hear()?;
        let (mut question, mut commit) = (Vec::new(), Vec::new());
        let mut leases = [Vec::new(), Vec::new()];
        let mut statements = [Some([0.0; 3]); 2];
        // In turns, so that the machine's moods are the same for all.
        for _ in 0..ROUNDS {
            question.extend(self.site.times("SELECT 1", each)?);
            commit.extend(self.site.times("UPDATE bare SET n = n + 1", each)?);
            for (at, worker) in [&mut with_pause, &mut without].into_iter().enumerate() {
                self.site.count_statements();
                worker.go()?;
                leases[at].extend(heard(worker)?);
                thread::sleep(SETTLE);
                statements[at] = self
                    .site
                    .statements()?
                    .zip(statements[at])
                    .map(|(new, old)| [new[0] + old[0], new[1] + old[1], new[2] + old[2]]);
            }
        }
        let question = Spread::new(question);
        let commit = Spread::new(commit);
        let count = leases[0].len() as f64;
        let mut table = Table::new(
            "A lease of a server's pool",
            &format!(
                "{count} of each, one after the other, of 2 names that nobody else wants; µs. The \
                 first two by `psql`, over the same kind of connection; they and the leases with \
                 10 ms between each other. Statements are of the agent, for an acquire and its \
                 release, without beats."
            ),
            &[
                "", "median", "p99", "x commit", "changes", "reads", "others",
            ],
        );
        let mut row = |title: &str, times: &Spread, statements: Option<[f64; 3]>| {
            let mut cells = vec![
                title.to_owned(),
                figure(times.median()),
                figure(times.at(0.99)),
                figure(times.median() / commit.median()),
            ];
            let statements = statements.into_iter().flatten();
            cells.extend(statements.map(|all| figure(all / count)));
            table.row(cells);
        };
        row("a question (`SELECT 1`)", &question, None);
        row("a commit (`UPDATE` of one row)", &commit, None);
        let titles = ["with a pause between them", "without"];
        for ((title, leases), statements) in titles.iter().zip(&leases).zip(statements) {
            let acquire = micros(leases, |lease| lease.granted - lease.asked);
            let drops = micros(leases, |lease| lease.dropped - lease.released);
            row(&format!("acquire, {title}"), &acquire, statements);
            row(&format!("release as a drop, {title}"), &drops, None);
        }
        if let Some([changes, reads, others]) = statements[0] {
            let all = (changes + reads + others) / count;
            table.goal("statements for an acquire and its release", all, 2.0);
        }
        let bound = (commit.median() + 2.0 * question.median()) / 1e3 + 30.0;
        Ok((table, bound))
    }

    fn hand_over(&self, bound: f64) -> Result<Table> {
        let mut table = Table::new(
            "Hand-over of a server's pool",
            "One holds, the other waits; ms from the start of the release, a drop, to the moment \
             when the other has the name.",
            &["", "median", "p99", "range"],
        );
        for (title, machines, hints) in [
            ("between processes of one machine", [1, 1], true),
            ("between two machines, with hints", [1, 2], true),
            ("between two machines, by polling", [1, 2], false),
        ] {
            self.site.set_hints(hints);
            let name = format!("handover-{}-{hints}", machines[1]);
            let project = self.site.project(&name, 1)?;
            let times = Spread::new(self.hand_overs(&project, machines)?);
            table.row(vec![
                title.to_owned(),
                figure(times.median()),
                figure(times.at(0.99)),
                times.range(),
            ]);
            if !hints {
                let what =
                    "hand-over between machines by polling, ms: a commit, 2 questions and 30 ms";
                let what = format!("{what} are {bound:.1}");
                table.goal(&what, times.median(), (bound * 10.0).round() / 10.0);
            }
        }
        self.site.set_hints(true);
        Ok(table)
    }

    fn hand_overs(&self, project: &Project<'_>, machines: [usize; 2]) -> Result<Vec<f64>> {
        let start = |machine| -> Result<Worker> {
            let mut worker = project.worker(machine, &["server-turns"])?;
            worker.hear()?;
            Ok(worker)
        };
        let (mut holder, mut waiter) = (start(machines[0])?, start(machines[1])?);
        holder.go()?;
        holder.hear()?;
        let mut times = Vec::new();
        for at in 0..self.some(HAND_OVERS) as u64 {
            waiter.go()?;
            thread::sleep(SETTLE + Duration::from_millis(at * 7 % POLL));
            holder.go()?;
            let released = holder.hear()?[0];
            let granted = waiter.hear()?[0];
            times.push((granted as f64 - released as f64) / 1e6);
            std::mem::swap(&mut holder, &mut waiter);
        }
        Ok(times)
    }

    /// What one takes of the server, and of its own machine.
    fn agent(&self) -> Result<Table> {
        let project = self.site.project("agent", 1)?;
        // Those of the figures before.
        let since = Instant::now();
        while self.site.connections()? > 0 && since.elapsed() < LAST {}
        let mut table = Table::new(
            "The agent of a machine",
            &format!(
                "Its connections, counted by the server, while one process holds a name and \
                 {WAITERS} wait for it; and its resident memory."
            ),
            &["what", ""],
        );
        let count = self.some(LEASES);
        let mut worker = project.worker(1, &["server-leases", &count.to_string(), "0", "0"])?;
        worker.hear()?;
        thread::sleep(Duration::from_secs(1));
        let at_rest = project.resident(1)? / 1024.0;
        table.row(vec!["MB at rest".to_owned(), figure(at_rest)]);
        worker.go()?;
        let leases = heard(&mut worker)?;
        drop(worker);
        thread::sleep(Duration::from_secs(1));
        let after = project.resident(1)? / 1024.0;
        let title = format!("MB after {} leases", leases.len());
        table.row(vec![title, figure(after)]);
        let mut all = Vec::new();
        for _ in 0..=WAITERS {
            let mut worker = project.worker(1, &["server-turns"])?;
            worker.hear()?;
            worker.go()?;
            all.push(worker);
        }
        let holder = all.first_mut().ok_or("nobody holds")?;
        holder.hear()?;
        thread::sleep(Duration::from_secs(2));
        let connections = f64::from(self.site.connections()?);
        let title = format!("connections while {WAITERS} processes wait");
        table.row(vec![title, figure(connections)]);
        let busy = project.resident(1)? / 1024.0;
        let title = format!("MB while {WAITERS} processes wait");
        table.row(vec![title, figure(busy)]);
        table.goal("an agent at rest, MB", at_rest, 20.0);
        table.goal("the same after its leases, MB", after, 20.0);
        table.goal("connections of a machine", connections, 2.0);
        if !self.quick {
            drop(all);
            let since = Instant::now();
            while self.site.connections()? > 0 && since.elapsed() < LAST {
                thread::sleep(Duration::from_millis(250));
            }
            let gone = since.elapsed().as_secs_f64();
            let title = "seconds from the end of the last process to that of its connections";
            table.row(vec![title.to_owned(), figure(gone)]);
            table.goal("seconds until no connection is left", gone, 60.0);
        }
        Ok(table)
    }

    fn crowd(&self) -> Result<Table> {
        let turns = self.some(TURNS);
        let what = format!(
            "{MACHINES} machines x {PROCESSES} processes x {turns} x {HOLD:?} over {NAMES} names"
        );
        let mut table = Table::new(
            &what,
            "The time from the first grant to the last release, as a multiple of the ideal (the \
             sum of all actual holds, spread over the names). All processes and agents are started \
             beforehand. Statements are for each lease; changes are those that were tried. So are \
             the ms of processor time, of the server, the agents, and the processes that hold and \
             wait.",
            &[
                "",
                "s",
                "ideal s",
                "x ideal",
                "changes",
                "reads",
                "others",
                "server",
                "agents",
                "processes",
            ],
        );
        for (title, hints) in [("with hints", true), ("by polling", false)] {
            self.site.set_hints(hints);
            let Crowded {
                took,
                ideal,
                statements,
                busy,
            } = self.crowded(&format!("crowd-{hints}"), turns)?;
            let mut cells = vec![
                title.to_owned(),
                figure(took),
                figure(ideal),
                format!("{:.3}", took / ideal),
            ];
            match statements {
                Some(statements) => cells.extend(statements.map(figure)),
                None => cells.extend(["", "", ""].map(str::to_owned)),
            }
            cells.extend(busy.map(figure));
            table.row(cells);
            if hints {
                table.goal(&format!("{what}, with hints, x ideal"), took / ideal, 1.15);
            }
        }
        self.site.set_hints(true);
        Ok(table)
    }

    fn crowded(&self, name: &str, turns: usize) -> Result<Crowded> {
        let project = self.site.project(name, NAMES)?;
        let hold = HOLD.as_millis().to_string();
        let mut workers = Vec::new();
        for machine in 0..MACHINES {
            for _ in 0..PROCESSES {
                let job = ["server-leases", &turns.to_string(), &hold, "0"];
                workers.push(project.worker(machine, &job)?);
            }
        }
        let busy = |workers: &[Worker]| -> Result<[Duration; 3]> {
            let agents = (0..MACHINES).map(|machine| project.busy(machine));
            Ok([
                self.site.busy()?,
                agents.sum::<Result<_>>()?,
                workers.iter().map(|worker| busy_of(worker.pid())).sum(),
            ])
        };
        // The first leases are over, by which all is started.
        workers.iter_mut().try_for_each(|it| it.hear().map(drop))?;
        self.site.count_statements();
        let before = busy(&workers)?;
        workers.iter_mut().try_for_each(Worker::go)?;
        let mut leases = Vec::new();
        for worker in &mut workers {
            leases.extend(heard(worker)?);
        }
        let after = busy(&workers)?;
        let statements = self.site.statements()?;
        let first = leases.iter().map(|lease| lease.granted).min().unwrap_or(0);
        let last = leases.iter().map(|lease| lease.released).max().unwrap_or(0);
        let held: u64 = leases
            .iter()
            .map(|lease| lease.released - lease.granted)
            .sum();
        let count = leases.len() as f64;
        let busy = [0, 1, 2].map(|it| after[it].saturating_sub(before[it]).as_secs_f64());
        Ok(Crowded {
            took: (last - first) as f64 / 1e9,
            ideal: held as f64 / NAMES as f64 / 1e9,
            statements: statements.map(|all| all.map(|one| one / count)),
            busy: busy.map(|all| all * 1e3 / count),
        })
    }

    fn views(&self) -> Result<Table> {
        let project = self.site.project("views", NAMES)?;
        let mut worker = project.worker(1, &["server-leases", "20", "0", "0"])?;
        worker.hear()?;
        worker.go()?;
        worker.hear()?;
        drop(worker);
        // Views also ask for the hooks of those that hold.
        let mut holder = project.worker(1, &["server-turns"])?;
        holder.hear()?;
        holder.go()?;
        holder.hear()?;
        let events = self.some(EVENTS);
        // Those that there are, again and again, each time as if a second later.
        self.site.sql(&format!(
            "WITH old AS (DELETE FROM name_manager.journal WHERE space = 'bench/views' \
                          RETURNING n, space, pool, time, event), \
             size AS (SELECT ceil({events}.0 / count(*))::int AS times FROM old) \
             INSERT INTO name_manager.journal (space, pool, time, event) \
             SELECT space, pool, time - age, \
                 (event::jsonb || jsonb_build_object('id', (event->>'id') || '-' || g, \
                                                     'time', time - age))::json \
             FROM old, size, generate_series(1, times) g, \
                 LATERAL (SELECT (times - g) * 1000000::bigint AS age) aged ORDER BY g, n LIMIT {events}"
        ));
        self.site.sql("ANALYZE name_manager.journal");
        let mut table = Table::new(
            &format!("Views of a pool with {events} events"),
            &format!("Of a release build, whose output is read; ms of {VIEWS} calls."),
            &["", "median", "range", "bytes"],
        );
        for args in [
            &["status", "bench"][..],
            &["log", "--json", "--pool", "bench"],
            &["timeline", "bench"],
            &["stats", "bench"],
        ] {
            let (mut times, mut said) = (Vec::new(), Vec::new());
            for _ in 0..VIEWS {
                let start = Instant::now();
                said = project.name_manager(1, args)?;
                times.push(start.elapsed().as_secs_f64() * 1e3);
            }
            if args[0] == "log" {
                let lines = said.iter().filter(|&&byte| byte == b'\n').count();
                if lines != events {
                    return Err(format!("`log` showed {lines} of {events} events").into());
                }
            }
            let times = Spread::new(times);
            let view = args.join(" ");
            table.row(vec![
                format!("`{view}`"),
                figure(times.median()),
                times.range(),
                said.len().to_string(),
            ]);
            table.goal(&format!("`{view}`, ms"), times.median(), 1000.0);
        }
        Ok(table)
    }
}

fn heard(worker: &mut Worker) -> Result<Vec<Lease>> {
    let numbers = worker.hear()?;
    let leases = numbers.chunks(4).map(|lease| match *lease {
        [asked, granted, released, dropped] => Ok(Lease {
            asked,
            granted,
            released,
            dropped,
        }),
        _ => Err("a lease has four times".into()),
    });
    leases.collect()
}

fn micros(leases: &[Lease], time: impl Fn(&Lease) -> u64) -> Spread {
    Spread::new(
        leases
            .iter()
            .map(|lease| time(lease) as f64 / 1e3)
            .collect(),
    )
}

/// In a worker, when all is started: whenever told, takes a name and says when it had it; told
/// again, drops it and says when it began to.
pub fn turns() -> Result<()> {
    let pool = Pool::open("bench")?;
    say(&[])?;
    while listen()? {
        let lease = pool.acquire()?;
        say(&[now()])?;
        if !listen()? {
            break;
        }
        let released = now();
        drop(lease);
        say(&[released])?;
    }
    Ok(())
}

/// In a worker, when a first lease is over: whenever told, takes so many, each after a pause;
/// says of each: asked, granted, given back, and that this is over.
pub fn leases(count: usize, hold: Duration, pause: Duration) -> Result<()> {
    let pool = Pool::open("bench")?;
    drop(pool.acquire()?);
    say(&[])?;
    while listen()? {
        let mut times = Vec::new();
        for _ in 0..count {
            thread::sleep(pause);
            let asked = now();
            let lease = pool.acquire()?;
            let granted = now();
            thread::sleep(hold);
            let released = now();
            drop(lease);
            times.extend([asked, granted, released, now()]);
        }
        say(&times)?;
    }
    Ok(())
}

/// Whether it is told to go on.
fn listen() -> Result<bool> {
    Ok(io::stdin().read_line(&mut String::new())? > 0)
}
