//! Compiles the SQL text that the catalog's bootstrap data holds: views, defaults, domain checks.
use crate::{
    Engine,
    random::entropy,
    session_core::{SessionCore, SessionStart},
};
use analyzer::AnalyzeContext;
use catalog::{Catalog, CatalogRead, TreeCompiler};
use error::{PgError, PgResult};
use nodes::{Expr, Query};
use parser::ast::Stmt;
use settings::Settings;
use std::sync::{Arc, Weak};
use types::Oid;

/// The engine as the catalog's compiler.
pub(crate) struct EngineCompiler {
    engine: Weak<Engine>,
}

impl EngineCompiler {
    pub(crate) fn new(engine: &Arc<Engine>) -> Self {
        EngineCompiler { engine: Arc::downgrade(engine) }
    }

    /// A session of the system's own, over the caller's catalog handle.
    fn session(&self) -> PgResult<Arc<SessionCore>> {
        let Some(engine) = self.engine.upgrade() else {
            return Err(PgError::internal("the engine is closed"));
        };
        let backend = engine.store.backend(0);
        let settings = Settings::new(engine.cluster());
        Ok(SessionCore::new(
            engine,
            SessionStart {
                pid: 0,
                slot: 0,
                secret: entropy().to_be_bytes().to_vec(),
                backend,
                database: catalog::image::POSTGRES_DB,
                database_name: String::new(),
                address: None,
                role: catalog::image::BOOTSTRAP_SUPERUSER,
                settings,
                wake: None,
            },
        ))
    }

    fn analyze_select(&self, catalog: &Catalog, sql: &str) -> PgResult<Query> {
        let core = self.session()?;
        let mut cx = core.context();
        cx.catalog = catalog.clone();
        let parsed = parser::parse(sql, &Default::default())?;
        let Some(raw) = parsed.into_iter().next() else {
            return Err(PgError::internal("empty SQL in the catalog"));
        };
        let raw = match raw.stmt {
            Stmt::ViewStmt(view) => {
                parser::ast::RawStmt { stmt: *view.query, stmt_location: 0, stmt_len: 0 }
            }
            _ => raw,
        };
        let mut acx = AnalyzeContext::new(&cx.catalog, &cx, sql);
        let query = analyzer::analyze(&mut acx, &raw)?;
        core.engine.store.remove_backend(&core.backend);
        Ok(query)
    }
}

impl TreeCompiler for EngineCompiler {
    fn compile_view(&self, catalog: &Catalog, sql: &str) -> PgResult<Query> {
        self.analyze_select(catalog, sql).map_err(|e| e.context(format!("system view: {sql}")))
    }

    fn compile_exprs(&self, catalog: &Catalog, sql: &str, types: &[Oid]) -> PgResult<Vec<Expr>> {
        // A target list whose columns are cast to the wanted types by a row of values.
        let query = self.analyze_select(catalog, &format!("SELECT {sql}"))?;
        let core = self.session()?;
        let mut cx = core.context();
        cx.catalog = catalog.clone();
        let mut out = Vec::new();
        for (entry, typ) in query.target_list.into_iter().zip(types) {
            let wanted = catalog.format_type(*typ, None)?;
            if entry.expr.typ() == *typ {
                out.push(entry.expr);
                continue;
            }
            let text = list_element(sql, out.len());
            let cast = self.analyze_select(catalog, &format!("SELECT CAST({text} AS {wanted})"))?;
            out.extend(cast.target_list.into_iter().next().map(|e| e.expr));
        }
        Ok(out)
    }

    fn compile_domain_check(&self, catalog: &Catalog, sql: &str, base: Oid) -> PgResult<Expr> {
        let core = self.session()?;
        let mut cx = core.context();
        cx.catalog = catalog.clone();
        let mut acx = AnalyzeContext::new(&cx.catalog, &cx, sql);
        analyzer::relation_expr::domain_check(&mut acx, sql, base)
    }
}

/// Element `n` of a comma-separated list; commas inside quotes and parentheses don't count.
fn list_element(sql: &str, n: usize) -> &str {
    let (mut depth, mut quoted, mut start, mut index) = (0, false, 0, 0);
    for (i, c) in sql.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                if index == n {
                    return sql[start..i].trim();
                }
                index += 1;
                start = i + 1;
            }
            _ => {}
        }
    }
    sql[start..].trim()
}
