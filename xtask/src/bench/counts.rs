use crate::bench::Result;
pub fn run(_: &[&str]) -> Result<()> {
    Ok(())
}
pub fn work(_: &str, _: usize) -> Result<()> {
    Ok(())
}
