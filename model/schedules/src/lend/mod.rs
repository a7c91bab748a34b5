//! The engine's `lend`, as far as threads of one process share it.

#[path = "../../../../nm-runtime/src/lend/gate.rs"]
pub(crate) mod gate;
#[path = "../../../../nm-runtime/src/lend/held.rs"]
pub(crate) mod held;
