pub fn run(_: &crate::args::Args) -> crate::Result<()> {
    Err("later".into())
}
