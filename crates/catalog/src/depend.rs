//! Dependencies between objects: recording them, also those of expressions and queries.
use crate::read::CatalogRead;
use crate::schema::*;
use crate::session::Catalog;
use crate::write::RowBuilder;
use error::PgResult;
use nodes::{Expr, Query, RteKind};
use std::collections::BTreeSet;
use types::{Datum, Oid, type_oid as t};

/// An object: catalog, OID, and for a relation's column its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectAddress {
    /// OID of the catalog.
    pub class: Oid,
    /// OID of the object.
    pub object: Oid,
    /// Column number, 0 for the whole object.
    pub sub: i32,
}

impl ObjectAddress {
    /// A whole object.
    pub fn new(class: Oid, object: Oid) -> Self {
        ObjectAddress { class, object, sub: 0 }
    }
    /// A relation.
    pub fn relation(oid: Oid) -> Self {
        Self::new(pg_class::RELID, oid)
    }
    /// A column.
    pub fn column(relid: Oid, attnum: i16) -> Self {
        ObjectAddress { class: pg_class::RELID, object: relid, sub: i32::from(attnum) }
    }
    /// A type.
    pub fn typ(oid: Oid) -> Self {
        Self::new(pg_type::RELID, oid)
    }
    /// A function.
    pub fn proc_(oid: Oid) -> Self {
        Self::new(pg_proc::RELID, oid)
    }
    /// A schema.
    pub fn namespace(oid: Oid) -> Self {
        Self::new(pg_namespace::RELID, oid)
    }
    /// A constraint.
    pub fn constraint(oid: Oid) -> Self {
        Self::new(pg_constraint::RELID, oid)
    }
}

/// Kinds of dependencies (`pg_depend.deptype`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DependencyKind {
    /// The depender is dropped only with CASCADE.
    Normal,
    /// The depender is dropped with the object.
    Auto,
    /// The depender is part of the object.
    Internal,
    /// Part of a partitioned object.
    PartitionPrimary,
    /// Part of its table besides.
    PartitionSecondary,
    /// Member of an extension.
    Extension,
    /// Dropped with the extension it needs.
    AutoExtension,
}

impl DependencyKind {
    /// The letter in pg_depend.
    pub fn letter(self) -> char {
        match self {
            DependencyKind::Normal => 'n',
            DependencyKind::Auto => 'a',
            DependencyKind::Internal => 'i',
            DependencyKind::PartitionPrimary => 'P',
            DependencyKind::PartitionSecondary => 'S',
            DependencyKind::Extension => 'e',
            DependencyKind::AutoExtension => 'x',
        }
    }
}

/// Kinds of dependencies on shared objects (`pg_shdepend.deptype`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedDependencyKind {
    /// The role owns the object.
    Owner,
    /// The role is in the object's ACL.
    Acl,
    /// The role is in the object's initial ACL.
    InitAcl,
    /// The role is named by a policy.
    Policy,
    /// The object lies in the tablespace.
    Tablespace,
}

impl SharedDependencyKind {
    /// The letter in pg_shdepend.
    pub fn letter(self) -> char {
        match self {
            SharedDependencyKind::Owner => 'o',
            SharedDependencyKind::Acl => 'a',
            SharedDependencyKind::InitAcl => 'i',
            SharedDependencyKind::Policy => 'r',
            SharedDependencyKind::Tablespace => 't',
        }
    }
}

const FIRST_UNPINNED: u32 = 12000;

/// Whether an object can never be dropped, so that dependencies on it need no record.
pub fn is_pinned(object: &ObjectAddress) -> bool {
    object.object.0 < FIRST_UNPINNED
        && object.class != pg_largeobject::RELID
        && object.class != pg_database::RELID
        && !(object.class == pg_namespace::RELID && object.object == crate::image::PG_PUBLIC)
}

/// Objects an expression or query refers to.
#[derive(Default)]
pub struct References {
    found: BTreeSet<ObjectAddress>,
}

impl References {
    /// Adds what an expression refers to. `rtables` are the range tables of the enclosing queries,
    /// innermost last.
    pub fn add_expr(&mut self, expr: &Expr, rtables: &mut Vec<Vec<nodes::RangeTblEntry>>) {
        let mut put = |class: Oid, object: Oid| {
            if object.is_valid() {
                self.found.insert(ObjectAddress::new(class, object));
            }
        };
        match expr {
            Expr::Var(v) => {
                let level = rtables.len().checked_sub(1 + v.varlevelsup as usize);
                let rte = level
                    .and_then(|l| rtables.get(l))
                    .and_then(|r| r.get((v.varno as usize).wrapping_sub(1)));
                match rte.map(|r| &r.kind) {
                    Some(RteKind::Relation { relid, .. }) => {
                        let column = ObjectAddress::column(*relid, v.varattno.max(0));
                        self.found.insert(column);
                    }
                    Some(RteKind::Join { joinaliasvars, .. }) => {
                        let var = (v.varattno as usize)
                            .checked_sub(1)
                            .and_then(|i| joinaliasvars.get(i))
                            .cloned();
                        if let Some(var) = var {
                            // The alias lives at the join's own level.
                            let inner = rtables.split_off(rtables.len() - v.varlevelsup as usize);
                            self.add_expr(&var, rtables);
                            rtables.extend(inner);
                        }
                    }
                    _ => {}
                }
            }
            Expr::Const(c) => {
                put(pg_type::RELID, c.consttype);
                put(pg_collation::RELID, c.constcollid);
                if let Datum::Oid(oid) = &c.value {
                    match c.consttype {
                        t::REGPROC | t::REGPROCEDURE => put(pg_proc::RELID, *oid),
                        t::REGOPER | t::REGOPERATOR => put(pg_operator::RELID, *oid),
                        t::REGCLASS => put(pg_class::RELID, *oid),
                        t::REGTYPE => put(pg_type::RELID, *oid),
                        t::REGCOLLATION => put(pg_collation::RELID, *oid),
                        t::REGCONFIG => put(pg_ts_config::RELID, *oid),
                        t::REGDICTIONARY => put(pg_ts_dict::RELID, *oid),
                        t::REGNAMESPACE => put(pg_namespace::RELID, *oid),
                        _ => {}
                    }
                }
            }
            Expr::Param(p) => {
                put(pg_type::RELID, p.paramtype);
                put(pg_collation::RELID, p.paramcollid);
            }
            Expr::FuncExpr(f) => put(pg_proc::RELID, f.funcid),
            Expr::OpExpr(o) | Expr::DistinctExpr(o) | Expr::NullIfExpr(o) => {
                put(pg_operator::RELID, o.opno);
            }
            Expr::ScalarArrayOpExpr(o) => put(pg_operator::RELID, o.opno),
            Expr::Aggref(a) => {
                put(pg_proc::RELID, a.aggfnoid);
                for clause in a.aggorder.iter().chain(&a.aggdistinct) {
                    put(pg_operator::RELID, clause.eqop);
                    put(pg_operator::RELID, clause.sortop);
                }
            }
            Expr::WindowFunc(w) => put(pg_proc::RELID, w.winfnoid),
            Expr::RelabelType(r) => {
                put(pg_type::RELID, r.resulttype);
                put(pg_collation::RELID, r.resultcollid);
            }
            Expr::CoerceViaIO(c) => {
                put(pg_type::RELID, c.resulttype);
                put(pg_collation::RELID, c.resultcollid);
            }
            Expr::ArrayCoerceExpr(c) => {
                put(pg_type::RELID, c.resulttype);
                put(pg_collation::RELID, c.resultcollid);
            }
            Expr::ConvertRowtypeExpr(c) => put(pg_type::RELID, c.resulttype),
            Expr::CollateExpr(c) => put(pg_collation::RELID, c.coll_oid),
            Expr::RowExpr(r) => put(pg_type::RELID, r.row_typeid),
            Expr::FieldSelect(f) => {
                put(pg_type::RELID, f.resulttype);
                put(pg_collation::RELID, f.resultcollid);
            }
            Expr::CoerceToDomain(c) => put(pg_type::RELID, c.resulttype),
            Expr::NextValueExpr(n) => put(pg_class::RELID, n.seqid),
            Expr::RowCompareExpr(r) => {
                for op in &r.opnos {
                    put(pg_operator::RELID, *op);
                }
                for family in &r.opfamilies {
                    put(pg_opfamily::RELID, *family);
                }
            }
            Expr::SubLink(s) => self.add_query(&s.subselect, rtables),
            _ => {}
        }
        expr.for_each_child(&mut |child| self.add_expr(child, rtables));
    }

    /// Adds what a query refers to.
    pub fn add_query(&mut self, query: &Query, rtables: &mut Vec<Vec<nodes::RangeTblEntry>>) {
        rtables.push(query.rtable.clone());
        for rte in &query.rtable {
            match &rte.kind {
                RteKind::Relation { relid, .. } => {
                    self.found.insert(ObjectAddress::relation(*relid));
                }
                RteKind::Subquery { subquery, view, .. } => {
                    if let Some((view, _)) = view {
                        self.found.insert(ObjectAddress::relation(*view));
                    }
                    self.add_query(subquery, rtables);
                }
                RteKind::Function { functions, .. } => {
                    for f in functions {
                        for typ in &f.funccoltypes {
                            self.found.insert(ObjectAddress::typ(*typ));
                        }
                    }
                }
                _ => {}
            }
            rte.kind.for_each_expr(&mut |e| self.add_expr(e, rtables));
        }
        for cte in &query.cte_list {
            self.add_query(&cte.ctequery, rtables);
        }
        let clauses =
            query.sort_clause.iter().chain(&query.group_clause).chain(&query.distinct_clause);
        for clause in clauses {
            for op in [clause.eqop, clause.sortop] {
                if op.is_valid() {
                    self.found.insert(ObjectAddress::new(pg_operator::RELID, op));
                }
            }
        }
        for constraint in &query.constraint_deps {
            self.found.insert(ObjectAddress::constraint(*constraint));
        }
        query.for_each_expr(&mut |e| self.add_expr(e, rtables));
        rtables.pop();
    }

    /// The objects, each once; a whole relation is left out if a column of it is there.
    pub fn into_objects(self) -> Vec<ObjectAddress> {
        let columns: BTreeSet<(Oid, Oid)> =
            self.found.iter().filter(|o| o.sub != 0).map(|o| (o.class, o.object)).collect();
        self.found
            .into_iter()
            .filter(|o| o.sub != 0 || !columns.contains(&(o.class, o.object)))
            .collect()
    }
}

impl Catalog {
    /// Records that `depender` depends on `referenced`.
    pub fn record_dependency(
        &self,
        depender: ObjectAddress,
        referenced: ObjectAddress,
        kind: DependencyKind,
    ) -> PgResult<()> {
        if is_pinned(&referenced) || !referenced.object.is_valid() {
            return Ok(());
        }
        RowBuilder::new(pg_depend::RELID)
            .set(pg_depend::CLASSID, depender.class)
            .set(pg_depend::OBJID, depender.object)
            .set(pg_depend::OBJSUBID, depender.sub)
            .set(pg_depend::REFCLASSID, referenced.class)
            .set(pg_depend::REFOBJID, referenced.object)
            .set(pg_depend::REFOBJSUBID, referenced.sub)
            .set(pg_depend::DEPTYPE, kind.letter())
            .insert(self)
    }

    /// Records dependencies on several objects.
    pub fn record_dependencies(
        &self,
        depender: ObjectAddress,
        referenced: &[ObjectAddress],
        kind: DependencyKind,
    ) -> PgResult<()> {
        referenced.iter().try_for_each(|r| self.record_dependency(depender, *r, kind))
    }

    /// Records what expressions over one relation (Var varno 1) refer to. Columns of that relation itself
    /// get `self_kind`.
    pub fn record_expr_dependencies(
        &self,
        depender: ObjectAddress,
        exprs: &[&Expr],
        relid: Oid,
        kind: DependencyKind,
        self_kind: DependencyKind,
    ) -> PgResult<()> {
        let mut references = References::default();
        let mut rtables = vec![vec![relation_rte(relid)]];
        exprs.iter().for_each(|e| references.add_expr(e, &mut rtables));
        for object in references.into_objects() {
            let own = object.class == pg_class::RELID && object.object == relid;
            // A constraint does not depend on the row it is evaluated for.
            if own && object.sub == 0 && relid.is_valid() {
                continue;
            }
            self.record_dependency(depender, object, if own { self_kind } else { kind })?;
        }
        Ok(())
    }

    /// Records what a query refers to (a view's rule).
    pub fn record_query_dependencies(
        &self,
        depender: ObjectAddress,
        query: &Query,
        kind: DependencyKind,
    ) -> PgResult<()> {
        let mut references = References::default();
        references.add_query(query, &mut Vec::new());
        self.record_dependencies(depender, &references.into_objects(), kind)
    }

    /// Removes what `depender` depends on (of one catalog, if given).
    pub fn delete_dependencies_of(
        &self,
        depender: ObjectAddress,
        referenced_class: Option<Oid>,
    ) -> PgResult<usize> {
        let mut key = vec![Datum::Oid(depender.class), Datum::Oid(depender.object)];
        if depender.sub != 0 {
            key.push(Datum::Int4(depender.sub));
        }
        let mut deleted = 0;
        for row in self.rows_by_index(index::PG_DEPEND_DEPENDER_INDEX, &key)? {
            if referenced_class.is_none_or(|c| row.oid(pg_depend::REFCLASSID) == c) {
                self.delete_row(pg_depend::RELID, &row)?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }

    /// Makes a dependency on one object one on another of the same catalog; returns how many there were.
    pub fn change_dependency(
        &self,
        depender: ObjectAddress,
        referenced_class: Oid,
        old: Oid,
        new: Oid,
    ) -> PgResult<usize> {
        let key = [Datum::Oid(depender.class), Datum::Oid(depender.object)];
        let rows = self.rows_by_index(index::PG_DEPEND_DEPENDER_INDEX, &key)?;
        let (was, is) =
            (ObjectAddress::new(referenced_class, old), ObjectAddress::new(referenced_class, new));
        let mut changed = 0;
        for row in rows.iter().filter(|r| {
            r.oid(pg_depend::REFCLASSID) == referenced_class && r.oid(pg_depend::REFOBJID) == old
        }) {
            if is_pinned(&is) {
                self.delete_row(pg_depend::RELID, row)?;
            } else {
                let mut values = row.values.clone();
                values[pg_depend::REFOBJID] = Datum::Oid(new);
                self.update_row(pg_depend::RELID, row, &values)?;
            }
            changed += 1;
        }
        if is_pinned(&was) && !is_pinned(&is) {
            self.record_dependency(depender, is, DependencyKind::Normal)?;
            changed += 1;
        }
        Ok(changed)
    }

    // ---- shared ----

    /// Records that an object depends on a role or tablespace.
    pub fn record_shared_dependency(
        &self,
        depender: ObjectAddress,
        referenced: ObjectAddress,
        kind: SharedDependencyKind,
    ) -> PgResult<()> {
        if is_pinned(&referenced) || !referenced.object.is_valid() {
            return Ok(());
        }
        let database = if is_shared_class(depender.class) { Oid::INVALID } else { self.database() };
        RowBuilder::new(pg_shdepend::RELID)
            .set(pg_shdepend::DBID, database)
            .set(pg_shdepend::CLASSID, depender.class)
            .set(pg_shdepend::OBJID, depender.object)
            .set(pg_shdepend::OBJSUBID, depender.sub)
            .set(pg_shdepend::REFCLASSID, referenced.class)
            .set(pg_shdepend::REFOBJID, referenced.object)
            .set(pg_shdepend::DEPTYPE, kind.letter())
            .insert(self)
    }

    /// Records the owner of a new object.
    pub fn record_owner(&self, object: ObjectAddress, owner: Oid) -> PgResult<()> {
        let role = ObjectAddress::new(pg_authid::RELID, owner);
        self.record_shared_dependency(object, role, SharedDependencyKind::Owner)
    }

    /// Records a change of owner.
    pub fn change_owner_dependency(&self, object: ObjectAddress, owner: Oid) -> PgResult<()> {
        self.delete_shared_dependencies(object, Some(SharedDependencyKind::Owner))?;
        self.record_owner(object, owner)
    }

    /// Records the roles of an ACL anew (the owner is implied).
    pub fn record_acl(
        &self,
        object: ObjectAddress,
        owner: Oid,
        acl: Option<&[crate::rows::AclItem]>,
    ) -> PgResult<()> {
        self.delete_shared_dependencies(object, Some(SharedDependencyKind::Acl))?;
        let mut roles: Vec<Oid> = acl
            .unwrap_or_default()
            .iter()
            .flat_map(|i| [i.grantee, i.grantor])
            .filter(|r| r.is_valid() && *r != owner)
            .collect();
        roles.sort_unstable();
        roles.dedup();
        for role in roles {
            let role = ObjectAddress::new(pg_authid::RELID, role);
            self.record_shared_dependency(object, role, SharedDependencyKind::Acl)?;
        }
        Ok(())
    }

    /// Removes an object's dependencies on shared objects (of one kind, if given).
    pub fn delete_shared_dependencies(
        &self,
        object: ObjectAddress,
        kind: Option<SharedDependencyKind>,
    ) -> PgResult<()> {
        let database = if is_shared_class(object.class) { Oid::INVALID } else { self.database() };
        let key = [Datum::Oid(database), Datum::Oid(object.class), Datum::Oid(object.object)];
        for row in self.rows_by_index(index::PG_SHDEPEND_DEPENDER_INDEX, &key)? {
            let sub =
                matches!(row.values[pg_shdepend::OBJSUBID], Datum::Int4(s) if s == object.sub);
            let fits = kind.is_none_or(|k| {
                matches!(row.values[pg_shdepend::DEPTYPE], Datum::Char(c) if c as char == k.letter())
            });
            if fits && (object.sub == 0 && kind.is_none() || sub) {
                self.delete_row(pg_shdepend::RELID, &row)?;
            }
        }
        Ok(())
    }
}

/// Whether a catalog is shared by all databases.
pub fn is_shared_class(class: Oid) -> bool {
    CatalogSchema::get(class).is_some_and(|c| c.shared)
}

pub(crate) fn relation_rte(relid: Oid) -> nodes::RangeTblEntry {
    nodes::RangeTblEntry {
        kind: match relid.is_valid() {
            true => RteKind::Relation {
                relid,
                relkind: 'r',
                rellockmode: 1,
                perminfoindex: 0,
                tablesample: None,
            },
            false => RteKind::Result,
        },
        alias: None,
        eref: nodes::Alias::default(),
        lateral: false,
        inh: false,
        in_from_cl: true,
        security_quals: Vec::new(),
    }
}
