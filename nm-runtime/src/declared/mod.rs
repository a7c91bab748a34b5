//! What the attributes of a binary wrote into it: tests, resources, allocators.
//! May import `terms`, `base`.

pub(crate) mod allocator;
pub(crate) mod call;
pub(crate) mod fingerprint;
pub(crate) mod place;
pub(crate) mod registered;
pub(crate) mod resource;
#[allow(
    unsafe_code,
    reason = "a section that the linker gathers is outside the language"
)]
pub(crate) mod section;
pub(crate) mod test;
