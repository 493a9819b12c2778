//! DEFERRABLE and the like after a column constraint: which constraint they belong to.
use error::{PgResult, err};
use parser::ast::{ConstrType, Constraint};

/// Attributes written after one constraint.
#[derive(Clone, Copy, Default)]
pub(crate) struct ConstraintAttrs {
    deferrable: Option<bool>,
    deferred: Option<bool>,
    enforced: Option<bool>,
}

impl ConstraintAttrs {
    /// Pairs the constraints of a column with the attributes that follow each.
    pub(crate) fn group(list: &[Constraint]) -> PgResult<Vec<(&Constraint, ConstraintAttrs)>> {
        let mut out: Vec<(&Constraint, ConstraintAttrs)> = Vec::new();
        for c in list {
            let (word, deferrable, deferred, enforced) = match c.contype {
                ConstrType::AttrDeferrable => ("DEFERRABLE", Some(true), None, None),
                ConstrType::AttrNotDeferrable => ("NOT DEFERRABLE", Some(false), None, None),
                ConstrType::AttrDeferred => ("INITIALLY DEFERRED", None, Some(true), None),
                ConstrType::AttrImmediate => ("INITIALLY IMMEDIATE", None, Some(false), None),
                ConstrType::AttrEnforced => ("ENFORCED", None, None, Some(true)),
                ConstrType::AttrNotEnforced => ("NOT ENFORCED", None, None, Some(false)),
                _ => {
                    out.push((c, ConstraintAttrs::default()));
                    continue;
                }
            };
            let misplaced = || err!(SYNTAX_ERROR, "misplaced {word} clause").at(c.location);
            let Some((target, attrs)) = out.last_mut() else { return Err(misplaced()) };
            let keys = matches!(
                target.contype,
                ConstrType::Primary
                    | ConstrType::Unique
                    | ConstrType::Exclusion
                    | ConstrType::Foreign
            );
            let enforceable = matches!(target.contype, ConstrType::Check | ConstrType::Foreign);
            if !(if enforced.is_some() { enforceable } else { keys }) {
                return Err(misplaced());
            }
            let twice = |what: &str| {
                Err(err!(SYNTAX_ERROR, "multiple {what} clauses not allowed").at(c.location))
            };
            if deferrable.is_some() {
                if attrs.deferrable.is_some() {
                    return twice("DEFERRABLE/NOT DEFERRABLE");
                }
                attrs.deferrable = deferrable;
            }
            if deferred.is_some() {
                if attrs.deferred.is_some() {
                    return twice("INITIALLY IMMEDIATE/DEFERRED");
                }
                attrs.deferred = deferred;
            }
            if enforced.is_some() {
                if attrs.enforced.is_some() {
                    return twice("ENFORCED/NOT ENFORCED");
                }
                attrs.enforced = enforced;
            }
            if attrs.deferred == Some(true) && attrs.deferrable == Some(false) {
                return Err(err!(
                    SYNTAX_ERROR,
                    "constraint declared INITIALLY DEFERRED must be DEFERRABLE"
                )
                .at(c.location));
            }
        }
        Ok(out)
    }

    /// Puts the attributes into the constraint.
    pub(crate) fn apply(self, c: &mut Constraint) {
        let deferred = self.deferred == Some(true);
        c.deferrable = self.deferrable == Some(true) || deferred;
        c.initdeferred = deferred;
        if self.enforced == Some(false) {
            c.is_enforced = false;
            c.skip_validation = true;
            c.initially_valid = false;
        }
    }
}
