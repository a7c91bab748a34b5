//! Plain data: what is lent, to which holder, and what is known about it. May import
//! `base`.

pub(crate) mod access;
pub(crate) mod asker;
pub(crate) mod code;
pub(crate) mod decision;
pub(crate) mod declaration;
pub(crate) mod event;
pub(crate) mod holder;
pub(crate) mod hook_call;
pub(crate) mod name;
pub(crate) mod names;
pub(crate) mod pool_life;
pub mod record;
pub(crate) mod run_note;
pub(crate) mod want;
