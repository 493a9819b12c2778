//! Errors for names that are not in scope, with guesses at what was meant.
use crate::parse_state::{Analyzer, NsItem};
use error::{PgError, PgResult, err};
use nodes::RteKind;
use parser::ast::RangeVar;

const MAX_FUZZY_DISTANCE: usize = 3;

/// A range table entry: (levels up, 0-based index).
type RteRef = (u32, usize);

#[derive(Default)]
struct Matches {
    distance: usize,
    first: Option<(RteRef, usize)>,
    second: Option<(RteRef, usize)>,
    exact1: Option<(RteRef, usize)>,
    exact2: Option<(RteRef, usize)>,
}

impl Analyzer<'_> {
    /// The error for a table name that is not in scope.
    pub(crate) fn missing_rte(&self, rv: &RangeVar) -> PgResult<PgError> {
        let found = self.search_range_table_for_rel(rv)?;
        let name = &rv.relname;
        let Some((up, index)) = found else {
            return Ok(err!(UNDEFINED_TABLE, "missing FROM-clause entry for table \"{name}\"")
                .at(rv.location));
        };
        let rte = &self.level(up).rtable[index];
        let e =
            err!(UNDEFINED_TABLE, "invalid reference to FROM-clause entry for table \"{name}\"");
        let alias = &rte.eref.aliasname;
        if rte.alias.is_some() && alias != name {
            if let Some((item, item_up)) = self.refname_nsitem(None, alias, rv.location)? {
                if item_up == up && item.rtindex as usize == index + 1 {
                    return Ok(e
                        .hint(format!(
                            "Perhaps you meant to reference the table alias \"{alias}\"."
                        ))
                        .at(rv.location));
                }
            }
        }
        let e = e.detail(format!(
            "There is an entry for table \"{alias}\", but it cannot be referenced from this part \
             of the query."
        ));
        let e = if self.visible_if_lateral((up, index)) {
            e.hint("To reference that table, you must mark this subquery with LATERAL.")
        } else {
            e
        };
        Ok(e.at(rv.location))
    }

    fn search_range_table_for_rel(&self, rv: &RangeVar) -> PgResult<Option<RteRef>> {
        let cte_level = match rv.schemaname {
            None => self.find_cte(&rv.relname).map(|(up, _)| up),
            Some(_) => None,
        };
        let relid = match cte_level {
            Some(_) => None,
            None => self.rangevar_relid(rv)?,
        };
        for up in 0..self.levels.len() as u32 {
            for (index, rte) in self.level(up).rtable.iter().enumerate() {
                let hit = match &rte.kind {
                    RteKind::Relation { relid: r, .. } => relid == Some(*r),
                    RteKind::Cte { ctename, ctelevelsup, .. } => {
                        cte_level == Some(ctelevelsup + up) && *ctename == rv.relname
                    }
                    _ => false,
                };
                if hit || rte.eref.aliasname == rv.relname {
                    return Ok(Some((up, index)));
                }
            }
        }
        Ok(None)
    }

    fn nsitem_for(&self, (up, index): RteRef) -> Option<&NsItem> {
        self.level(up).namespace.iter().find(|item| item.rtindex as usize == index + 1)
    }

    fn visible_if_lateral(&self, rte: RteRef) -> bool {
        !self.ps().lateral_active
            && self.nsitem_for(rte).is_some_and(|item| item.lateral_only && item.lateral_ok)
    }

    fn visible_if_qualified(&self, rte: RteRef) -> bool {
        self.nsitem_for(rte).is_some_and(|item| {
            item.rel_visible && (!item.lateral_only || self.level(rte.0).lateral_active)
        })
    }

    /// The error for a column name that is not in scope.
    pub(crate) fn missing_column(
        &self,
        relname: Option<&str>,
        column: &str,
        location: i32,
    ) -> PgError {
        let e = match relname {
            Some(rel) => err!(UNDEFINED_COLUMN, "column {rel}.{column} does not exist"),
            None => err!(UNDEFINED_COLUMN, "column \"{column}\" does not exist"),
        }
        .at(location);
        let matches = self.search_range_table_for_col(relname, column);
        let table = |(up, index): RteRef| self.level(up).rtable[index].eref.aliasname.clone();
        let named = |(rte, attno): (RteRef, usize)| {
            let (up, index) = rte;
            format!("\"{}.{}\"", table(rte), self.level(up).rtable[index].eref.colnames[attno])
        };
        if let Some((exact, _)) = matches.exact1 {
            if matches.exact2.is_some() {
                let e = e.detail(format!(
                    "There are columns named \"{column}\", but they are in tables that cannot be \
                     referenced from this part of the query."
                ));
                return if relname.is_none() {
                    e.hint("Try using a table-qualified name.")
                } else {
                    e
                };
            }
            let e = e.detail(format!(
                "There is a column named \"{column}\" in table \"{}\", but it cannot be referenced \
                 from this part of the query.",
                table(exact)
            ));
            return if self.visible_if_lateral(exact) {
                e.hint("To reference that column, you must mark this subquery with LATERAL.")
            } else if relname.is_none() && self.visible_if_qualified(exact) {
                e.hint("To reference that column, you must use a table-qualified name.")
            } else {
                e
            };
        }
        match (matches.first, matches.second) {
            (Some(first), Some(second)) => e.hint(format!(
                "Perhaps you meant to reference the column {} or the column {}.",
                named(first),
                named(second)
            )),
            (Some(first), None) => {
                e.hint(format!("Perhaps you meant to reference the column {}.", named(first)))
            }
            _ => e,
        }
    }

    fn search_range_table_for_col(&self, alias: Option<&str>, column: &str) -> Matches {
        let mut matches = Matches { distance: MAX_FUZZY_DISTANCE + 1, ..Matches::default() };
        for up in 0..self.levels.len() as u32 {
            for (index, rte) in self.level(up).rtable.iter().enumerate() {
                // Joins only repeat columns of the tables below.
                if matches!(rte.kind, RteKind::Join { .. }) {
                    continue;
                }
                let penalty = alias.map_or(0, |a| levenshtein(a, &rte.eref.aliasname));
                let mut exact = None;
                for (attno, name) in rte.eref.colnames.iter().enumerate() {
                    if name == column {
                        exact = Some(attno);
                    }
                    matches.consider((up, index), attno, name, column, penalty);
                }
                if let (Some(attno), 0) = (exact, penalty) {
                    if matches.exact1.is_none() {
                        matches.exact1 = Some(((up, index), attno));
                    } else {
                        matches.exact2 = Some(((up, index), attno));
                    }
                }
            }
        }
        matches
    }
}

impl Matches {
    fn consider(&mut self, rte: RteRef, attno: usize, actual: &str, wanted: &str, penalty: usize) {
        if penalty > self.distance || actual.is_empty() {
            return;
        }
        let distance = levenshtein(actual, wanted);
        // Half of the name may be wrong at most.
        if distance > wanted.len() / 2 {
            return;
        }
        let distance = distance + penalty;
        if distance < self.distance {
            self.distance = distance;
            self.first = Some((rte, attno));
            self.second = None;
        } else if distance == self.distance {
            if self.second.is_some() {
                // Too many equally good guesses help nobody.
                self.first = None;
                self.second = None;
            } else if self.first.is_some() {
                self.second = Some((rte, attno));
            }
        }
    }
}

/// Edit distance with unit costs.
fn levenshtein(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
