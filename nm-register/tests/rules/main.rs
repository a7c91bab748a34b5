//! The rules of a pool on a server, case by case, and over sequences that nobody thought of.

mod again;
mod allocators;
mod lives;
mod order;
mod scene;
mod sequences;
