//! What can be broken on purpose.

/// A deliberate breakage of the model: each must be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// `take_any` waits right after it has listened, without another look.
    NoLookAfterListening,
    /// `LocalHold::end` rings before it unlocks.
    RingBeforeUnlock,
    /// `LocalHold::end` does not ring.
    NoRing,
    /// `Head::enter_now` takes the queue's lock without asking for waiters.
    NewcomerIgnoresQueue,
    /// `queue::is_given_up` goes by the ticket's file and not by its lock.
    DeathLeavesTicket,
    /// `queue::draw_ticket` does not see that a newcomer cleared its ticket away
    /// before it was locked.
    ClearedTicketIsKept,
    /// `Head::take` does not look at reservations.
    ReservationIgnored,
    /// `take_given` leaves the queue without reserving its name.
    NoReservation,
    /// A request for a reservation that is given up is granted, and let go in silence.
    AbandonedInSilence,
    /// `Lease::share` takes a reader that lost its name off the record, which is the
    /// next holder's.
    LostReaderWrites,
    /// `LocalHold::share` does not see that somebody had the name in the moment without a
    /// lock, and took the reader off the record.
    NotSeenOffRecord,
    /// Nobody tells of the end of a process.
    NoObituary,
    /// `Wakeup::holders_of` takes a name without a holder on record for one that is watched.
    NoClock,
    /// `Obituary::of` does not see that a holder has ended before.
    DeadAreWatched,
    /// The head gives up without letting the next one in.
    HeadStays,
}
