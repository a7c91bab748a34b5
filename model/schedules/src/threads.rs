pub(crate) fn start_lock_waiter(work: Box<dyn FnOnce() + Send>) -> std::io::Result<()> {
    std::thread::Builder::new().spawn(work).map(drop)
}
