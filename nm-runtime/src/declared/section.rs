//! What the attributes of a binary register: const data that the linker gathers in
//! one section, whose start and end it tells us.
//!
//! The crate linkme does this for lists of any type. It costs its users as much
//! compile time per entry as all the rest of an annotated test, and a second for
//! itself; one list of one type needs little of it.

use crate::declared::allocator::AllocatorSpec;
use crate::declared::resource::ResourceSpec;
use crate::declared::test::TestSpec;

/// One registration.
pub enum Entry {
    /// By `#[shared_resource]`.
    Test(TestSpec),
    /// By `#[resource]` on a `Resource`.
    Resource(ResourceSpec),
    /// By `#[resource]` on an `Allocator`.
    Allocator(AllocatorSpec),
    /// No registration: with it the section exists in a binary without any, too.
    Nothing,
}

/// Declares a static with this [`Entry`], and registers it.
///
/// The compiler counts a link section as unsafe code, but allows it in the expansion
/// of another crate's macro: this works in crates that forbid unsafe code.
#[cfg(all(unix, not(target_vendor = "apple")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($name:ident, $entry:expr) => {
        #[used]
        #[unsafe(link_section = "name_manager")]
        static $name: $crate::private::Entry = $entry;
    };
}

#[cfg(target_vendor = "apple")]
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($name:ident, $entry:expr) => {
        #[used]
        #[unsafe(link_section = "__DATA,name_manager,regular,no_dead_strip")]
        static $name: $crate::private::Entry = $entry;
    };
}

#[cfg(windows)]
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($name:ident, $entry:expr) => {
        #[used]
        #[unsafe(link_section = ".name_manager$b")]
        static $name: $crate::private::Entry = $entry;
        $crate::__keep!($name);
    };
}

/// The linker of MinGW removes parts of a section that nothing refers to, and knows of no
/// way to say that one is to stay; but all that runs before `main` stays, and what it refers
/// to.
#[cfg(all(windows, target_env = "gnu"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __keep {
    ($name:ident) => {
        const _: () = {
            #[used]
            #[unsafe(link_section = ".CRT$XCU")]
            static KEEP: extern "C" fn() = keep;

            extern "C" fn keep() {
                ::core::hint::black_box(::core::ptr::addr_of!($name));
            }
        };
    };
}

/// All that is in a section stays.
#[cfg(all(windows, not(target_env = "gnu")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __keep {
    ($name:ident) => {};
}

/// Acquires all leases of a test, and registers what it asks for.
///
/// As strings: other const data costs the compiler more than all the rest of an
/// annotated test.
#[doc(hidden)]
#[macro_export]
macro_rules! __leases {
    ($test:literal, $asynchronous:literal, $must_panic:expr, $requests:literal, $($line:expr),+) => {{
        $crate::__register!(
            __ENTRY,
            $crate::private::Entry::Test($crate::private::TestSpec {
                test: ::core::concat!(::core::module_path!(), "::", $test),
                manifest_dir: ::core::env!("CARGO_MANIFEST_DIR"),
                file: ::core::file!(),
                asynchronous: $asynchronous,
                must_panic: $must_panic,
                requests: $requests,
                lines: ::core::concat!($($line, " "),+),
            })
        );
        $crate::private::acquire(&__ENTRY)
    }};
}

__register!(NOTHING, Entry::Nothing);

/// Every registration of this binary, in no particular order.
pub(crate) fn entries() -> &'static [Entry] {
    use std::ptr::addr_of;

    #[cfg(unix)]
    let (first, end) = {
        unsafe extern "Rust" {
            #[cfg_attr(not(target_vendor = "apple"), link_name = "__start_name_manager")]
            #[cfg_attr(
                target_vendor = "apple",
                link_name = "\x01section$start$__DATA$name_manager"
            )]
            static START: Entry;
            #[cfg_attr(not(target_vendor = "apple"), link_name = "__stop_name_manager")]
            #[cfg_attr(
                target_vendor = "apple",
                link_name = "\x01section$end$__DATA$name_manager"
            )]
            static STOP: Entry;
        }
        // Only their addresses: nothing is read here.
        (addr_of!(START), addr_of!(STOP))
    };
    // The linker sorts the parts of a section by what follows the `$`.
    #[cfg(windows)]
    let (first, end) = {
        #[unsafe(link_section = ".name_manager$a")]
        static START: Entry = Entry::Nothing;
        #[unsafe(link_section = ".name_manager$c")]
        static STOP: Entry = Entry::Nothing;
        (std::hint::black_box(addr_of!(START)), addr_of!(STOP))
    };
    let count = (end as usize - first as usize) / size_of::<Entry>();
    // SAFETY: between the two the linker has put all statics of the section, one
    // after the other. Only `__register` adds to the section, and only values of
    // this one type, whose size is a multiple of its alignment.
    unsafe { std::slice::from_raw_parts(first, count) }
}

// Every process of a nextest run goes through them, mostly in debug builds, where
// loops are several times as fast as chained iterators.

/// Every annotated test of this binary, in no particular order.
pub fn tests() -> impl Iterator<Item = &'static TestSpec> {
    entries().iter().filter_map(|entry| match entry {
        Entry::Test(spec) => Some(spec),
        _ => None,
    })
}

/// Every resource of this binary.
pub(crate) fn resources() -> Vec<&'static ResourceSpec> {
    let mut resources = Vec::new();
    for entry in entries() {
        if let Entry::Resource(spec) = entry {
            resources.push(spec);
        }
    }
    resources
}

/// Every allocator of this binary.
pub(crate) fn allocators() -> Vec<&'static AllocatorSpec> {
    let mut allocators = Vec::new();
    for entry in entries() {
        if let Entry::Allocator(spec) = entry {
            allocators.push(spec);
        }
    }
    allocators
}

/// The pools that this binary registers something for.
pub(crate) fn pools() -> Vec<&'static str> {
    let mut pools = Vec::new();
    for entry in entries() {
        match entry {
            Entry::Test(test) => pools.extend(test.requests().map(|request| request.pool)),
            Entry::Resource(resource) => pools.push(resource.pool),
            Entry::Allocator(allocator) => pools.push(allocator.pool),
            Entry::Nothing => {}
        }
    }
    pools
}
