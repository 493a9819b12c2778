//! Names to range table entries and columns.
use crate::parse_state::{Analyzer, ExprKind, NsColumn, NsItem};
use catalog::rows::RelationDesc;
use error::{PgResult, bail, err};
use nodes::{Expr, RTEPermissionInfo, RangeTblEntry, RteKind, Var, VarReturningType, acl, sysattr};
use parser::ast::{self, RangeVar};
use std::sync::Arc;
use types::{Oid, type_oid as t};

const SYSTEM_COLUMNS: [(&str, i16, Oid); 6] = [
    ("ctid", sysattr::CTID, t::TID),
    ("xmin", sysattr::XMIN, t::XID),
    ("cmin", sysattr::CMIN, t::CID),
    ("xmax", sysattr::XMAX, t::XID),
    ("cmax", sysattr::CMAX, t::CID),
    ("tableoid", sysattr::TABLEOID, t::OID),
];

/// Name of a system column.
pub(crate) fn system_attr_name(num: i16) -> &'static str {
    SYSTEM_COLUMNS.iter().find(|(_, n, _)| *n == num).map_or("?", |(name, _, _)| name)
}

/// Number and type of a system column by name.
pub(crate) fn system_attr(name: &str) -> Option<(i16, Oid)> {
    SYSTEM_COLUMNS.iter().find(|(n, _, _)| *n == name).map(|(_, num, typ)| (*num, *typ))
}

/// Adds a column to a sorted set of them.
pub(crate) fn add_column(set: &mut Vec<i16>, column: i16) {
    if let Err(at) = set.binary_search(&column) {
        set.insert(at, column);
    }
}

impl Analyzer<'_> {
    /// OID of a relation by name, `None` if there is none.
    pub(crate) fn rangevar_relid(&self, rv: &RangeVar) -> PgResult<Option<Oid>> {
        if let Some(catalog) = &rv.catalogname {
            if *catalog != self.session.database_name() {
                bail!(
                    FEATURE_NOT_SUPPORTED,
                    "cross-database references are not implemented: \"{}\"",
                    rv.display_name()
                );
            }
        }
        match &rv.schemaname {
            Some(schema) => {
                let namespace = match schema.as_str() {
                    "pg_temp" => self.catalog.temp_namespace(),
                    name => self.catalog.lookup_namespace(name)?,
                };
                match namespace {
                    Some(namespace) => self.catalog.lookup_relation(namespace, &rv.relname),
                    None => Ok(None),
                }
            }
            None => self.catalog.relation_in_path(&rv.relname),
        }
    }

    /// Finds and locks a table.
    pub(crate) fn parser_open_table(
        &mut self,
        rv: &RangeVar,
        lockmode: i32,
    ) -> PgResult<Arc<RelationDesc>> {
        let relid = self.rangevar_relid(rv).map_err(|e| e.at_if_unset(rv.location))?;
        let Some(relid) = relid else {
            return Err(self.relation_missing(rv));
        };
        self.locker.lock_relation(relid, lockmode).map_err(|e| e.at_if_unset(rv.location))?;
        let Some(relation) = self.catalog.relation(relid)? else {
            // Dropped while waiting for the lock.
            return Err(self.relation_missing(rv));
        };
        let unsupported = match relation.relkind {
            'i' => "This operation is not supported for indexes.",
            'I' => "This operation is not supported for partitioned indexes.",
            'c' => "This operation is not supported for composite types.",
            _ => return Ok(relation),
        };
        Err(err!(WRONG_OBJECT_TYPE, "cannot open relation \"{}\"", relation.name)
            .detail(unsupported)
            .at(rv.location))
    }

    fn relation_missing(&self, rv: &RangeVar) -> error::PgError {
        if let Some(schema) = &rv.schemaname {
            return err!(UNDEFINED_TABLE, "relation \"{schema}.{}\" does not exist", rv.relname)
                .at(rv.location);
        }
        let e = err!(UNDEFINED_TABLE, "relation \"{}\" does not exist", rv.relname).at(rv.location);
        let is_future = self.levels.iter().any(|level| level.future_ctes.contains(&rv.relname));
        if is_future {
            e.detail(format!(
                "There is a WITH item named \"{}\", but it cannot be referenced from this part of \
                 the query.",
                rv.relname
            ))
            .hint("Use WITH RECURSIVE, or re-order the WITH items to remove forward references.")
        } else {
            e
        }
    }

    /// Finds a table name in scope.
    pub(crate) fn refname_nsitem(
        &self,
        schema: Option<&str>,
        refname: &str,
        location: i32,
    ) -> PgResult<Option<(NsItem, u32)>> {
        let relid = match schema {
            None => None,
            Some(schema) => {
                let Some(namespace) = self.catalog.lookup_namespace(schema)? else {
                    return Ok(None);
                };
                match self.catalog.lookup_relation(namespace, refname)? {
                    Some(relid) => Some(relid),
                    None => return Ok(None),
                }
            }
        };
        for up in 0..self.levels.len() as u32 {
            if let Some(item) = self.scan_namespace(up, refname, relid, location)? {
                return Ok(Some((item, up)));
            }
        }
        Ok(None)
    }

    fn scan_namespace(
        &self,
        up: u32,
        refname: &str,
        relid: Option<Oid>,
        location: i32,
    ) -> PgResult<Option<NsItem>> {
        let level = self.level(up);
        let mut found: Option<&NsItem> = None;
        for item in &level.namespace {
            if !item.rel_visible || item.lateral_only && !level.lateral_active {
                continue;
            }
            let matches = match relid {
                None => item.names.aliasname == refname,
                // A schema-qualified name means an unaliased table.
                Some(relid) => {
                    let rte = &level.rtable[(item.rtindex - 1) as usize];
                    item.returning_type == VarReturningType::Default
                        && rte.alias.is_none()
                        && matches!(rte.kind, RteKind::Relation { relid: r, .. } if r == relid)
                }
            };
            if !matches {
                continue;
            }
            if found.is_some() {
                let shown = match relid {
                    Some(relid) => format!("table reference {relid} is ambiguous"),
                    None => format!("table reference \"{refname}\" is ambiguous"),
                };
                return Err(err!(AMBIGUOUS_ALIAS, "{shown}").at(location));
            }
            self.check_lateral_ref(item, up, location)?;
            found = Some(item);
        }
        Ok(found.cloned())
    }

    fn check_lateral_ref(&self, item: &NsItem, up: u32, location: i32) -> PgResult<()> {
        if !item.lateral_only || item.lateral_ok {
            return Ok(());
        }
        let level = self.level(up);
        let name = &level.rtable[(item.rtindex - 1) as usize].eref.aliasname;
        let e = err!(
            INVALID_COLUMN_REFERENCE,
            "invalid reference to FROM-clause entry for table \"{name}\""
        );
        let is_target =
            level.target_nsitem.as_ref().is_some_and(|target| target.rtindex == item.rtindex);
        Err(if is_target {
            e.hint(format!(
                "There is an entry for table \"{name}\", but it cannot be referenced from this \
                 part of the query."
            ))
        } else {
            e.detail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.")
        }
        .at(location))
    }

    /// A bare column name as a Var; `None` if no table in scope has such a column.
    pub(crate) fn col_name_to_var(
        &mut self,
        name: &str,
        local_only: bool,
        location: i32,
    ) -> PgResult<Option<Expr>> {
        let depth = if local_only { 1 } else { self.levels.len() as u32 };
        for up in 0..depth {
            let mut found: Option<Expr> = None;
            let count = self.level(up).namespace.len();
            for i in 0..count {
                let level = self.level(up);
                let item = &level.namespace[i];
                if !item.cols_visible || item.lateral_only && !level.lateral_active {
                    continue;
                }
                if !self.may_have_column(item, up, name) {
                    continue;
                }
                let item = item.clone();
                let Some(var) = self.scan_nsitem_for_column(&item, up, name, location)? else {
                    continue;
                };
                if found.is_some() {
                    return Err(err!(AMBIGUOUS_COLUMN, "column reference \"{name}\" is ambiguous")
                        .at(location));
                }
                self.check_lateral_ref(&item, up, location)?;
                found = Some(var);
            }
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn may_have_column(&self, item: &NsItem, _up: u32, name: &str) -> bool {
        item.names.colnames.iter().any(|n| n == name) || system_attr(name).is_some()
    }

    /// A column of one table in scope as a Var, system columns included; marks it as read.
    pub(crate) fn scan_nsitem_for_column(
        &mut self,
        item: &NsItem,
        levels_up: u32,
        name: &str,
        location: i32,
    ) -> PgResult<Option<Expr>> {
        let mut attnum = 0i16;
        for (i, column) in item.names.colnames.iter().enumerate() {
            if column == name && !column.is_empty() {
                if attnum != 0 {
                    return Err(err!(AMBIGUOUS_COLUMN, "column reference \"{name}\" is ambiguous")
                        .at(location));
                }
                attnum = i as i16 + 1;
            }
        }
        if attnum == 0 {
            let rte = &self.level(levels_up).rtable[(item.rtindex - 1) as usize];
            if let RteKind::Relation { relkind, .. } = rte.kind {
                if let Some((num, _)) = system_attr(name) {
                    // Views and the like have no system columns.
                    if matches!(relkind, 'r' | 'm' | 't' | 'p' | 'f' | 'S') {
                        attnum = num;
                    }
                }
            }
        }
        if attnum == 0 {
            return Ok(None);
        }
        if attnum < 0 {
            self.check_system_column_use(attnum, name, location)?;
        }
        let var = if attnum > 0 {
            let column = &item.columns[attnum as usize - 1];
            if column.varno == 0 {
                return Err(err!(
                    UNDEFINED_COLUMN,
                    "column \"{name}\" of relation \"{}\" does not exist",
                    item.names.aliasname
                )
                .at(location));
            }
            self.var_from_column(column, levels_up, item.returning_type, location)
        } else {
            let (_, typ) = system_attr(name).unwrap_or((0, t::OID));
            Var {
                varno: item.rtindex,
                varattno: attnum,
                vartype: typ,
                vartypmod: -1,
                varcollid: Oid::INVALID,
                varnullingrels: Vec::new(),
                varlevelsup: levels_up,
                varreturningtype: item.returning_type,
                varnosyn: item.rtindex,
                varattnosyn: attnum,
                location,
            }
        };
        Ok(Some(self.finish_var(var)))
    }

    fn check_system_column_use(&self, attnum: i16, name: &str, location: i32) -> PgResult<()> {
        let kind = self.ps().expr_kind;
        let message = match kind {
            ExprKind::CheckConstraint if attnum != sysattr::TABLEOID => {
                format!("system column \"{name}\" reference in check constraint is invalid")
            }
            ExprKind::GeneratedColumn if attnum != sysattr::TABLEOID => {
                format!("cannot use system column \"{name}\" in column generation expression")
            }
            ExprKind::MergeWhen if attnum != sysattr::TABLEOID => {
                format!("cannot use system column \"{name}\" in MERGE WHEN condition")
            }
            _ => return Ok(()),
        };
        Err(err!(INVALID_COLUMN_REFERENCE, "{message}").at(location))
    }

    pub(crate) fn var_from_column(
        &self,
        column: &NsColumn,
        levels_up: u32,
        returning_type: VarReturningType,
        location: i32,
    ) -> Var {
        Var {
            varno: column.varno,
            varattno: column.varattno,
            vartype: column.vartype,
            vartypmod: column.vartypmod,
            varcollid: column.varcollid,
            varnullingrels: Vec::new(),
            varlevelsup: levels_up,
            varreturningtype: returning_type,
            varnosyn: column.varnosyn,
            varattnosyn: column.varattnosyn,
            location,
        }
    }

    /// Notes outer joins and read permission for a fresh Var; OLD and NEW get their wrapper.
    pub(crate) fn finish_var(&mut self, mut var: Var) -> Expr {
        self.mark_nullable_if_needed(&mut var);
        self.mark_var_for_select(&var);
        Expr::Var(var)
    }

    pub(crate) fn mark_nullable_if_needed(&self, var: &mut Var) {
        let level = self.level(var.varlevelsup);
        if let Some(rels) = level.nullingrels.get((var.varno - 1) as usize) {
            for rel in rels {
                if let Err(at) = var.varnullingrels.binary_search(rel) {
                    var.varnullingrels.insert(at, *rel);
                }
            }
        }
    }

    /// The Var (or whole row) is read: SELECT permission on its column is needed.
    pub(crate) fn mark_var_for_select(&mut self, var: &Var) {
        self.mark_rte_for_select(var.varlevelsup, var.varno, var.varattno);
    }

    fn mark_rte_for_select(&mut self, up: u32, rtindex: i32, attno: i16) {
        let level = self.level_mut(up);
        let rte = &level.rtable[(rtindex - 1) as usize];
        match &rte.kind {
            RteKind::Relation { perminfoindex, .. } if *perminfoindex > 0 => {
                let info = &mut level.rteperminfos[(*perminfoindex - 1) as usize];
                info.required_perms |= acl::SELECT;
                add_column(&mut info.selected_cols, attno);
            }
            RteKind::Join { .. } if attno == 0 => {
                // A whole row of a join reads whole rows of what it joins.
                let members: Vec<i32> = level
                    .join_members
                    .iter()
                    .find(|(rti, _)| *rti == rtindex)
                    .map(|(_, members)| members.clone())
                    .unwrap_or_default();
                for member in members {
                    self.mark_rte_for_select(up, member, 0);
                }
            }
            _ => {}
        }
    }

    /// The name space entry behind a Var.
    pub(crate) fn nsitem_of_var(&self, var: &Var) -> Option<NsItem> {
        self.level(var.varlevelsup)
            .namespace
            .iter()
            .chain(self.level(var.varlevelsup).target_nsitem.iter())
            .find(|item| item.rtindex == var.varno && item.returning_type == var.varreturningtype)
            .cloned()
    }

    /// Vars for all columns of a range table entry, dropped ones left out.
    pub(crate) fn expand_rte_vars(
        &mut self,
        rtindex: i32,
        levels_up: u32,
        location: i32,
    ) -> PgResult<Vec<Expr>> {
        let item =
            self.level(levels_up).namespace.iter().find(|item| item.rtindex == rtindex).cloned();
        let Some(item) = item else {
            return Err(error::PgError::internal("whole-row Var of a relation out of scope"));
        };
        Ok(self
            .expand_nsitem_vars(&item, levels_up, location)
            .into_iter()
            .map(|(_, e)| e)
            .collect())
    }

    /// Names and Vars of all columns of a name space entry.
    pub(crate) fn expand_nsitem_vars(
        &mut self,
        item: &NsItem,
        levels_up: u32,
        location: i32,
    ) -> Vec<(String, Expr)> {
        let mut vars = Vec::with_capacity(item.columns.len());
        let item_columns = item.columns.clone();
        for (column, name) in item_columns.iter().zip(&item.names.colnames) {
            if column.varno == 0 || column.dontexpand || name.is_empty() {
                continue;
            }
            let mut var = self.var_from_column(column, levels_up, item.returning_type, location);
            self.mark_nullable_if_needed(&mut var);
            vars.push((name.clone(), Expr::Var(var)));
        }
        vars
    }

    /// A reference to a whole row.
    pub(crate) fn transform_whole_row_ref(
        &mut self,
        item: &NsItem,
        levels_up: u32,
        location: i32,
    ) -> PgResult<Expr> {
        let rte = self.level(levels_up).rtable[(item.rtindex - 1) as usize].clone();
        let full_width = item.columns.len() == rte.eref.colnames.len()
            || !matches!(rte.kind, RteKind::Join { .. });
        let same_names = std::ptr::eq(item.names.as_ref(), &rte.eref)
            || item.names.colnames.len() >= rte.eref.colnames.len();
        if full_width && same_names {
            let mut var = self.make_whole_row_var(&rte, item.rtindex, levels_up)?;
            var.location = location;
            var.varreturningtype = item.returning_type;
            self.mark_nullable_if_needed(&mut var);
            self.mark_var_for_select(&var);
            return Ok(Expr::Var(var));
        }
        // The alias of JOIN … USING () AS a: only the merged columns.
        let columns = self.expand_nsitem_vars(item, levels_up, -1);
        let mut args = Vec::new();
        let mut colnames = Vec::new();
        for (name, expr) in columns {
            if let Expr::Var(v) = &expr {
                self.mark_var_for_select(v);
            }
            colnames.push(name);
            args.push(expr);
        }
        Ok(Expr::RowExpr(Box::new(nodes::RowExpr {
            args,
            row_typeid: t::RECORD,
            row_format: nodes::CoercionForm::ImplicitCast,
            colnames,
            location,
        })))
    }

    /// A whole-row Var with the row type that its range table entry has.
    pub(crate) fn make_whole_row_var(
        &self,
        rte: &RangeTblEntry,
        rtindex: i32,
        levels_up: u32,
    ) -> PgResult<Var> {
        let mut attno = 0;
        let vartype = match &rte.kind {
            RteKind::Relation { relid, .. } => {
                let relation = self.catalog.get_relation(*relid)?;
                if !relation.reltype.is_valid() {
                    bail!(
                        WRONG_OBJECT_TYPE,
                        "relation \"{}\" does not have a composite type",
                        relation.name
                    );
                }
                relation.reltype
            }
            RteKind::Subquery { view: Some((relid, _)), .. } => {
                self.catalog.get_relation(*relid)?.reltype
            }
            RteKind::Function { functions, funcordinality } => {
                if functions.len() > 1 || *funcordinality {
                    t::RECORD
                } else {
                    let typ = functions[0].funcexpr.typ();
                    if self.type_is_rowtype(typ)? {
                        typ
                    } else {
                        // A scalar function's "row" is its value.
                        attno = 1;
                        typ
                    }
                }
            }
            RteKind::NamedTuplestore { relid, .. } if relid.is_valid() => {
                self.catalog.get_relation(*relid)?.reltype
            }
            _ => t::RECORD,
        };
        let collation = if attno == 1 { self.type_collation(vartype)? } else { Oid::INVALID };
        Ok(Var {
            varno: rtindex,
            varattno: attno,
            vartype,
            vartypmod: -1,
            varcollid: collation,
            varnullingrels: Vec::new(),
            varlevelsup: levels_up,
            varreturningtype: VarReturningType::Default,
            varnosyn: rtindex,
            varattnosyn: attno,
            location: -1,
        })
    }

    /// Adds items to the current scope; names must not clash.
    pub(crate) fn check_namespace_conflicts(
        &self,
        left: &[NsItem],
        right: &[NsItem],
    ) -> PgResult<()> {
        let rte = |item: &NsItem| &self.ps().rtable[(item.rtindex - 1) as usize];
        for a in left.iter().filter(|i| i.rel_visible) {
            let rte1 = rte(a);
            for b in right.iter().filter(|i| i.rel_visible) {
                if a.names.aliasname != b.names.aliasname {
                    continue;
                }
                // Two unaliased tables of different schemas may share a name.
                let rte2 = rte(b);
                if let (
                    RteKind::Relation { relid: r1, .. },
                    RteKind::Relation { relid: r2, .. },
                    None,
                    None,
                ) = (&rte1.kind, &rte2.kind, &rte1.alias, &rte2.alias)
                {
                    if r1 != r2 {
                        continue;
                    }
                }
                bail!(
                    DUPLICATE_ALIAS,
                    "table name \"{}\" specified more than once",
                    a.names.aliasname
                );
            }
        }
        Ok(())
    }

    /// Adds a permission entry for a relation RTE and gives its 1-based index.
    pub(crate) fn add_perminfo(&mut self, relid: Oid, inh: bool, perms: u64) -> u32 {
        let infos = &mut self.ps_mut().rteperminfos;
        infos.push(RTEPermissionInfo {
            relid,
            inh,
            required_perms: perms,
            check_as_user: Oid::INVALID,
            selected_cols: Vec::new(),
            inserted_cols: Vec::new(),
            updated_cols: Vec::new(),
        });
        infos.len() as u32
    }

    /// Row locking clause in force for a table about to be opened.
    pub(crate) fn is_locked_refname(&self, refname: Option<&str>) -> bool {
        if self.ps().locked_from_parent {
            return true;
        }
        self.ps().locking_clause.iter().any(|lc| {
            lc.locked_rels.is_empty()
                || lc.locked_rels.iter().any(|rv| Some(rv.relname.as_str()) == refname)
        })
    }
}

/// A range variable for a bare name, for error messages.
pub(crate) fn bare_range_var(schema: Option<&str>, name: &str, location: i32) -> RangeVar {
    ast::RangeVar::new(schema.map(str::to_owned), name, location)
}
