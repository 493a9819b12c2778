//! NOT NULL, CHECK, and WITH CHECK OPTION.
use super::{Target, describe_row};
use crate::{
    Cx,
    batch::{RowView, Rows},
    expr::{CExpr, none_false},
};
use error::{PgError, PgResult, err};
use types::Datum;

/// A WITH CHECK OPTION of a view, or a row security check.
pub(crate) struct CheckOption {
    pub(crate) kind: String,
    pub(crate) relname: String,
    pub(crate) polname: Option<String>,
    pub(crate) qual: CExpr,
}

impl Target {
    /// NOT NULL and CHECK constraints of a new row.
    pub(crate) fn check_row(&self, cx: &mut Cx<'_>, row: &[Datum]) -> PgResult<()> {
        for att in &self.not_null {
            if row[*att as usize].is_null() {
                return Err(self.null_violation(cx, *att, row)?);
            }
        }
        let extended = self.with_system_columns(row);
        for (name, check) in &self.checks {
            let rows = Rows::scan(RowView::Slice(extended.as_deref().unwrap_or(row)));
            if !none_false(std::slice::from_ref(check), &rows, cx)? {
                let mut error = err!(
                    CHECK_VIOLATION,
                    "new row for relation \"{}\" violates check constraint \"{name}\"",
                    self.rel.name
                )
                .table(self.schema(cx), self.rel.name.clone())
                .constraint(name.clone());
                if let Some(detail) = describe_row(cx, &self.rel, row)? {
                    error = error.detail(detail);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    #[cold]
    fn null_violation(&self, cx: &Cx<'_>, att: u16, row: &[Datum]) -> PgResult<PgError> {
        let column = &self.rel.attrs[att as usize].name;
        let mut error = err!(
            NOT_NULL_VIOLATION,
            "null value in column \"{column}\" of relation \"{}\" violates not-null constraint",
            self.rel.name
        )
        .table(self.schema(cx), self.rel.name.clone())
        .column(column.clone());
        if let Some(detail) = describe_row(cx, &self.rel, row)? {
            error = error.detail(detail);
        }
        Ok(error)
    }

    /// Checks of one kind of a row; `rows` has the row as scan.
    pub(crate) fn check_options(
        &self,
        options: &[CheckOption],
        kind: &str,
        rows: &Rows<'_>,
        row: &[Datum],
        cx: &mut Cx<'_>,
    ) -> PgResult<()> {
        for option in options.iter().filter(|o| o.kind == kind) {
            // Unlike for CHECK constraints, NULL is a failure.
            if option.qual.test(rows, cx)? {
                continue;
            }
            return Err(match (kind, &option.polname) {
                ("view", _) => {
                    let error = err!(
                        WITH_CHECK_OPTION_VIOLATION,
                        "new row violates check option for view \"{}\"",
                        option.relname
                    );
                    match describe_row(cx, &self.rel, row)? {
                        Some(detail) => error.detail(detail),
                        None => error,
                    }
                }
                ("rls_conflict", Some(policy)) => err!(
                    INSUFFICIENT_PRIVILEGE,
                    "new row violates row-level security policy \"{policy}\" (USING expression) \
                     for table \"{}\"",
                    option.relname
                ),
                ("rls_conflict", None) => err!(
                    INSUFFICIENT_PRIVILEGE,
                    "new row violates row-level security policy (USING expression) for table \
                     \"{}\"",
                    option.relname
                ),
                ("rls_merge_update" | "rls_merge_delete", Some(policy)) => err!(
                    INSUFFICIENT_PRIVILEGE,
                    "target row violates row-level security policy \"{policy}\" (USING \
                     expression) for table \"{}\"",
                    option.relname
                ),
                ("rls_merge_update" | "rls_merge_delete", None) => err!(
                    INSUFFICIENT_PRIVILEGE,
                    "target row violates row-level security policy (USING expression) for table \
                     \"{}\"",
                    option.relname
                ),
                (_, Some(policy)) => err!(
                    INSUFFICIENT_PRIVILEGE,
                    "new row violates row-level security policy \"{policy}\" for table \"{}\"",
                    option.relname
                ),
                (_, None) => err!(
                    INSUFFICIENT_PRIVILEGE,
                    "new row violates row-level security policy for table \"{}\"",
                    option.relname
                ),
            });
        }
        Ok(())
    }
}
