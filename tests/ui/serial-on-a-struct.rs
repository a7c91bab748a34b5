#![allow(unused)]

use serial_test::serial;

#[serial(db)]
struct Database;
