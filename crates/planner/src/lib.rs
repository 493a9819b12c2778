//! Query trees to plan trees by cost.

mod context;
mod interim;

pub use context::*;
pub use interim::plan;
