//! From the join tree to clauses in place: RestrictInfos, equivalence classes, outer join facts.
pub mod deconstruct;
pub mod equivclass;
pub mod lateral;
pub mod outer_const;
pub mod restrict_info;
