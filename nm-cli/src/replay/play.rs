//! The replay itself: a loop over the next thing to happen.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::replay::crew::Begin;
use crate::replay::outcome::Outcome;
use crate::replay::program::{Act, Run};
use crate::replay::queue::Queue;

/// Replays the run with one pool of another size; `None` if it would never end.
pub fn play(run: &Run, pool: usize, size: usize) -> Option<Outcome> {
    Play::new(run, pool, size).finish()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Process(usize),
    Thread(usize, usize),
    /// The thread is at its next step.
    Step(usize, usize),
    /// The request is given up, unless it has been granted.
    GiveUp(usize),
}

struct Play<'a> {
    run: &'a Run,
    pool: usize,
    queues: Vec<Queue>,
    /// With a number: of things at the same time, the one added first comes first.
    next: BinaryHeap<Reverse<(u64, u64, Next)>>,
    count: u64,
    processes: Vec<ProcessState>,
    /// By run: processes that begin when another has ended.
    to_come: Vec<VecDeque<usize>>,
    /// By request: the process and thread that asked, and when.
    asked: Vec<Option<(usize, usize, u64)>>,
    names: Vec<Vec<usize>>,
    started: Option<u64>,
    ended: u64,
    waits: u64,
}

struct ProcessState {
    threads: Vec<usize>,
    to_come: VecDeque<usize>,
    left: usize,
}

impl<'a> Play<'a> {
    fn new(run: &'a Run, pool: usize, size: usize) -> Self {
        let of_size = |at: usize| Queue::new(if at == pool { size } else { run.size(at) });
        let mut play = Self {
            run,
            pool,
            queues: (0..run.pools.len()).map(of_size).collect(),
            next: BinaryHeap::new(),
            count: 0,
            processes: Vec::with_capacity(run.processes.len()),
            to_come: vec![VecDeque::new(); run.runs],
            asked: vec![None; run.requests.len()],
            names: vec![Vec::new(); run.requests.len()],
            started: None,
            ended: 0,
            waits: 0,
        };
        for (at, process) in run.processes.iter().enumerate() {
            play.processes.push(ProcessState {
                threads: vec![0; process.threads.len()],
                to_come: VecDeque::new(),
                left: process.threads.len(),
            });
            match process.begin {
                Begin::Alone(after) => play.at(after, Next::Process(at)),
                Begin::After(_) => play.to_come[process.run].push_back(at),
            }
        }
        play
    }

    fn at(&mut self, time: u64, next: Next) {
        self.count += 1;
        self.next.push(Reverse((time, self.count, next)));
    }

    fn finish(mut self) -> Option<Outcome> {
        while let Some(Reverse((now, _, next))) = self.next.pop() {
            match next {
                Next::Process(process) => self.begin_process(process, now),
                Next::Thread(process, thread) => self.pause(process, thread, now),
                Next::Step(process, thread) => self.step(process, thread, now),
                Next::GiveUp(request) => self.give_up(request, now),
            }
        }
        // A deadlock, as a run with a pool of that size could have.
        let stuck = self.processes.iter().any(|process| process.left > 0);
        (!stuck).then(|| Outcome {
            makespan: self
                .ended
                .saturating_sub(self.started.unwrap_or(self.ended)),
            waits: self.waits,
        })
    }

    fn begin_process(&mut self, process: usize, now: u64) {
        for (at, thread) in self.run.processes[process].threads.iter().enumerate() {
            match thread.begin {
                Begin::Alone(after) => {
                    self.at(now.saturating_add(after), Next::Thread(process, at))
                }
                Begin::After(_) => self.processes[process].to_come.push_back(at),
            }
        }
    }

    /// On to the thread's next step, or out of it.
    fn pause(&mut self, process: usize, thread: usize, now: u64) {
        let at = self.processes[process].threads[thread];
        match self.run.processes[process].threads[thread].steps.get(at) {
            Some(step) => self.at(now.saturating_add(step.pause), Next::Step(process, thread)),
            None => self.end_thread(process, now),
        }
    }

    fn end_thread(&mut self, process: usize, now: u64) {
        let state = &mut self.processes[process];
        state.left -= 1;
        if let Some(next) = state.to_come.pop_front() {
            let pause = pause(self.run.processes[process].threads[next].begin);
            self.at(now.saturating_add(pause), Next::Thread(process, next));
        } else if state.left == 0
            && let Some(next) = self.to_come[self.run.processes[process].run].pop_front()
        {
            let pause = pause(self.run.processes[next].begin);
            self.at(now.saturating_add(pause), Next::Process(next));
        }
    }

    fn step(&mut self, process: usize, thread: usize, now: u64) {
        let steps = &self.run.processes[process].threads[thread].steps;
        let at = &mut self.processes[process].threads[thread];
        let act = steps[*at].act;
        *at += 1;
        let request = act.request();
        let pool = self.run.requests[request].pool;
        match act {
            Act::Ask(_) => {
                if self.is_own(process) {
                    self.started.get_or_insert(now);
                }
                self.asked[request] = Some((process, thread, now));
                self.queues[pool].ask(request);
                if let Some(after) = self.run.requests[request].given_up {
                    self.at(now.saturating_add(after), Next::GiveUp(request));
                }
            }
            Act::GiveBackAll(_) => {
                self.end(process, now);
                for name in std::mem::take(&mut self.names[request]) {
                    self.queues[pool].give_back(name);
                }
                self.pause(process, thread, now);
            }
            Act::GiveBack(_, nth) => {
                self.end(process, now);
                // A larger or smaller whole pool has more or fewer names to give back.
                let names = &mut self.names[request];
                let all = match nth {
                    0 => (names.len() + 1).saturating_sub(self.run.requests[request].leases),
                    _ => 1,
                };
                for _ in 0..all {
                    if let Some(name) = names.pop() {
                        self.queues[pool].give_back(name);
                    }
                }
                self.pause(process, thread, now);
            }
        }
        self.grant(pool, now);
    }

    fn is_own(&self, process: usize) -> bool {
        self.run.processes[process].run == 0
    }

    fn end(&mut self, process: usize, now: u64) {
        if self.is_own(process) {
            self.ended = self.ended.max(now);
        }
    }

    fn wait(&mut self, process: usize, pool: usize, micros: u64) {
        if self.is_own(process) && pool == self.pool {
            self.waits = self.waits.saturating_add(micros);
        }
    }

    fn give_up(&mut self, request: usize, now: u64) {
        let pool = self.run.requests[request].pool;
        if self.queues[pool].give_up(request)
            && let Some((process, thread, since)) = self.asked[request]
        {
            self.wait(process, pool, now - since);
            self.pause(process, thread, now);
            self.grant(pool, now);
        }
    }

    fn grant(&mut self, pool: usize, now: u64) {
        while let Some(granted) = self.queues[pool].grant(&self.run.requests) {
            let Some((process, thread, since)) = self.asked[granted.request] else {
                continue;
            };
            self.wait(process, pool, now - since);
            let pool = &self.run.pools[pool];
            let hook = |cold: bool| if cold { pool.init } else { pool.reset };
            let hooks = granted.names.iter().map(|(_, cold)| hook(*cold));
            let hooks = hooks.fold(0, u64::saturating_add);
            self.names[granted.request] = granted.names.into_iter().map(|(name, _)| name).collect();
            // The body of a request that was given up was never seen.
            let body = match self.run.requests[granted.request].given_up {
                Some(_) => pool.body,
                None => 0,
            };
            self.pause(
                process,
                thread,
                now.saturating_add(hooks).saturating_add(body),
            );
        }
    }
}

fn pause(begin: Begin) -> u64 {
    match begin {
        Begin::Alone(pause) | Begin::After(pause) => pause,
    }
}
