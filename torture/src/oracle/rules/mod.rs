//! One promise a file.

mod allocator;
mod answered;
mod broken;
mod command;
mod exclusion;
mod fences;
pub(super) mod given;
mod idle;
mod life;
pub(super) mod lost;
mod lowest;
mod order;
mod pool_life;

use super::{Bounds, Story, Verdict};

type Rule = fn(&Story<'_>, Bounds, &mut Verdict);

pub(crate) const ALL: [Rule; 13] = [
    exclusion::check,
    given::check,
    fences::check,
    order::check,
    answered::check,
    idle::check,
    lost::check,
    life::check,
    pool_life::check,
    broken::check,
    command::check,
    allocator::check,
    lowest::check,
];
