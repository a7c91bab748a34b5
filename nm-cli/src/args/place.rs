use std::path::PathBuf;

use clap::ValueEnum;
use nm_runtime::caller::{self, Caller, CallerRun};

/// Where the pools live.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Where")]
pub struct Place {
    /// Keep state in this directory; all users of the pool must give the same one
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Share pools within this workspace, all its git worktrees, all of this user's workspaces,
    /// or all machines that use the same server
    #[arg(long, value_enum, conflicts_with = "dir")]
    pub scope: Option<Scope>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Scope {
    Workspace,
    Repository,
    User,
    Server,
}

impl Scope {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Repository => "repository",
            Self::User => "user",
            Self::Server => "server",
        }
    }
}

impl Place {
    /// Tells the library the caller and the place. Before any pool is opened.
    pub fn announce(&self, label: String, run: Option<CallerRun>) -> std::io::Result<()> {
        let dir = self.dir.as_deref().map(std::path::absolute).transpose()?;
        caller::set(Caller {
            label,
            run,
            dir,
            scope: self.scope.map(|scope| scope.as_str().to_owned()),
        });
        Ok(())
    }

    /// As arguments for a process of ours.
    pub fn args(&self) -> Vec<std::ffi::OsString> {
        let mut args = Vec::new();
        if let Some(dir) = &self.dir {
            args.extend(["--dir".into(), dir.into()]);
        }
        if let Some(scope) = self.scope {
            args.extend(["--scope".into(), scope.as_str().into()]);
        }
        args
    }
}
