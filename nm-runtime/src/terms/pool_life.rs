use crate::base::json;
use crate::terms::record::Failures;

/// What hooks have done with a pool as a whole, beside the records of its names.
#[derive(Clone, Debug, Default)]
pub(crate) struct PoolLife {
    pub(crate) v: u32,
    /// Whether `setup` is done; if not, it was killed or failed half-way.
    pub(crate) done: bool,
    /// The runs that have used it since.
    pub(crate) runs: Vec<String>,
    pub(crate) failures: Failures,
    /// Messages of the last reaper to the next run.
    pub(crate) reaped: Vec<String>,
}

json::object!(PoolLife {
    v,
    done,
    runs,
    failures,
    reaped
});
