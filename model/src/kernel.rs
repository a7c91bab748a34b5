//! What the kernel promises of file locks and bells, and no more.

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

/// A pool's bell, and the one who listens, the head of the queue. What nobody hears is not
/// kept: the head looks at the locks after it has listened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bell {
    listens: bool,
    rung: bool,
}

impl Bell {
    /// `Bell::heard`.
    pub fn listen(&mut self) {
        self.listens = true;
        self.rung = false;
    }

    /// The head looks at the locks, or leaves.
    pub fn stop_listening(&mut self) {
        *self = Self::default();
    }

    /// `Bell::ring`.
    pub fn ring(&mut self) {
        self.rung = self.listens;
    }

    /// Whether `Bell::wait` returns.
    pub fn is_rung(&self) -> bool {
        self.rung
    }
}
