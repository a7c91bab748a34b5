//! With a value, under another path, generic, and where much is forbidden.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs)]

use name_manager as lender;
use std::marker::PhantomData;

/// Made by an expression.
pub struct Server(u16);

impl Server {
    const fn on(port: u16) -> Self {
        Self(port)
    }
}

#[name_manager::resource(pool = "server", with = Server::on(80), crate = lender)]
impl lender::Resource for Server {
    fn init(&self, name: &lender::Name) -> Result<(), lender::BoxError> {
        println!("{name} on {}", self.0);
        Ok(())
    }
}

/// Of a generic kind.
#[derive(Default)]
pub struct Of<T>(PhantomData<T>);

#[name_manager::resource(pool = "of-u8")]
impl name_manager::Resource for Of<u8> {}

#[name_manager::resource(pool = "several", with = Several { number: 3, all: true })]
/// Below the attribute.
impl name_manager::Resource for Several {}

/// With fields.
pub struct Several {
    /// How many.
    pub number: u8,
    /// Whether that is all.
    pub all: bool,
}

/// Named like a variable.
#[allow(non_upper_case_globals)]
pub const value: u16 = 8080;

/// Made of that.
pub struct Proxy(pub u16);

#[name_manager::resource(pool = "proxy", with = Proxy(value))]
impl name_manager::Resource for Proxy {}
