//! What can go wrong with a machine, its wire, or the server.

use std::time::Duration;

use fastrand::Rng;

use super::wire::Way;

/// Of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Wire(Way),
    /// All that passes is on its way for so long, each way.
    Delay(Duration),
    AgentKilled,
    AgentPaused,
    WorkerKilled,
    WorkerPaused,
    MachinePaused,
    /// Its agent and all its workers at once.
    MachineKilled,
    ServerKilled,
    ServerRestarted,
    ServerPaused,
    BackendKilled,
    ConnectionsEnded,
    PoolsLocked,
    /// A standby takes over that lacks what was acknowledged since the fault began.
    Failover,
}

/// One that is to happen.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    pub fault: Fault,
    /// The machine, by its number; `None`: the server.
    pub on: Option<usize>,
    /// Since the beginning of the round.
    pub from: Duration,
    pub to: Duration,
}

impl Fault {
    /// For tables.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Wire(Way::Silent) => "cut-both-ways",
            Self::Wire(Way::SilentOut) => "cut-from-machine",
            Self::Wire(Way::SilentIn) => "cut-to-machine",
            Self::Wire(Way::Lossy(_)) => "loss",
            Self::Wire(Way::Reset) => "reset",
            Self::Wire(Way::Unplugged) => "unplugged",
            Self::Delay(_) => "delay",
            Self::AgentKilled => "agent-killed",
            Self::AgentPaused => "agent-paused",
            Self::WorkerKilled => "worker-killed",
            Self::WorkerPaused => "worker-paused",
            Self::MachinePaused => "machine-paused",
            Self::MachineKilled => "machine-killed",
            Self::ServerKilled => "server-killed",
            Self::ServerRestarted => "server-restarted",
            Self::ServerPaused => "server-paused",
            Self::BackendKilled => "backend-killed",
            Self::ConnectionsEnded => "connections-ended",
            Self::PoolsLocked => "pools-locked",
            Self::Failover => "failover",
        }
    }

    fn of_machine(random: &mut Rng, is_far: bool) -> Self {
        match random.u32(0..13) {
            0 => Self::Wire(Way::Silent),
            1 => Self::Wire(Way::SilentOut),
            2 => Self::Wire(Way::SilentIn),
            3 => Self::Wire(Way::Lossy(random.u32(20..70))),
            4 => Self::Wire(Way::Reset),
            5 => Self::Wire(Way::Unplugged),
            6 | 7 if is_far => Self::Delay(Duration::from_millis(random.u64(100..2000))),
            6 | 7 => Self::AgentKilled,
            8 => Self::AgentPaused,
            9 => Self::WorkerKilled,
            10 => Self::WorkerPaused,
            11 => Self::MachinePaused,
            _ => Self::MachineKilled,
        }
    }

    fn of_server(random: &mut Rng) -> Self {
        match random.u32(0..8) {
            0 => Self::ServerKilled,
            1 => Self::ServerRestarted,
            2 => Self::ServerPaused,
            3 => Self::BackendKilled,
            4 => Self::ConnectionsEnded,
            5 => Self::PoolsLocked,
            _ => Self::Failover,
        }
    }

    /// For how long, in milliseconds.
    fn time(self, random: &mut Rng) -> u64 {
        match self {
            Self::BackendKilled | Self::ConnectionsEnded => 0,
            Self::WorkerKilled | Self::AgentKilled => random.u64(0..1000),
            Self::ServerKilled | Self::ServerRestarted => random.u64(0..4000),
            Self::Failover => random.u64(1000..5000),
            _ => match random.u32(0..10) {
                0..4 => random.u64(100..2500),
                4..7 => random.u64(2500..6000),
                // Longer than a lease of five seconds.
                _ => random.u64(6000..10_000),
            },
        }
    }
}

/// The faults of a round: of each machine one after the other, and beside them those of the
/// server. In the order in which they begin.
pub fn plan(random: &mut Rng, machines: &[bool], time: Duration) -> Vec<Planned> {
    let time = time.as_millis() as u64;
    let mut all = Vec::new();
    let targets = machines.iter().enumerate().map(Some).chain([None]);
    for target in targets {
        // Not every round has trouble with its server.
        if target.is_none() && random.bool() {
            continue;
        }
        let mut at = random.u64(0..2500);
        while at < time {
            let fault = match target {
                Some((_, is_far)) => Fault::of_machine(random, *is_far),
                None => Fault::of_server(random),
            };
            let to = at + fault.time(random);
            all.push(Planned {
                fault,
                on: target.map(|(number, _)| number),
                from: Duration::from_millis(at),
                to: Duration::from_millis(to),
            });
            at = to + random.u64(100..2500);
            if target.is_none() {
                // After a restart nobody is granted anything for a lease.
                at += 6000;
            }
        }
    }
    all.sort_by_key(|planned| planned.from);
    all
}
