//! Arrays: comparison, element access, editing, searching, text form. Elements are compared through
//! the element type's own operators.

mod compare;
mod edit;
mod examine;

use fmgr::Registry;

/// Registers the family.
pub fn register(r: &mut Registry) {
    compare::register(r);
    edit::register(r);
    examine::register(r);
}
