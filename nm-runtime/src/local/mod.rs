//! The backend of one machine: kernel locks on files of a directory decide which holder
//! has a name. May import `backend`, `journal`, `terms`, `nm_os`, `base`, and where
//! state lives from `config`; never `lend`, `life` or `pool`.
//!
//! [`files`] is the layout on disk; [`queue`] and [`head`] are the way to a name,
//! [`given_name`] and [`assigned`] two variants of it; [`grant`] and [`hold`] are a
//! lease's beginning and end; [`runs`] knows which runs are alive, [`own`] which number
//! this process has, and [`own_name`] tells of the name with it; [`look`] takes no lock.

pub(crate) mod assigned;
pub(crate) mod blocked;
pub(crate) mod blocked_head;
pub(crate) mod dir;
pub(crate) mod files;
pub(crate) mod first_waiter;
#[cfg(feature = "tools")]
pub(crate) mod forget;
pub(crate) mod given_name;
pub(crate) mod grant;
pub(crate) mod head;
pub(crate) mod hold;
pub(crate) mod hook_files;
#[cfg(feature = "tools")]
pub(crate) mod kernel_locks;
pub(crate) mod lock;
pub(crate) mod look;
pub(crate) mod own;
#[cfg(feature = "keys")]
pub(crate) mod own_name;
pub(crate) mod pool_code;
pub(crate) mod pool_life;
pub(crate) mod queue;
pub(crate) mod record_file;
pub(crate) mod runs;
#[cfg(feature = "keys")]
pub(crate) mod scribe;
pub(crate) mod sizes;
#[cfg(feature = "tools")]
pub(crate) mod soundness;
pub(crate) mod ticket_file;
pub(crate) mod timed_lock;
#[cfg(feature = "tools")]
pub(crate) mod waiters;
pub(crate) mod wakeup;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(feature = "keys")]
use once_cell::sync::OnceCell;

use crate::backend::Backend;
use crate::backend::ask::{Answer, Ask};
use crate::backend::hook_files::HookFiles;
#[cfg(feature = "keys")]
use crate::backend::own_name::OwnName;
use crate::backend::patience::Patience;
use crate::backend::runs::Runs;
#[cfg(feature = "tools")]
use crate::backend::snapshot::Forgotten;
use crate::backend::snapshot::{Ahead, BlockedHead, Snapshot};
use crate::base::error::{Error, Kind, Result};
use crate::config::place;
use crate::journal;
use crate::local::dir::{PoolDir, unusable};
#[cfg(feature = "keys")]
use crate::local::own_name::LocalOwnName;
use crate::local::record_file::RecordFile;
use crate::terms::code::PoolCode;
use crate::terms::declaration::Declaration;
use crate::terms::event::{Entry, Event};
#[cfg(feature = "tools")]
use crate::terms::holder::Holder;
use crate::terms::record::Tenure;

/// One pool, whose names are lent by kernel locks.
#[derive(Debug)]
pub(crate) struct Local {
    state_dir: PathBuf,
    pool: Arc<str>,
    key: Arc<str>,
    /// Whether a directory that was removed is made again.
    comes_back: bool,
    /// Opened again after the directory was removed.
    dir: Mutex<Option<Arc<PoolDir>>>,
    /// The name that this process keeps.
    #[cfg(feature = "keys")]
    own_name: OnceCell<Arc<LocalOwnName>>,
}

impl Local {
    /// Opens the pool's directories, creating those that are missing.
    pub(crate) fn open(state_dir: &Path, pool: &Arc<str>) -> Result<Self> {
        let dir = PoolDir::open(state_dir, pool)?;
        Ok(Self {
            state_dir: state_dir.to_owned(),
            pool: pool.clone(),
            key: dir.key.clone(),
            comes_back: true,
            dir: Mutex::new(Some(dir)),
            #[cfg(feature = "keys")]
            own_name: OnceCell::new(),
        })
    }

    /// For who only cleans up: if the directory is removed, it stays so.
    pub(crate) fn and_stays_removed(self) -> Self {
        Self {
            comes_back: false,
            ..self
        }
    }

    /// The pool's directories, opened if this process has not opened them.
    fn dir(&self) -> Result<Arc<PoolDir>> {
        self.dir_of(std::process::id())
    }

    /// The same for who knows this process's id: to ask for it is a system call.
    fn dir_of(&self, process: u32) -> Result<Arc<PoolDir>> {
        let mut dir = self.dir.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dir) = &*dir
            && dir.pid == process
        {
            return Ok(dir.clone());
        }
        let around = self.state_dir.parent();
        if !self.comes_back || around.is_some_and(|around| !around.exists()) {
            return Err(Error::new(
                Kind::Lost,
                format!(
                    "the directory of pool `{}`, `{}`, was removed, and is not made again",
                    self.pool, self.key
                ),
            ));
        }
        let opened = PoolDir::open(&self.state_dir, &self.pool)?;
        Ok(dir.insert(opened).clone())
    }

    /// Forgets directories that were removed or replaced: locks in them mean nothing.
    fn forget_dir(&self, stale: &Arc<PoolDir>) {
        let mut dir = self.dir.lock().unwrap_or_else(PoisonError::into_inner);
        if dir.as_ref().is_some_and(|dir| Arc::ptr_eq(dir, stale)) {
            *dir = None;
        }
    }

    /// The outcome of a request in this directory, unless that was removed meanwhile.
    fn settle(&self, dir: &Arc<PoolDir>, answer: Result<Answer>) -> Result<Answer> {
        // A request that gave up has its outcome, wherever its directory is.
        let gave_up = |error: &Error| error.is_timeout() || error.is_deadlock();
        match answer {
            Ok(Answer::Gone) => {}
            Err(error) if gave_up(&error) || dir.is_current() => return Err(error),
            Err(_) => {}
            answer => return answer,
        }
        self.forget_dir(dir);
        Ok(Answer::Gone)
    }
}

impl Backend for Local {
    fn acquire(&self, ask: &Ask<'_>, patience: &mut dyn Patience) -> Result<Answer> {
        let dir = self.dir_of(ask.holder.pid)?;
        self.settle(&dir, grant::acquire(&dir, ask, patience))
    }

    fn try_acquire(&self, ask: &Ask<'_>) -> Result<Answer> {
        let dir = self.dir_of(ask.holder.pid)?;
        self.settle(&dir, grant::try_acquire(&dir, ask))
    }

    #[cfg(feature = "keys")]
    fn own_name(&self, ask: &Ask<'_>) -> Result<Option<Box<dyn OwnName>>> {
        let dir = self.dir()?;
        let Some(own) = ask.given else {
            return Ok(None);
        };
        let Some(name) = LocalOwnName::take(&dir, ask, own)? else {
            return Ok(None);
        };
        let name = self.own_name.get_or_init(|| name);
        Ok(Some(Box::new(name.clone())))
    }

    fn take_back(&self, ask: &Ask<'_>) -> Result<()> {
        assigned::take_back(&*self.dir()?, ask)
    }

    fn keeps_files_open(&self) -> bool {
        true
    }

    fn key(&self) -> &str {
        &self.key
    }

    fn snapshot(&self, key: &str) -> Result<Option<Snapshot>> {
        let pool_dir = Path::new(key);
        // Of a pool on a server, or on another machine.
        if !pool_dir.has_root() {
            return Ok(None);
        }
        let snapshot = look::snapshot(pool_dir);
        snapshot
            .map(Some)
            .map_err(|error| unusable(pool_dir, error))
    }

    fn ahead(&self, ask: &Ask<'_>, head: Option<&BlockedHead>) -> Ahead {
        let pool_dir = place::pool_dir(&self.state_dir, &self.pool);
        let first = match head {
            Some(head) => Some(head.holder.clone()),
            None => first_waiter::find(&pool_dir),
        };
        Ahead {
            others: first_waiter::others_before(&pool_dir, ask.request, first.as_ref()),
            first,
        }
    }

    fn publish(&self, name: &str, token: &str, change: &dyn Fn(&mut Tenure)) {
        #[cfg(feature = "keys")]
        if let Some(own) = self.own_name.get().filter(|own| own.name == name) {
            return own.publish(token, change);
        }
        let Ok(dir) = self.dir() else { return };
        let Ok(mut file) = RecordFile::open(&dir.names, name) else {
            return;
        };
        let _ = file.update(|record| {
            for tenure in &mut record.holders {
                if tenure.holder.token == token {
                    change(tenure);
                }
            }
        });
    }

    fn declare(&self, run: &str, ours: Option<&Declaration>) -> Result<Option<Declaration>> {
        sizes::declare(&*self.dir()?, run, ours)
    }

    fn declarations(&self) -> Result<Vec<Declaration>> {
        sizes::all(self.dir()?.pool.path())
    }

    fn code(&self) -> Result<PoolCode> {
        pool_code::read(&*self.dir()?)
    }

    fn declare_code(&self, ours: &PoolCode) -> Result<PoolCode> {
        pool_code::add(&*self.dir()?, ours)
    }

    fn log(&self, entry: &Entry<'_>) {
        if let Ok(dir) = self.dir() {
            dir.journal.write(&dir.pool, entry);
        }
    }

    fn events(&self, since: u64) -> Result<Box<dyn Iterator<Item = Result<Event>>>> {
        let dir = place::pool_dir(&self.state_dir, &self.pool);
        Ok(Box::new(journal::Reader::open_since(&dir, since)?))
    }

    fn hook_files(
        &self,
        name: Option<&str>,
        patience: &mut dyn Patience,
    ) -> Result<Option<HookFiles>> {
        hook_files::open(&self.dir()?.pool, name, patience)
    }

    fn runs(&self) -> Result<Arc<dyn Runs>> {
        Ok(self.dir()?)
    }

    #[cfg(feature = "tools")]
    fn forget(&self, holder: &Holder, force: bool) -> Result<Forgotten> {
        forget::forget(&*self.dir()?, &self.pool, holder, force)
    }
}
