use crate::base::json;
use crate::terms::record::Failures;

/// A pool's part of the life: beside the names' records.
#[derive(Clone, Debug, Default)]
pub(crate) struct PoolLife {
    pub(crate) v: u32,
    /// Whether `setup` is done; if not, it was killed or failed half-way.
    pub(crate) done: bool,
    /// The runs that have used it since.
    pub(crate) runs: Vec<String>,
    pub(crate) failures: Failures,
    /// What the last reaper wants the next run to know.
    pub(crate) reaped: Vec<String>,
}

json::object!(PoolLife {
    v,
    done,
    runs,
    failures,
    reaped
});
