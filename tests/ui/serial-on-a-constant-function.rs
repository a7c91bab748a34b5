#![allow(unused)]

use serial_test::serial;

#[serial]
const fn users() -> u8 {
    3
}
