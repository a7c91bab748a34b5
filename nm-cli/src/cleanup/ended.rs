use nm_runtime::inspect::Left;

/// How the clean-up of a name has ended, or of a pool as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub pool: String,
    /// `None`: the pool, which is torn down.
    pub name: Option<String>,
    pub end: End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing is left of it.
    Done,
    /// A run that goes on uses it.
    InUse,
    /// The user wanted to see it.
    Kept,
    Failed(String),
    /// Nobody could do it.
    Undone(String),
}

impl Ended {
    /// Whether something is left that nobody wanted to keep.
    pub fn is_failure(&self) -> bool {
        matches!(self.end, End::Failed(_) | End::Undone(_))
    }

    /// Whether something is left.
    pub fn is_left(&self) -> bool {
        self.is_failure() || self.end == End::Kept
    }

    /// `db: db-0 cleaned`
    pub fn text(&self) -> String {
        let name = self.name.as_ref();
        let of_name = name.map_or(String::new(), |name| format!("{name} "));
        let what = match (&self.end, name) {
            (End::Done, Some(name)) => format!("{name} cleaned"),
            (End::Done, None) => "torn down".to_owned(),
            (End::InUse, _) => format!("{of_name}in use by a run that goes on"),
            (End::Kept, _) => {
                format!("{of_name}kept (NAME_MANAGER_KEEP) until the next run that uses the pool")
            }
            (End::Failed(error), Some(name)) => format!("cleanup of {name} failed: {error}"),
            (End::Failed(error), None) => error.clone(),
            (End::Undone(why), _) => format!("{of_name}not cleaned up: {why}"),
        };
        format!("{}: {what}", self.pool)
    }
}

impl End {
    /// `killed`: what is told of a process that could not do it.
    pub fn of(left: &Left, killed: &str) -> Self {
        match left {
            Left::Failed(error) => Self::Failed(error.clone()),
            Left::Kept => Self::Kept,
            Left::Undone => Self::Undone(killed.to_owned()),
        }
    }
}
