//! Query trees to plan trees by cost.
