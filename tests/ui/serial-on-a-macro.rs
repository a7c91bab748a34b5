#![allow(unused)]

use serial_test::serial;

#[serial]
macro_rules! lists_users {
    () => {};
}
