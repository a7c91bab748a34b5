//! Whether a machine may believe in its own leases.

use std::time::Duration;

use crate::server::Start;

/// The beats of one session, as its own agent knows them. Time is that of one clock of its
/// machine, which also counts while the machine sleeps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Beats {
    lease: Duration,
    count: u64,
    /// The one that was sent last, if it is not answered.
    sent: Option<(u64, Duration)>,
    /// When the last one that was acknowledged was sent, and by whom it was acknowledged.
    acknowledged: Option<(Duration, Start)>,
    /// The process to which everything that is held was said.
    said: Option<Start>,
    dead: bool,
    /// How often beats were not answered in time.
    disturbances: u64,
}

impl Beats {
    /// Of a new session, whose leases last so long after a beat.
    pub fn new(lease: Duration) -> Self {
        Self {
            lease,
            count: 0,
            sent: None,
            acknowledged: None,
            said: None,
            dead: false,
            disturbances: 0,
        }
    }

    /// How long there is between two beats.
    pub fn interval(&self) -> Duration {
        self.lease / 6
    }

    /// The count of a beat that is sent now. Every attempt has its own.
    pub fn send(&mut self, now: Duration) -> u64 {
        self.count += 1;
        self.sent = Some((self.count, now));
        self.count
    }

    /// The last count that was sent.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// A beat was acknowledged by a process that started then. It counts from when it was
    /// sent: the answer may have been on its way for long.
    pub fn acknowledge(&mut self, count: u64, start: Start, now: Duration) {
        let Some((_, at)) = self.sent.filter(|(sent, _)| *sent == count) else {
            return;
        };
        let was_slow = self.is_late(now);
        let is_gap = |(before, _): (Duration, Start)| at.saturating_sub(before) > self.lease / 2;
        if was_slow || self.acknowledged.is_some_and(is_gap) {
            self.disturbances += 1;
        }
        self.sent = None;
        self.acknowledged = Some((at, start));
    }

    /// The connection is gone: no answer will come.
    pub fn cut(&mut self) {
        self.sent = None;
        self.disturbances += 1;
    }

    /// All that is held was said to the process that started then. A beat that another one
    /// acknowledges counts for nothing before that is done again.
    pub fn said_again(&mut self, start: Start) {
        self.said = Some(start);
    }

    /// The process to which all was said again.
    pub fn said(&self) -> Option<Start> {
        self.said
    }

    /// The process that acknowledged the last beat.
    pub fn heard_from(&self) -> Option<Start> {
        self.acknowledged.map(|(_, start)| start)
    }

    /// Whether the process that acknowledges has not been told all that is held.
    pub fn must_say_again(&self) -> bool {
        self.heard_from() != self.said
    }

    /// Others have declared the session dead.
    pub fn bury(&mut self) {
        self.dead = true;
    }

    /// Whether others have declared the session dead.
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    /// Until when its leases are its own: a twentieth before others may declare it dead.
    pub fn valid_until(&self) -> Option<Duration> {
        let (sent, start) = self.acknowledged?;
        let valid = !self.dead && self.said == Some(start);
        valid.then(|| sent + self.lease / 20 * 19)
    }

    /// Whether its leases are its own now.
    pub fn is_valid(&self, now: Duration) -> bool {
        self.valid_until().is_some_and(|until| now < until)
    }

    /// Another number whenever a beat was not answered in time, or none was sent for long;
    /// `None` while that lasts. What keeps ours may keep those of others, who are not to be
    /// declared dead for that: see [`Observer`](crate::Observer).
    pub fn undisturbed(&self, now: Duration) -> Option<u64> {
        let is_old = |(at, _): (Duration, Start)| now.saturating_sub(at) > self.lease / 2;
        let disturbed = self.is_late(now) || self.acknowledged.is_none_or(is_old);
        (!disturbed).then_some(self.disturbances)
    }

    fn is_late(&self, now: Duration) -> bool {
        let waits = self.sent.map(|(_, at)| now.saturating_sub(at));
        waits.is_some_and(|waits| waits > self.interval())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;
    const ONE: Start = Start(1);
    const TWO: Start = Start(2);

    fn born() -> Beats {
        let mut beats = Beats::new(S(60));
        let count = beats.send(S(100));
        beats.acknowledge(count, ONE, S(100));
        beats.said_again(ONE);
        beats
    }

    #[test]
    fn a_beat_counts_from_its_sending_for_a_twentieth_less_than_others_wait() {
        let mut beats = born();
        assert!(beats.is_valid(S(156)) && !beats.is_valid(S(157)));
        let count = beats.send(S(140));
        assert!(!beats.is_valid(S(160)), "it is not acknowledged");
        beats.acknowledge(count, ONE, S(160));
        assert!(beats.is_valid(S(196)) && !beats.is_valid(S(197)));
    }

    #[test]
    fn a_beat_that_another_process_acknowledges_counts_once_all_is_said_again() {
        let mut beats = born();
        let count = beats.send(S(110));
        beats.acknowledge(count, TWO, S(110));
        assert!(beats.must_say_again() && !beats.is_valid(S(111)));
        beats.said_again(TWO);
        assert!(!beats.must_say_again() && beats.is_valid(S(111)));
    }

    #[test]
    fn the_answer_to_an_earlier_beat_counts_for_nothing() {
        let mut beats = born();
        let earlier = beats.send(S(110));
        beats.cut();
        beats.acknowledge(earlier, ONE, S(130));
        beats.send(S(130));
        beats.acknowledge(earlier, ONE, S(130));
        assert!(!beats.is_valid(S(157)));
    }

    #[test]
    fn who_was_declared_dead_has_nothing() {
        let mut beats = born();
        beats.bury();
        assert!(!beats.is_valid(S(101)));
    }

    #[test]
    fn a_beat_that_is_not_answered_in_time_is_a_disturbance() {
        let mut beats = born();
        let calm = beats.undisturbed(S(110));
        assert!(calm.is_some() && beats.undisturbed(S(130)) == calm);
        let count = beats.send(S(130));
        assert_eq!(beats.undisturbed(S(130)), calm);
        assert_eq!(beats.undisturbed(S(141)), None, "it waits for its answer");
        beats.acknowledge(count, ONE, S(142));
        let then = beats.undisturbed(S(142));
        assert!(then.is_some() && then != calm, "the answer was late");
        beats.cut();
        assert_ne!(beats.undisturbed(S(142)), then);
    }

    #[test]
    fn who_has_not_beaten_for_long_was_disturbed_whatever_it_does_first_then() {
        let mut asleep = born();
        let calm = asleep.undisturbed(S(101));
        assert_eq!(asleep.undisturbed(S(135)), None);
        let count = asleep.send(S(135));
        asleep.acknowledge(count, ONE, S(135));
        assert_ne!(asleep.undisturbed(S(135)), calm);
    }
}
