//! What the kernel promises of file locks and FIFOs, and no more.

use crate::bounds::CLIENTS;

/// An open file: a client's own, or one that a request it has given up still has.
/// One bit each, so that many make a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(u8);

impl Owner {
    /// A client's own.
    pub fn client(client: usize) -> Self {
        Self(1 << client)
    }

    /// Of the request that the client has given up (`Queued`, abandoned).
    pub fn abandoned(client: usize) -> Self {
        Self(1 << (client + CLIENTS))
    }
}

/// Several owners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Owners(u8);

impl Owners {
    /// Adds one.
    pub fn add(&mut self, owner: Owner) {
        self.0 |= owner.0;
    }

    /// Removes one.
    pub fn remove(&mut self, owner: Owner) {
        self.0 &= !owner.0;
    }

    /// Whether this is one of them.
    pub fn has(self, owner: Owner) -> bool {
        self.0 & owner.0 != 0
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// All but this one.
    pub fn without(self, owner: Owner) -> Self {
        Self(self.0 & !owner.0)
    }

    /// The clients among them, whether by a file of their own or an abandoned one.
    pub fn clients(self) -> impl Iterator<Item = usize> {
        (0..CLIENTS).filter(move |client| {
            self.has(Owner::client(*client)) || self.has(Owner::abandoned(*client))
        })
    }
}

/// How a lock is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Alone.
    Exclusive,
    /// Beside others that share.
    Shared,
}

/// `flock` on one file. It goes to the first request after it is free: a blocked
/// request is merely one that asks again, in no order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lock {
    exclusive: Owners,
    shared: Owners,
}

impl Lock {
    /// Whether it would be granted.
    pub fn is_free_for(&self, access: Access) -> bool {
        self.exclusive.is_empty() && (access == Access::Shared || self.shared.is_empty())
    }

    /// Takes it if it is free.
    pub fn try_lock(&mut self, owner: Owner, access: Access) -> bool {
        let free = self.is_free_for(access);
        if free {
            match access {
                Access::Exclusive => self.exclusive.add(owner),
                Access::Shared => self.shared.add(owner),
            }
        }
        free
    }

    /// Lets go of it.
    pub fn unlock(&mut self, owner: Owner) {
        self.exclusive.remove(owner);
        self.shared.remove(owner);
    }

    /// Whether this one has it.
    pub fn is_held_by(&self, owner: Owner) -> bool {
        self.holders().has(owner)
    }

    /// Whether this one has it alone.
    pub fn is_exclusive_of(&self, owner: Owner) -> bool {
        self.exclusive.has(owner)
    }

    /// The holders.
    pub fn holders(&self) -> Owners {
        Owners(self.exclusive.0 | self.shared.0)
    }
}

/// A name's FIFO: the owners that have it open for writing, and the one reader, the head of
/// the queue. What nobody reads is not kept: the head looks at the locks after it
/// opened the FIFO, so older bytes only make it look once more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fifo {
    /// With leases and names just taken (`Taken::wake`, `LocalHold::wake`).
    pub of_names: Owners,
    /// With reservations (`Reservation::wake`), and with abandoned requests.
    pub of_waiters: Owners,
    reader: Reader,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Reader {
    open: bool,
    byte: bool,
    /// A reader that has seen a writer, and no other, sees the last one go (`f_version`).
    seen_writer: bool,
    /// Noticed as hung up, and no longer polled.
    hung_up: bool,
}

impl Fifo {
    fn has_writers(&self) -> bool {
        !self.of_names.is_empty() || !self.of_waiters.is_empty()
    }

    /// `Wake::open` with a name.
    pub fn open_with_name(&mut self, owner: Owner) {
        self.of_names.add(owner);
        self.reader.seen_writer |= self.reader.open;
    }

    /// `Wake::open` by a waiter.
    pub fn open_with_waiter(&mut self, owner: Owner) {
        self.of_waiters.add(owner);
        self.reader.seen_writer |= self.reader.open;
    }

    /// `Wake::poke`.
    pub fn poke(&mut self) {
        self.reader.byte |= self.reader.open;
    }

    /// `WakeSet::add`. `poll` never says of a FIFO that it hung up before it was
    /// opened, but a first `read` does.
    pub fn open_reader(&mut self, reads: bool) {
        self.reader = Reader {
            open: true,
            byte: false,
            seen_writer: self.has_writers(),
            hung_up: reads && !self.has_writers(),
        };
    }

    /// `WakeSet::drop`.
    pub fn close_reader(&mut self) {
        self.reader = Reader::default();
    }

    fn hangs_up(&self) -> bool {
        self.reader.seen_writer && !self.reader.hung_up && !self.has_writers()
    }

    /// Whether `poll` returns for it.
    pub fn is_ready(&self) -> bool {
        self.reader.byte || self.hangs_up()
    }

    /// What `WakeSet::wait` does about it.
    pub fn read(&mut self) {
        if self.reader.byte {
            self.reader.byte = false;
        } else if self.hangs_up() {
            self.reader.hung_up = true;
        }
    }

    /// Whether the reader looks by the clock.
    pub fn has_hung_up(&self) -> bool {
        self.reader.hung_up
    }
}
