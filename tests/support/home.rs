//! What an actor is a thread of, seen from the actor.

use std::any::Any;

use name_manager::{Error, Pool};
use nm_runtime::private::{self, Entry};

pub trait Home: Sync {
    fn pool(&self, name: &str) -> Result<Pool, Error>;

    /// By which holders are told apart.
    fn pid(&self) -> u32;

    /// Acquires what an annotated test asks for, and holds it until the answer drops.
    fn annotated(&self, test: &'static Entry) -> Box<dyn Any>;

    /// Does something that is either done or not, if the home is killed meanwhile;
    /// says whether.
    fn act(&self, deed: &mut dyn FnMut()) -> bool;

    /// Ends as a runner's `process::exit` does: no guard drops.
    fn exit(&self);
}

/// An actor's own process.
pub struct OwnProcess;

impl Home for OwnProcess {
    fn pool(&self, name: &str) -> Result<Pool, Error> {
        Pool::open(name)
    }

    fn pid(&self) -> u32 {
        std::process::id()
    }

    fn annotated(&self, test: &'static Entry) -> Box<dyn Any> {
        Box::new(private::acquire(test))
    }

    fn act(&self, deed: &mut dyn FnMut()) -> bool {
        deed();
        true
    }

    fn exit(&self) {
        std::process::exit(0);
    }
}
