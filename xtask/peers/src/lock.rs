use crate::result::Result;

/// One way to keep processes apart, used as its users would.
pub trait Lock {
    /// Runs the body while nobody else runs it.
    fn exclusive(&mut self) -> Result<()>;

    /// Runs the body beside others that only read.
    fn shared(&mut self) -> Result<()>;
}
