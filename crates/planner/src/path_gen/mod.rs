//! Generation of candidate paths for base and join relations.
pub mod all_paths;
pub mod bitmap;
pub mod index_match;
pub mod index_path;
pub mod join_order;
pub mod join_path;
pub mod join_rel;
pub mod tid;
