use serial_test::serial;

#[serial(inner_attrs = [allow(unused)])]
mod tests {
    #[test]
    fn lists_users() {}

    #[test]
    const fn counts_users() {}
}
