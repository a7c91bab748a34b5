use serial_test::serial;

trait Connect {
    #[serial]
    fn connect();
}
