//! A server and its machines, which one round after the other uses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

use fastrand::Rng;
use rustix::process::Signal;
use torture::history::{self, Event, Writer};

use super::fault::{Fault, Planned};
use super::machine::{Job, Machine};
use super::processes::signal;
use super::server::Server;
use super::wire;
use crate::result::Result;

/// Machines of a site: one of them is far away.
const MACHINES: usize = 4;

/// Of each machine.
pub const WORKERS: usize = 3;

/// In seconds, the shortest that a server may have.
pub const LEASE: u64 = 5;

#[derive(Debug)]
pub struct Site {
    pub dir: PathBuf,
    // Before the server, which they talk to.
    pub machines: Vec<Machine>,
    pub server: Server,
    /// Who has locked the pools.
    lockers: Vec<Child>,
}

impl Site {
    pub fn new(dir: &Path, cli: &Path) -> Result<Self> {
        fs::create_dir_all(dir)?;
        let server = Server::new(&dir.join("server"), cli, LEASE)?;
        let machine = |number| Machine::new(dir, number, &server, number == MACHINES);
        let machines = (1..=MACHINES).map(machine).collect::<Result<_>>()?;
        Ok(Self {
            dir: dir.to_owned(),
            machines,
            server,
            lockers: Vec::new(),
        })
    }

    /// Which machines are far away.
    pub fn far(&self) -> Vec<bool> {
        let machines = self.machines.iter();
        machines.map(|machine| machine.wire.is_far()).collect()
    }

    pub fn begin(&mut self, planned: &Planned, random: &mut Rng, writer: &Writer) -> Result<()> {
        let Some(on) = planned.on else {
            return self.begin_of_server(planned, random);
        };
        let machine = &mut self.machines[on];
        let which = random.usize(0..WORKERS);
        match planned.fault {
            Fault::Wire(way) => wire::spoil(&machine.namespace, way)?,
            Fault::Delay(delay) => machine.wire.delay(delay)?,
            Fault::AgentKilled => machine.kill_agent(),
            Fault::AgentPaused => machine.pause(machine.agent()),
            Fault::WorkerKilled => machine.kill_worker(which, "worker", writer)?,
            Fault::WorkerPaused => machine.pause(machine.worker(which)),
            Fault::MachinePaused => machine.pause(machine.all()),
            Fault::MachineKilled => {
                // First it stops, as a whole: nobody says good-bye for another.
                let all = machine.all();
                signal(&all, Signal::STOP);
                machine.kill_agent();
                while machine.workers() > 0 {
                    machine.kill_worker(0, "machine", writer)?;
                }
            }
            _ => return Err("a fault of the server".into()),
        }
        Ok(())
    }

    fn begin_of_server(&mut self, planned: &Planned, random: &mut Rng) -> Result<()> {
        let server = &mut self.server;
        match planned.fault {
            Fault::ServerKilled => server.kill(),
            Fault::ServerRestarted => server.stop(),
            Fault::Failover => server.copy(),
            Fault::ServerPaused => server.pause(),
            Fault::BackendKilled => server.kill_backend(random),
            Fault::ConnectionsEnded => server.end_connections(),
            Fault::PoolsLocked => {
                let time = planned.to - planned.from;
                self.lockers.push(server.lock_pools(time)?);
                Ok(())
            }
            _ => Err("a fault of a machine".into()),
        }
    }

    pub fn end(&mut self, planned: &Planned, job: &Job, writer: &Writer) -> Result<()> {
        let Some(on) = planned.on else {
            match planned.fault {
                Fault::ServerKilled | Fault::ServerRestarted => self.server.start()?,
                Fault::ServerPaused => self.server.go_on(),
                Fault::Failover => {
                    let forgets = || writer.write(0, Event::Site(history::Site::Forgets));
                    self.server.forget(forgets)?;
                }
                Fault::BackendKilled => self.server.until_it_answers()?,
                Fault::PoolsLocked => {
                    for mut locker in self.lockers.drain(..) {
                        locker.wait()?;
                    }
                }
                _ => {}
            }
            return Ok(());
        };
        let machine = &mut self.machines[on];
        match planned.fault {
            Fault::Wire(_) => wire::mend(&machine.namespace)?,
            Fault::Delay(_) => machine.wire.delay(wire::NORMAL)?,
            Fault::WorkerKilled | Fault::MachineKilled => {
                while machine.workers() < WORKERS {
                    machine.start(job, "lend")?;
                }
            }
            _ => machine.go_on(),
        }
        Ok(())
    }
}
