//! What can be broken on purpose.

/// A deliberate breakage: each must be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Names are granted by a server that has just started.
    NoFreeze,
    /// A pool that is made anew is granted from at once.
    MakeIsCalm,
    /// A reader's grant does not raise the fence.
    SharedKeepsFence,
    /// A change is done whichever process of the server it was read from.
    NoStartGuard,
    /// A token is given up although a change may still be on its way.
    TokenForgotten,
    /// What an agent does not know of its own session stays.
    UnknownStays,
    /// A grant is believed without a look at one's own beats.
    GrantUnchecked,
    /// A beat counts from its answer.
    BeatCountsFromAnswer,
    /// A beat counts although the process that answers was not told what is held.
    BeatCountsBeforeSaidAgain,
    /// A beat waits behind a change that hangs.
    BeatBehindSwap,
    /// Others are watched on although one's own beats are not answered.
    WatchesWithoutBeats,
    /// What is watched is not watched anew with another process of the server.
    WatchesAcrossRestarts,
    /// A session is declared dead whatever its count is by then.
    BuryWithoutCount,
    /// Behind a pooler, the last beat that was acknowledged is lost with a killed process
    /// of the server.
    BeatIsLost,
}
