//! Functions written in SQL.
use crate::{
    context::{SESSION_SERVICE, StatementContext},
    local_statement::LocalStatement,
    session_core::SessionCore,
    statement::{Body, CachedStatement},
};
use analyzer::{AnalyzeContext, ColumnRefHooks, ParamTypes};
use catalog::{CatalogRead, PgProc};
use error::{PgError, PgResult, not_supported};
use fmgr::{CallContext, FnBody, LanguageFunction, RowSource, VecRowSource};
use nodes::{Expr, Param, ParamKind};
use parser::ast;
use std::sync::Arc;
use types::{Datum, Oid, RecordDesc, RecordField, RecordValue, type_oid};

/// Language of SQL functions.
pub(crate) const LANG_SQL: Oid = Oid(14);

impl StatementContext<'_> {
    /// The body of a function that is not built in.
    pub(crate) fn language_body(&self, proc: &Arc<PgProc>) -> PgResult<FnBody> {
        let inner: Arc<dyn LanguageFunction> = match proc.lang {
            LANG_SQL => {
                let returns_row_of_one = self.is_row_of_one(proc.rettype)?;
                Arc::new(SqlFunction { proc: proc.clone(), returns_row_of_one })
            }
            crate::plpgsql::LANG_PLPGSQL => {
                Arc::new(crate::plpgsql::PlpgsqlFunction { proc: proc.clone() })
            }
            _ => return Err(not_supported!("function {} in its language", proc.name)),
        };
        if proc.secdef || !proc.config.is_empty() {
            let guarded = crate::guarded_call::GuardedFunction { proc: proc.clone(), inner };
            return Ok(FnBody::Language(Arc::new(guarded)));
        }
        Ok(FnBody::Language(inner))
    }

    /// Whether a type is composite with one field.
    fn is_row_of_one(&self, typ: Oid) -> PgResult<bool> {
        let found = self.catalog.lookup_type(typ)?;
        let Some(relid) = found.and_then(|t| t.relid.valid()) else { return Ok(false) };
        let relation = self.catalog.get_relation(relid)?;
        Ok(relation.attrs.iter().filter(|a| !a.dropped).count() == 1)
    }
}

/// A SQL function.
struct SqlFunction {
    proc: Arc<PgProc>,
    /// The result is of a composite type with a single field, which the body may return by itself.
    returns_row_of_one: bool,
}

/// Its statements, analysed for the actual argument types of a call site.
struct Compiled {
    statements: Vec<Arc<LocalStatement>>,
}

/// Arguments by name: `name`, `function.name`.
struct ArgumentNames<'p> {
    proc: &'p PgProc,
    types: &'p [Oid],
}

impl ArgumentNames<'_> {
    fn find(&self, names: &[&str]) -> Option<Expr> {
        let name = match names {
            [name] => *name,
            [function, name] if *function == self.proc.name => *name,
            _ => return None,
        };
        // Argument names count over all arguments; parameters number only the input ones.
        let inputs = (0..self.proc.argnames.len())
            .filter(|i| !matches!(self.proc.argmodes.get(*i), Some('o' | 't')));
        for (number, i) in inputs.enumerate() {
            if self.proc.argnames[i] == name {
                return self.param(number);
            }
        }
        None
    }

    fn param(&self, number: usize) -> Option<Expr> {
        let typ = *self.types.get(number)?;
        Some(Expr::Param(Param {
            kind: ParamKind::Extern,
            paramid: number as i32 + 1,
            paramtype: typ,
            paramtypmod: -1,
            paramcollid: default_collation(typ),
            location: -1,
        }))
    }
}

impl ColumnRefHooks for ArgumentNames<'_> {
    fn post_column_ref(
        &self,
        name: &ast::ColumnRef,
        column: Option<&Expr>,
    ) -> PgResult<Option<Expr>> {
        if column.is_some() {
            return Ok(None);
        }
        if name.star {
            return Ok(None);
        }
        let names: Vec<&str> = name.fields.iter().map(String::as_str).collect();
        Ok(self.find(&names))
    }
}

/// Analyses a statement of a function's body.
pub(crate) fn analyze(
    cx: &StatementContext<'_>,
    proc: &PgProc,
    text: &Arc<str>,
    raw: ast::RawStmt,
    types: Vec<Oid>,
) -> PgResult<CachedStatement> {
    let hooks = ArgumentNames { proc, types: &types };
    CachedStatement::analyze_with_hooks(cx, text, Arc::new(raw), types.clone(), &hooks)
}

impl SqlFunction {
    fn compile(&self, core: &Arc<SessionCore>, types: Vec<Oid>) -> PgResult<Compiled> {
        let cx = core.context();
        if let Some(body) = &self.proc.sqlbody {
            let queries: Vec<nodes::Query> = nodes::stored::from_stored(body)?;
            let mut statements = Vec::new();
            for query in queries {
                statements.push(CachedStatement::of_query(&cx, query, types.clone())?.into());
            }
            return Ok(Compiled { statements });
        }
        let text: Arc<str> = Arc::from(self.proc.src.as_str());
        let mut statements = Vec::new();
        for raw in crate::spi::parse(core, &text)? {
            statements.push(analyze(&cx, &self.proc, &text, raw, types.clone())?.into());
        }
        Ok(Compiled { statements })
    }

    /// Runs the body; the rows of its last statement.
    fn run(
        &self,
        cx: &mut CallContext<'_>,
        args: &mut [Datum],
        all: bool,
    ) -> PgResult<Vec<Vec<Datum>>> {
        let session = cx.session;
        let Some(core) =
            session.service_any(SESSION_SERVICE).and_then(|s| s.downcast_ref::<Arc<SessionCore>>())
        else {
            return Err(PgError::internal("SQL function outside of a session"));
        };
        error::check_stack_depth()?;
        let types: Vec<Oid> = self
            .proc
            .argtypes
            .iter()
            .enumerate()
            .map(|(i, declared)| match cx.arg_type(i) {
                Oid::INVALID => *declared,
                actual if is_polymorphic(*declared) => actual,
                _ => *declared,
            })
            .collect();
        let stale = match cx.cache.as_ref().and_then(|c| c.downcast_ref::<Compiled>()) {
            Some(compiled) => {
                let scx = core.context();
                let mut stale = false;
                for s in &compiled.statements {
                    stale |= !s.is_valid(&scx)?;
                }
                stale
            }
            None => true,
        };
        if stale {
            let phase = if self.proc.retset { "startup" } else { "inlining" };
            let compiled = self.compile(core, types).map_err(|e| {
                self.in_body(e)
                    .context(format!("SQL function \"{}\" during {phase}", self.proc.name))
            })?;
            *cx.cache = Some(Box::new(compiled));
        }
        let Some(compiled) = cx.cache.as_ref().and_then(|c| c.downcast_ref::<Compiled>()) else {
            return Err(PgError::internal("compiled SQL function is gone"));
        };
        let params: Arc<[Datum]> = args.iter().cloned().collect();
        let mut rows = Vec::new();
        let last = compiled.statements.len().saturating_sub(1);
        for (i, statement) in compiled.statements.iter().enumerate() {
            if self.proc.volatile == 'v' {
                core.next_command()?;
            }
            let limit = if all || i < last { 0 } else { 1 };
            let limit = if has_side_effects(statement) { 0 } else { limit };
            let result = crate::spi::run(core, statement.clone(), params.clone(), limit);
            let result = result.map_err(|e| {
                let name = &self.proc.name;
                self.in_body(e).context(format!("SQL function \"{name}\" statement {}", i + 1))
            })?;
            rows = result.rows;
            if i == last {
                self.coerce_rows(session, core, statement, &mut rows)?;
            }
        }
        if self.proc.volatile == 'v' {
            core.next_command()?;
        }
        Ok(rows)
    }

    /// What the function declares its columns to be; none for what depends on the call.
    fn declared_columns(&self) -> Vec<Option<Oid>> {
        let outputs = self.proc.allargtypes.iter().zip(&self.proc.argmodes);
        let outputs: Vec<Oid> =
            outputs.filter(|(_, m)| matches!(m, 'o' | 'b' | 't')).map(|(t, _)| *t).collect();
        let types = if outputs.len() > 1 { outputs } else { vec![self.proc.rettype] };
        types.into_iter().map(|t| Some(t).filter(|t| !is_polymorphic(*t))).collect()
    }

    /// Assigns the last statement's columns to the declared ones where their types differ.
    fn coerce_rows(
        &self,
        session: &dyn fmgr::FnContext,
        core: &Arc<SessionCore>,
        statement: &CachedStatement,
        rows: &mut [Vec<Datum>],
    ) -> PgResult<()> {
        let Some(columns) = &statement.columns else { return Ok(()) };
        let declared = self.declared_columns();
        if declared.len() != columns.len() {
            return Ok(());
        }
        for (at, (column, declared)) in columns.iter().zip(declared).enumerate() {
            let Some(declared) = declared.filter(|d| *d != column.typ) else { continue };
            let Some(cast) = core.catalog.lookup_cast(column.typ, declared)? else { continue };
            if cast.method != 'f' || cast.context == 'e' {
                continue;
            }
            let function = session.resolve_function(cast.func)?;
            let site = fmgr::CallSite {
                arg_types: vec![column.typ],
                ret_type: declared,
                ret_typmod: -1,
                ..Default::default()
            };
            let mut cache = None;
            for row in rows.iter_mut() {
                let mut args = vec![row[at].take()];
                // Casts that honour a modifier take it and whether the cast is explicit.
                args.extend(
                    [Datum::Int4(-1), Datum::Bool(false)]
                        .into_iter()
                        .take(function.argtypes.len().saturating_sub(1)),
                );
                let mut inner =
                    CallContext { session, site: &site, cache: &mut cache, in_aggregate: false };
                row[at] = function.call(&mut inner, &mut args)?;
            }
        }
        Ok(())
    }

    /// Whether the only column is not the composite result but that result's only field.
    fn is_row_of_one(&self, value: &Datum, ret: Oid) -> bool {
        self.returns_row_of_one && ret == self.proc.rettype && !matches!(value, Datum::Record(_))
    }

    /// A row of the last statement as the function's value.
    fn value(&self, cx: &CallContext<'_>, row: Vec<Datum>) -> Datum {
        let ret = match is_polymorphic(self.proc.rettype) {
            true => cx.site.ret_type,
            false => self.proc.rettype,
        };
        if ret == type_oid::VOID {
            return Datum::text("");
        }
        if row.len() == 1 && !self.is_row_of_one(&row[0], ret) {
            return row.into_iter().next().unwrap_or_default();
        }
        let fields = row
            .iter()
            .enumerate()
            .map(|(i, value)| RecordField {
                name: format!("column{}", i + 1),
                typ: cx.site.column_types.get(i).copied().unwrap_or_else(|| guess_type(value)),
                typmod: -1,
            })
            .collect();
        let desc = RecordDesc { type_id: ret, fields };
        Datum::Record(Arc::new(RecordValue { desc: Arc::new(desc), fields: row }))
    }
}

fn has_side_effects(statement: &CachedStatement) -> bool {
    match &statement.body {
        Body::Queries(queries) => {
            queries.iter().any(|q| q.command_type != nodes::CmdType::Select || q.has_modifying_cte)
        }
        _ => true,
    }
}

fn guess_type(value: &Datum) -> Oid {
    match value {
        Datum::Bool(_) => type_oid::BOOL,
        Datum::Int2(_) => type_oid::INT2,
        Datum::Int4(_) => type_oid::INT4,
        Datum::Int8(_) => type_oid::INT8,
        Datum::Float4(_) => type_oid::FLOAT4,
        Datum::Float8(_) => type_oid::FLOAT8,
        Datum::Oid(_) => type_oid::OID,
        _ => type_oid::TEXT,
    }
}

pub(crate) fn is_polymorphic(typ: Oid) -> bool {
    matches!(
        typ,
        type_oid::ANYELEMENT
            | type_oid::ANYARRAY
            | type_oid::ANYNONARRAY
            | type_oid::ANYENUM
            | type_oid::ANYRANGE
            | type_oid::ANYMULTIRANGE
            | type_oid::ANYCOMPATIBLE
            | type_oid::ANYCOMPATIBLEARRAY
            | type_oid::ANYCOMPATIBLENONARRAY
            | type_oid::ANYCOMPATIBLERANGE
            | type_oid::ANYCOMPATIBLEMULTIRANGE
    )
}

impl LanguageFunction for SqlFunction {
    fn call(&self, cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
        let rows = self.run(cx, args, false)?;
        match rows.into_iter().next() {
            Some(row) => Ok(self.value(cx, row)),
            None if self.proc.rettype == type_oid::VOID => Ok(Datum::text("")),
            None => Ok(Datum::Null),
        }
    }

    fn call_set(
        &self,
        cx: &mut CallContext<'_>,
        args: &mut [Datum],
    ) -> PgResult<Box<dyn RowSource>> {
        Ok(VecRowSource::boxed(self.run(cx, args, true)?))
    }
}

impl SqlFunction {
    /// A position in the body is none in the client's statement.
    fn in_body(&self, mut e: PgError) -> PgError {
        if let Some(at) = e.0.position.take() {
            e.0.internal_position = Some(at);
            e.0.internal_query = Some(self.proc.src.clone());
        }
        e
    }
}

/// Analysis with a function's arguments as names.
impl CachedStatement {
    pub(crate) fn analyze_with_hooks(
        cx: &StatementContext<'_>,
        text: &Arc<str>,
        raw: Arc<ast::RawStmt>,
        types: Vec<Oid>,
        hooks: &dyn ColumnRefHooks,
    ) -> PgResult<CachedStatement> {
        let acx = AnalyzeContext {
            param_types: ParamTypes::Fixed(types.clone()),
            locker: cx,
            hooks: Some(hooks),
            ..AnalyzeContext::new(&cx.catalog, cx, text)
        };
        Self::analyze_in(cx, acx, text, raw, types, false)
    }
}

/// The collation of a value of a type when nothing else is said: arguments carry no typmod or collation.
fn default_collation(typ: Oid) -> Oid {
    match typ {
        type_oid::TEXT | type_oid::VARCHAR | type_oid::BPCHAR => Oid(100),
        type_oid::NAME => Oid(950),
        _ => Oid::INVALID,
    }
}
