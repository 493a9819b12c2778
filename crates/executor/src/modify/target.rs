//! A relation whose rows are changed, with all that depends on them, compiled.
use super::{ForeignKey, TargetIndex, Triggers};
use crate::{
    Cx,
    batch::{RowView, Rows},
    expr::{CExpr, ExprCompiler, SYSTEM_COLUMNS, ScanColumns, Scope},
    node::fill_system,
};
use catalog::RelationDesc;
use error::{PgError, PgResult, err};
use nodes::Expr;
use std::sync::Arc;
use table::{Heap, KeyEncoder, RowLayout, Rowid, StorageId, TableDesc};
use types::Datum;

/// A relation that rows are inserted into, updated or deleted in.
pub(crate) struct Target {
    pub(crate) rel: Arc<RelationDesc>,
    pub(crate) heap: Heap,
    pub(crate) indexes: Box<[TargetIndex]>,
    /// CHECK constraints by name.
    pub(crate) checks: Box<[(String, CExpr)]>,
    /// Positions of NOT NULL columns.
    pub(crate) not_null: Box<[u16]>,
    /// Stored generated columns.
    pub(crate) generated: Box<[(u16, CExpr)]>,
    pub(crate) foreign_keys: Box<[Arc<ForeignKey>]>,
    pub(crate) referencing: Box<[Arc<ForeignKey>]>,
    /// Columns of unique indexes that foreign keys can refer to.
    pub(crate) key_columns: Box<[u16]>,
    /// Checks or generated columns read a system column (tableoid).
    reads_system: bool,
    /// None for most relations.
    pub(crate) triggers: Option<Arc<Triggers>>,
}

/// A row as expressions see it: attributes, then system columns.
pub(crate) fn slot_of(
    rel: &RelationDesc,
    mut values: Vec<Datum>,
    rowid: Rowid,
    xid: u64,
) -> Vec<Datum> {
    let width = rel.attrs.len();
    values.resize(width + SYSTEM_COLUMNS, Datum::Null);
    fill_system(&mut values, width, rowid, xid, rel.oid);
    values
}

impl Target {
    pub(crate) fn compile(c: &mut ExprCompiler<'_>, rel: &Arc<RelationDesc>) -> PgResult<Target> {
        let triggers = Triggers::compile(c, rel)?;
        // A view is changed only through its INSTEAD OF triggers.
        if rel.relkind == 'p' || (rel.relkind == 'v' && triggers.is_some()) {
            return Ok(Target::routing(rel, triggers));
        }
        let Some(desc) = rel.physical.clone() else {
            return Err(cannot_change(rel));
        };
        // Stored expressions number the relation 1.
        let scope = Scope::scan(ScanColumns::relation(1, rel));
        let mut checks = Vec::new();
        for constraint in rel.constraints.iter().filter(|k| k.contype == 'c' && k.enforced) {
            if let Some(expr) = &constraint.expr {
                checks.push((constraint.name.clone(), c.compile(expr, &scope)?));
            }
        }
        checks.sort_by(|a, b| a.0.cmp(&b.0));
        let mut generated = Vec::new();
        let mut not_null = Vec::new();
        for (n, attr) in rel.attrs.iter().enumerate().filter(|(_, a)| !a.dropped) {
            if attr.not_null && attr.generated != 'v' {
                not_null.push(n as u16);
            }
            if let (Some(expr), 's') = (&attr.default, attr.generated) {
                generated.push((n as u16, c.compile(expr, &scope)?));
            }
        }
        let indexes = rel
            .indexes
            .iter()
            .filter(|i| i.ready || i.live)
            .map(|i| TargetIndex::compile(c, i, &scope, rel.attrs.len()))
            .collect::<PgResult<Box<[_]>>>()?;
        let mut key_columns = Vec::new();
        for index in rel.indexes.iter() {
            let usable = index.unique && index.predicate.is_empty() && index.exprs.is_empty();
            for column in index.columns.iter().take(index.n_key).filter(|_| usable) {
                let at = column.attnum as u16 - 1;
                if column.attnum > 0 && !key_columns.contains(&at) {
                    key_columns.push(at);
                }
            }
        }
        let enforced = |k: &&catalog::Constraint| k.contype == 'f' && k.enforced;
        // Of a constraint and its parts for partitions of the other table, the constraint does the work.
        let foreign_keys = rel
            .constraints
            .iter()
            .filter(enforced)
            .filter(|k| !rel.constraints.iter().any(|p| p.oid == k.parentid))
            .map(|k| ForeignKey::compile(c, k).map(Arc::new))
            .collect::<PgResult<_>>()?;
        let referencing = rel
            .referencing
            .iter()
            .filter(enforced)
            .filter(|k| !rel.referencing.iter().any(|p| p.oid == k.parentid))
            .map(|k| ForeignKey::compile(c, k).map(Arc::new))
            .collect::<PgResult<_>>()?;
        let stored = rel.constraints.iter().filter_map(|k| k.expr.as_ref());
        let stored = stored.chain(rel.attrs.iter().filter_map(|a| a.default.as_ref()));
        let mut reads_system = false;
        for expr in stored {
            expr.any(&mut |e| {
                reads_system |= matches!(e, Expr::Var(v) if v.varattno < 0);
                reads_system
            });
        }
        Ok(Target {
            reads_system,
            rel: rel.clone(),
            heap: Heap::new(desc),
            indexes,
            checks: checks.into(),
            not_null: not_null.into(),
            generated: generated.into(),
            foreign_keys,
            referencing,
            key_columns: key_columns.into(),
            triggers,
        })
    }

    /// A partitioned table: its rows go to partitions, which bring their own constraints and indexes. The
    /// heap is never touched.
    fn routing(rel: &Arc<RelationDesc>, triggers: Option<Arc<Triggers>>) -> Target {
        let desc =
            TableDesc { sid: StorageId(0), layout: RowLayout::new(&[]), missing: Vec::new() };
        Target {
            rel: rel.clone(),
            heap: Heap::new(Arc::new(desc)),
            indexes: Box::new([]),
            checks: Box::new([]),
            not_null: Box::new([]),
            generated: Box::new([]),
            foreign_keys: Box::new([]),
            referencing: Box::new([]),
            key_columns: Box::new([]),
            reads_system: false,
            triggers,
        }
    }

    /// Whether rows are routed to partitions.
    pub(crate) fn is_routing(&self) -> bool {
        matches!(self.rel.relkind, 'p' | 'v')
    }

    /// Compiles a target while a plan runs (referential actions).
    pub(crate) fn compile_late(cx: &mut Cx<'_>, rel: &Arc<RelationDesc>) -> PgResult<Target> {
        let mut c = ExprCompiler::resume(
            cx.session,
            cx.catalog,
            cx.es.fn_caches.len() as u32,
            cx.es.case_values.len() as u32,
        );
        let target = Target::compile(&mut c, rel)?;
        let counts = c.counts();
        cx.es.reserve_slots(counts);
        Ok(target)
    }

    /// Number of attributes, dropped ones included.
    pub(crate) fn width(&self) -> usize {
        self.rel.attrs.len()
    }

    /// Computes stored generated columns.
    pub(crate) fn generate(&self, cx: &mut Cx<'_>, values: &mut [Datum]) -> PgResult<()> {
        for (att, expr) in &self.generated {
            let value = match self.with_system_columns(values) {
                Some(row) => expr.eval(&Rows::scan(RowView::Slice(&row)), cx)?,
                None => expr.eval(&Rows::scan(RowView::Slice(values)), cx)?,
            };
            values[*att as usize] = value;
        }
        Ok(())
    }

    /// A row that is not stored yet with its system columns, if an expression of the table reads them.
    pub(crate) fn with_system_columns(&self, values: &[Datum]) -> Option<Vec<Datum>> {
        self.reads_system.then(|| slot_of(&self.rel, values.to_vec(), Rowid(0), 0))
    }

    /// Adds a row that has passed its checks, with its index entries; its id.
    pub(crate) fn store(
        &self,
        cx: &mut Cx<'_>,
        encoder: &mut KeyEncoder,
        values: &[Datum],
    ) -> PgResult<Rowid> {
        let txn = cx.es.txn().clone();
        let rowid = self.heap.insert(&txn, encoder, values)?;
        self.store_entries(cx, encoder, rowid, values)?;
        Ok(rowid)
    }

    /// Adds the index entries of a new row and notes its foreign keys.
    pub(crate) fn store_entries(
        &self,
        cx: &mut Cx<'_>,
        encoder: &mut KeyEncoder,
        rowid: Rowid,
        values: &[Datum],
    ) -> PgResult<()> {
        for index in &self.indexes {
            index.add(self, cx, encoder, values, rowid)?;
        }
        for key in &self.foreign_keys {
            key.row_added(self, cx, rowid, values)?;
        }
        Ok(())
    }

    /// Replaces a locked row that has passed its checks.
    pub(crate) fn replace(
        &self,
        cx: &mut Cx<'_>,
        encoder: &mut KeyEncoder,
        rowid: Rowid,
        old: &[Datum],
        new: &[Datum],
    ) -> PgResult<()> {
        let txn = cx.es.txn().clone();
        self.heap.update(&txn, encoder, rowid, new)?;
        for index in &self.indexes {
            index.change(self, cx, encoder, old, new, rowid)?;
        }
        for key in &self.foreign_keys {
            key.row_changed(self, cx, rowid, old, new)?;
        }
        for key in &self.referencing {
            key.key_changed(self, cx, old, Some(new))?;
        }
        Ok(())
    }

    /// Removes a locked row.
    pub(crate) fn remove(
        &self,
        cx: &mut Cx<'_>,
        encoder: &mut KeyEncoder,
        rowid: Rowid,
        old: &[Datum],
    ) -> PgResult<()> {
        let txn = cx.es.txn().clone();
        for index in &self.indexes {
            index.remove(cx, encoder, old, rowid)?;
        }
        self.heap.delete(&txn, rowid)?;
        for key in &self.referencing {
            key.key_changed(self, cx, old, None)?;
        }
        Ok(())
    }

    /// Whether an update changes a column that foreign keys may refer to.
    pub(crate) fn changes_key(&self, old: &[Datum], new: &[Datum]) -> bool {
        self.key_columns.iter().any(|c| !super::same_datum(&old[*c as usize], &new[*c as usize]))
    }

    /// The target's schema, for the fields of an error.
    pub(crate) fn schema(&self, cx: &Cx<'_>) -> String {
        cx.catalog.namespace_name(self.rel.namespace).ok().flatten().unwrap_or_default()
    }
}

fn cannot_change(rel: &RelationDesc) -> PgError {
    match rel.relkind {
        'f' => error::not_supported!("changing rows of foreign tables"),
        'S' => err!(WRONG_OBJECT_TYPE, "cannot change sequence \"{}\"", rel.name),
        't' => err!(WRONG_OBJECT_TYPE, "cannot change TOAST relation \"{}\"", rel.name),
        'v' => err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "cannot change view \"{}\"", rel.name),
        'm' => err!(WRONG_OBJECT_TYPE, "cannot change materialized view \"{}\"", rel.name),
        _ => err!(WRONG_OBJECT_TYPE, "cannot change relation \"{}\"", rel.name),
    }
}

/// Columns (from 0) that expressions over a relation numbered 1 read.
pub(crate) fn columns_read(exprs: &[Expr], width: usize) -> Vec<u16> {
    let mut columns = Vec::new();
    for expr in exprs {
        expr.any(&mut |e| {
            if let Expr::Var(v) = e {
                match v.varattno {
                    0 => columns.extend(0..width as u16),
                    n if n > 0 => columns.push(n as u16 - 1),
                    _ => {}
                }
            }
            false
        });
    }
    columns.sort_unstable();
    columns.dedup();
    columns
}
