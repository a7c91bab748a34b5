//! What can be broken on purpose.

/// A deliberate breakage of the model: each must be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// `take_any` waits right after it opened the FIFOs, without another look.
    NoLookAfterOpeningFifos,
    /// `LocalHold::end` pokes and closes its FIFO before it unlocks.
    WakeBeforeUnlock,
    /// `Wake::poke` and the close after it are forgotten: the FIFO stays open.
    NoWakeAtAll,
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
    /// `take_given` drops its reservation, and that FIFO, before it opens the name's.
    ReservationDroppedFirst,
    /// What is given up opens its FIFO only once it was granted and let go.
    AbandonedOpensLate,
    /// `Lease::share` takes a reader that lost its name off the record, which is the
    /// next holder's.
    LostReaderWrites,
    /// `LocalHold::share` does not see that somebody had the name in the moment without a
    /// lock, and took the reader off the record.
    NotSeenOffRecord,
    /// `WakeSet::open` does not ask whether a FIFO has hung up already.
    HungUpBeforeOpened,
    /// The looks after a hang-up end before the kernel has closed the dead's files.
    LooksEndEarly,
    /// The head gives up without letting the next one in.
    HeadStays,
}
