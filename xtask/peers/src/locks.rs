//! The locks that are compared, each used as its users would.

use std::fs::File;
use std::path::Path;

use fd_lock::RwLock;
use name_manager::{Access, Pool};
use named_lock::NamedLock;
use rustix::fs::{FlockOperation, flock};
use serial_test::{file_parallel, file_serial};

use crate::body;
use crate::calls::Calls;
use crate::lock::Lock;
use crate::result::Result;

/// The lock of that name.
pub fn open(name: &str, state: &Path) -> Result<Box<dyn Lock>> {
    let path = state.join(format!("{name}.lock"));
    Ok(match name {
        "flock" => Box::new(Flock(create(&path)?)),
        "std" => Box::new(Std(create(&path)?)),
        "fd-lock" => Box::new(FdLock(RwLock::new(create(&path)?))),
        "named-lock" => Box::new(Named(NamedLock::with_path(&path)?)),
        "serial_test" => Box::new(SerialTest),
        "name-manager" => Box::new(Ours(Pool::open("bench")?)),
        "calls" => Box::new(Calls::open(state)?),
        _ => return Err("no such lock".into()),
    })
}

fn create(path: &Path) -> Result<File> {
    Ok(File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?)
}

/// The system call alone: the limit of all others.
struct Flock(File);

impl Flock {
    fn hold(&self, operation: FlockOperation) -> Result<()> {
        flock(&self.0, operation)?;
        body::run();
        Ok(flock(&self.0, FlockOperation::Unlock)?)
    }
}

impl Lock for Flock {
    fn exclusive(&mut self) -> Result<()> {
        self.hold(FlockOperation::LockExclusive)
    }

    fn shared(&mut self) -> Result<()> {
        self.hold(FlockOperation::LockShared)
    }
}

struct Std(File);

#[expect(clippy::disallowed_methods, reason = "they are what is measured")]
impl Lock for Std {
    fn exclusive(&mut self) -> Result<()> {
        self.0.lock()?;
        body::run();
        Ok(self.0.unlock()?)
    }

    fn shared(&mut self) -> Result<()> {
        self.0.lock_shared()?;
        body::run();
        Ok(self.0.unlock()?)
    }
}

struct FdLock(RwLock<File>);

impl Lock for FdLock {
    fn exclusive(&mut self) -> Result<()> {
        let _guard = self.0.write()?;
        body::run();
        Ok(())
    }

    fn shared(&mut self) -> Result<()> {
        let _guard = self.0.read()?;
        body::run();
        Ok(())
    }
}

struct Named(NamedLock);

impl Lock for Named {
    fn exclusive(&mut self) -> Result<()> {
        let _guard = self.0.lock()?;
        body::run();
        Ok(())
    }

    fn shared(&mut self) -> Result<()> {
        Err("named-lock has no readers".into())
    }
}

struct SerialTest;

impl Lock for SerialTest {
    fn exclusive(&mut self) -> Result<()> {
        #[file_serial(bench)]
        fn alone() {
            body::run();
        }
        alone();
        Ok(())
    }

    fn shared(&mut self) -> Result<()> {
        #[file_parallel(bench)]
        fn beside_others() {
            body::run();
        }
        beside_others();
        Ok(())
    }
}

struct Ours(Pool);

impl Lock for Ours {
    fn exclusive(&mut self) -> Result<()> {
        let lease = self.0.acquire()?;
        body::run();
        Ok(lease.release()?)
    }

    fn shared(&mut self) -> Result<()> {
        let leases = self.0.request().access(Access::Shared).acquire()?;
        body::run();
        drop(leases);
        Ok(())
    }
}
