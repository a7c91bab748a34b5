/// So few that the budget of spare files is 2, and the gate has room for 8.
pub(crate) fn descriptor_limit() -> Option<u64> {
    Some(32)
}
