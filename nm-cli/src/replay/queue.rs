//! One pool in a replay: its names and the waiters for them.

use std::collections::VecDeque;

use nm_runtime::Access;

use crate::replay::program::{Request, Wanted};

#[derive(Clone, Debug, Default)]
struct Name {
    /// One exclusive holder, or readers.
    writer: bool,
    readers: usize,
    /// Whether its `init` is done.
    warm: bool,
    /// The waiters for this very name.
    reserved: VecDeque<usize>,
}

/// A granted request, and its names with whether each needs `init`.
#[derive(Debug)]
pub struct Granted {
    pub request: usize,
    pub names: Vec<(usize, bool)>,
}

#[derive(Debug)]
pub struct Queue {
    names: Vec<Name>,
    waiting: VecDeque<usize>,
}

impl Queue {
    pub fn new(size: usize) -> Self {
        Self {
            names: vec![Name::default(); size],
            waiting: VecDeque::new(),
        }
    }

    pub fn ask(&mut self, request: usize) {
        self.waiting.push_back(request);
    }

    /// Removes a waiter; whether it was one.
    pub fn give_up(&mut self, request: usize) -> bool {
        let reserved = self.names.iter_mut().map(|name| &mut name.reserved);
        let mut queues = std::iter::once(&mut self.waiting).chain(reserved);
        queues.any(|queue| {
            let at = queue.iter().position(|waiter| *waiter == request);
            at.is_some_and(|at| queue.remove(at).is_some())
        })
    }

    pub fn give_back(&mut self, name: usize) {
        let name = &mut self.names[name];
        match name.writer {
            true => name.writer = false,
            false => name.readers -= 1,
        }
    }

    /// Grants the next request that can be granted.
    pub fn grant(&mut self, requests: &[Request]) -> Option<Granted> {
        for at in 0..self.names.len() {
            if let Some(&first) = self.names[at].reserved.front()
                && self.is_free(at, requests[first].access)
            {
                self.names[at].reserved.pop_front();
                return Some(self.take(first, &[at], requests));
            }
        }
        while let Some(&head) = self.waiting.front() {
            let request = &requests[head];
            let count = match request.wanted {
                Wanted::Name(name) => {
                    self.waiting.pop_front();
                    let name = name.min(self.names.len() - 1);
                    if self.names[name].reserved.is_empty() && self.is_free(name, request.access) {
                        return Some(self.take(head, &[name], requests));
                    }
                    self.names[name].reserved.push_back(head);
                    continue;
                }
                Wanted::Any(count) => count,
                Wanted::All => self.names.len(),
            };
            let names = self.choose(count, request.access)?;
            self.waiting.pop_front();
            return Some(self.take(head, &names, requests));
        }
        None
    }

    fn is_free(&self, name: usize, access: Access) -> bool {
        let name = &self.names[name];
        !name.writer && (access == Access::Shared || name.readers == 0)
    }

    /// Readers share what is shared already; warm names go before cold ones, and
    /// low before high.
    fn choose(&self, count: usize, access: Access) -> Option<Vec<usize>> {
        let free = |at: &usize| self.names[*at].reserved.is_empty() && self.is_free(*at, access);
        let mut names: Vec<usize> = (0..self.names.len()).filter(free).collect();
        if names.len() < count {
            return None;
        }
        names.sort_by_key(|&at| {
            let name = &self.names[at];
            (name.readers == 0, !name.warm, at)
        });
        names.truncate(count);
        Some(names)
    }

    fn take(&mut self, request: usize, names: &[usize], requests: &[Request]) -> Granted {
        let access = requests[request].access;
        let names = names.iter().map(|&at| {
            let name = &mut self.names[at];
            match access {
                Access::Exclusive => name.writer = true,
                Access::Shared => name.readers += 1,
            }
            let cold = !std::mem::replace(&mut name.warm, true);
            (at, cold)
        });
        Granted {
            request,
            names: names.collect(),
        }
    }
}
