use name_manager::shared_resource;

macro_rules! proptest {
    ($($anything:tt)*) => {};
}

#[shared_resource(pool = "db")]
proptest! {
    #[test]
    fn sums(x in 0..9_u8) {
        assert!(x < 9);
    }
}
