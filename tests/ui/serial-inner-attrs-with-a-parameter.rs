#![allow(unused)]

use serial_test::serial;

#[serial(inner_attrs = [inline])]
fn connects(times: u8) {}
