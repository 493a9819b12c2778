//! `CatalogRead` for the session's handle: each lookup is an index scan behind a cache entry.
use crate::cache::Key;
use crate::image::POSTGRES_DB;
use crate::read::CatalogRead;
use crate::rows::*;
use crate::schema::*;
use crate::session::Catalog;
use crate::views;
use error::{PgError, PgResult};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use types::{Datum, Oid, type_oid as t};

fn oid(oid: Oid) -> Datum {
    Datum::Oid(oid)
}

/// A row of pg_namespace.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PgNamespace {
    pub oid: Oid,
    pub name: String,
    pub owner: Oid,
    pub acl: Option<Vec<AclItem>>,
}

/// A membership of a role in another.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Membership {
    pub oid: Oid,
    pub role: Oid,
    pub member: Oid,
    pub grantor: Oid,
    pub admin: bool,
    pub inherit: bool,
    pub set: bool,
}

/// What a membership must give to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MembershipKind {
    /// Any membership.
    Member,
    /// The role's privileges without SET ROLE.
    Inherit,
    /// SET ROLE.
    Set,
    /// Granting it to others.
    Admin,
}

impl Catalog {
    fn decoded<T: Send + Sync + 'static>(
        &self,
        key: Key,
        index: Oid,
        values: &[Datum],
        decode: impl Fn(&[Datum]) -> T,
    ) -> PgResult<Option<Arc<T>>> {
        self.cached(key, || {
            Ok(self.row_by_index(index, values)?.map(|row| Arc::new(decode(&row.values))))
        })
    }

    fn decoded_list<T: Send + Sync + 'static>(
        &self,
        key: Key,
        index: Oid,
        values: &[Datum],
        decode: impl Fn(&[Datum]) -> T,
    ) -> PgResult<Arc<Vec<Arc<T>>>> {
        self.cached(key, || {
            let rows = self.rows_by_index(index, values)?;
            Ok(Arc::new(rows.iter().map(|row| Arc::new(decode(&row.values))).collect()))
        })
    }

    /// A function with its argument defaults.
    fn decode_proc(&self, row: &[Datum]) -> PgResult<PgProc> {
        let mut proc = PgProc::from_row(row);
        if let Datum::Bytes(stored) = &row[pg_proc::PROARGDEFAULTS] {
            let stored = String::from_utf8_lossy(stored.as_bytes());
            proc.argdefaults = Arc::new(match views::sql_of(&stored) {
                None => nodes::stored::from_stored(&stored)?,
                Some(sql) => {
                    let compiler = self.shared().compiler.read().clone();
                    let first = proc.argtypes.len() - proc.nargdefaults.max(0) as usize;
                    match compiler {
                        Some(c) => {
                            c.compile_exprs(&self.system_handle(), sql, &proc.argtypes[first..])?
                        }
                        None => Vec::new(),
                    }
                }
            });
        }
        Ok(proc)
    }

    /// A schema by OID.
    pub fn lookup_namespace_row(&self, namespace: Oid) -> PgResult<Option<Arc<PgNamespace>>> {
        self.decoded(
            Key::Namespace(namespace),
            index::PG_NAMESPACE_OID_INDEX,
            &[oid(namespace)],
            |row| {
                let r = crate::decode::Row(row);
                PgNamespace {
                    oid: r.oid(pg_namespace::OID),
                    name: r.text(pg_namespace::NSPNAME),
                    owner: r.oid(pg_namespace::NSPOWNER),
                    acl: r.acl(pg_namespace::NSPACL),
                }
            },
        )
    }

    /// All role memberships, by member.
    pub fn memberships(&self) -> PgResult<Arc<HashMap<Oid, Vec<Membership>>>> {
        self.cached(Key::Memberships, || {
            let mut map: HashMap<Oid, Vec<Membership>> = HashMap::new();
            for row in self.all_rows(pg_auth_members::RELID)? {
                let r = crate::decode::Row(&row.values);
                let m = Membership {
                    oid: r.oid(pg_auth_members::OID),
                    role: r.oid(pg_auth_members::ROLEID),
                    member: r.oid(pg_auth_members::MEMBER),
                    grantor: r.oid(pg_auth_members::GRANTOR),
                    admin: r.bool(pg_auth_members::ADMIN_OPTION),
                    inherit: r.bool(pg_auth_members::INHERIT_OPTION),
                    set: r.bool(pg_auth_members::SET_OPTION),
                };
                map.entry(m.member).or_default().push(m);
            }
            Ok(Arc::new(map))
        })
    }

    /// Whether `member` reaches `role` through memberships that give `kind` (superusers are not special).
    pub fn is_member_of(&self, member: Oid, role: Oid, kind: MembershipKind) -> PgResult<bool> {
        if member == role {
            return Ok(kind != MembershipKind::Admin);
        }
        const PG_DATABASE_OWNER: Oid = Oid(6171);
        let map = self.memberships()?;
        let owner = self.lookup_database(self.0.database)?.map_or(Oid::INVALID, |d| d.owner);
        let (mut seen, mut todo) = (HashSet::from([member]), vec![member]);
        while let Some(at) = todo.pop() {
            let follows = map.get(&at).into_iter().flatten().filter(|m| match kind {
                MembershipKind::Inherit => m.inherit,
                MembershipKind::Set => m.set,
                MembershipKind::Member => true,
                MembershipKind::Admin => true,
            });
            for m in follows {
                if m.role == role && (kind != MembershipKind::Admin || m.admin) {
                    return Ok(true);
                }
                if seen.insert(m.role) {
                    todo.push(m.role);
                }
            }
            // The owner of the database is the only member of pg_database_owner.
            if at == owner && seen.insert(PG_DATABASE_OWNER) {
                if role == PG_DATABASE_OWNER && kind != MembershipKind::Admin {
                    return Ok(true);
                }
                todo.push(PG_DATABASE_OWNER);
            }
        }
        Ok(false)
    }
}

impl CatalogRead for Catalog {
    fn lookup_type(&self, typ: Oid) -> PgResult<Option<Arc<PgType>>> {
        self.cached(Key::Type(typ), || self.load_type(typ))
    }

    fn lookup_type_by_name(&self, namespace: Oid, name: &str) -> PgResult<Option<Arc<PgType>>> {
        let found = self.cached(Key::TypeName(namespace, name.into()), || {
            let key = [Datum::text(name), oid(namespace)];
            let row = self.row_by_index(index::PG_TYPE_TYPNAME_NSP_INDEX, &key)?;
            Ok(row.map(|row| row.oid(pg_type::OID)))
        })?;
        match found {
            Some(found) => self.lookup_type(found),
            None => Ok(None),
        }
    }

    fn lookup_proc(&self, proc: Oid) -> PgResult<Option<Arc<PgProc>>> {
        self.cached(Key::Proc(proc), || {
            let row = self.row_by_index(index::PG_PROC_OID_INDEX, &[oid(proc)])?;
            row.map(|row| self.decode_proc(&row.values).map(Arc::new)).transpose()
        })
    }

    fn procs_by_name(&self, name: &str) -> PgResult<Arc<Vec<Arc<PgProc>>>> {
        self.cached(Key::ProcName(name.into()), || {
            let key = [Datum::text(name)];
            let rows = self.rows_by_index(index::PG_PROC_PRONAME_ARGS_NSP_INDEX, &key)?;
            let mut procs = Vec::with_capacity(rows.len());
            for row in &rows {
                procs.push(Arc::new(self.decode_proc(&row.values)?));
            }
            procs.sort_by_key(|p| p.oid);
            Ok(Arc::new(procs))
        })
    }

    fn lookup_operator(&self, opr: Oid) -> PgResult<Option<Arc<PgOperator>>> {
        let index = index::PG_OPERATOR_OID_INDEX;
        self.decoded(Key::Operator(opr), index, &[oid(opr)], PgOperator::from_row)
    }

    fn operators_by_name(&self, name: &str) -> PgResult<Arc<Vec<Arc<PgOperator>>>> {
        self.decoded_list(
            Key::OperatorName(name.into()),
            index::PG_OPERATOR_OPRNAME_L_R_N_INDEX,
            &[Datum::text(name)],
            PgOperator::from_row,
        )
    }

    fn lookup_cast(&self, source: Oid, target: Oid) -> PgResult<Option<Arc<PgCast>>> {
        self.decoded(
            Key::Cast(source, target),
            index::PG_CAST_SOURCE_TARGET_INDEX,
            &[oid(source), oid(target)],
            PgCast::from_row,
        )
    }

    fn lookup_aggregate(&self, func: Oid) -> PgResult<Option<Arc<PgAggregate>>> {
        let index = index::PG_AGGREGATE_FNOID_INDEX;
        self.decoded(Key::Aggregate(func), index, &[oid(func)], PgAggregate::from_row)
    }

    fn lookup_opclass(&self, opclass: Oid) -> PgResult<Option<Arc<PgOpclass>>> {
        let index = index::PG_OPCLASS_OID_INDEX;
        self.decoded(Key::Opclass(opclass), index, &[oid(opclass)], PgOpclass::from_row)
    }

    fn opclasses_of_am(&self, am: Oid) -> PgResult<Arc<Vec<Arc<PgOpclass>>>> {
        let index = index::PG_OPCLASS_AM_NAME_NSP_INDEX;
        self.decoded_list(Key::OpclassOfAm(am), index, &[oid(am)], PgOpclass::from_row)
    }

    fn amops_of_family(&self, family: Oid) -> PgResult<Arc<Vec<Arc<PgAmop>>>> {
        let index = index::PG_AMOP_FAM_STRAT_INDEX;
        self.decoded_list(Key::AmopOfFamily(family), index, &[oid(family)], PgAmop::from_row)
    }

    fn amops_of_operator(&self, opr: Oid) -> PgResult<Arc<Vec<Arc<PgAmop>>>> {
        let index = index::PG_AMOP_OPR_FAM_INDEX;
        self.decoded_list(Key::AmopOfOperator(opr), index, &[oid(opr)], PgAmop::from_row)
    }

    fn amprocs_of_family(&self, family: Oid) -> PgResult<Arc<Vec<Arc<PgAmproc>>>> {
        let index = index::PG_AMPROC_FAM_PROC_INDEX;
        self.decoded_list(Key::AmprocOfFamily(family), index, &[oid(family)], PgAmproc::from_row)
    }

    fn lookup_range(&self, typ: Oid) -> PgResult<Option<Arc<PgRange>>> {
        let index = index::PG_RANGE_RNGTYPID_INDEX;
        self.decoded(Key::Range(typ), index, &[oid(typ)], PgRange::from_row)
    }

    fn lookup_range_by_multirange(&self, typ: Oid) -> PgResult<Option<Arc<PgRange>>> {
        let index = index::PG_RANGE_RNGMULTITYPID_INDEX;
        self.decoded(Key::RangeOfMultirange(typ), index, &[oid(typ)], PgRange::from_row)
    }

    fn lookup_collation(&self, collation: Oid) -> PgResult<Option<Arc<PgCollation>>> {
        let index = index::PG_COLLATION_OID_INDEX;
        self.decoded(Key::Collation(collation), index, &[oid(collation)], PgCollation::from_row)
    }

    fn lookup_collation_by_name(
        &self,
        namespace: Oid,
        name: &str,
    ) -> PgResult<Option<Arc<PgCollation>>> {
        const UTF8: i32 = 6;
        self.cached(Key::CollationName(namespace, name.into()), || {
            for encoding in [UTF8, -1] {
                let key = [Datum::text(name), Datum::Int4(encoding), oid(namespace)];
                let row = self.row_by_index(index::PG_COLLATION_NAME_ENC_NSP_INDEX, &key)?;
                if let Some(row) = row {
                    return Ok(Some(Arc::new(PgCollation::from_row(&row.values))));
                }
            }
            Ok(None)
        })
    }

    fn enum_labels(&self, typ: Oid) -> PgResult<Arc<Vec<(Oid, f32, String)>>> {
        self.cached(Key::EnumLabels(typ), || {
            let rows = self.rows_by_index(index::PG_ENUM_TYPID_SORTORDER_INDEX, &[oid(typ)])?;
            let label = |row: &crate::storage::CatalogRow| {
                let r = crate::decode::Row(&row.values);
                (r.oid(pg_enum::OID), r.f32(pg_enum::ENUMSORTORDER), r.text(pg_enum::ENUMLABEL))
            };
            let mut labels: Vec<_> = rows.iter().map(label).collect();
            labels.sort_by(|a, b| a.1.total_cmp(&b.1));
            Ok(Arc::new(labels))
        })
    }

    fn domain_constraints(&self, typ: Oid) -> PgResult<Arc<Vec<Constraint>>> {
        self.cached(Key::DomainConstraints(typ), || {
            let rows = self.rows_by_index(index::PG_CONSTRAINT_CONTYPID_INDEX, &[oid(typ)])?;
            let mut constraints = Vec::with_capacity(rows.len());
            for row in &rows {
                constraints.push(self.decode_constraint(&row.values)?);
            }
            constraints.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(Arc::new(constraints))
        })
    }

    fn lookup_namespace(&self, name: &str) -> PgResult<Option<Oid>> {
        // The session's own name for its temporary schema.
        if name == "pg_temp"
            && let Some(temp) = self.temp_namespace()
        {
            return Ok(Some(temp));
        }
        self.cached(Key::NamespaceName(name.into()), || {
            let key = [Datum::text(name)];
            let row = self.row_by_index(index::PG_NAMESPACE_NSPNAME_INDEX, &key)?;
            Ok(row.map(|row| row.oid(pg_namespace::OID)))
        })
    }

    fn namespace_name(&self, namespace: Oid) -> PgResult<Option<String>> {
        Ok(self.lookup_namespace_row(namespace)?.map(|row| row.name.clone()))
    }

    fn lookup_relation(&self, namespace: Oid, name: &str) -> PgResult<Option<Oid>> {
        self.cached(Key::RelationName(namespace, name.into()), || {
            let key = [Datum::text(name), oid(namespace)];
            let row = self.row_by_index(index::PG_CLASS_RELNAME_NSP_INDEX, &key)?;
            Ok(row.map(|row| row.oid(pg_class::OID)))
        })
    }

    fn relation(&self, relid: Oid) -> PgResult<Option<Arc<RelationDesc>>> {
        self.cached(Key::Relation(relid), || self.build_relation(relid))
    }

    fn inheritance_children(&self, parent: Oid) -> PgResult<Arc<Vec<Oid>>> {
        self.cached(Key::Children(parent), || {
            let rows = self.rows_by_index(index::PG_INHERITS_PARENT_INDEX, &[oid(parent)])?;
            let mut children: Vec<Oid> = rows
                .iter()
                .filter(|r| !matches!(r.values[pg_inherits::INHDETACHPENDING], Datum::Bool(true)))
                .map(|r| r.oid(pg_inherits::INHRELID))
                .collect();
            children.sort_unstable();
            Ok(Arc::new(children))
        })
    }

    fn inheritance_parents(&self, child: Oid) -> PgResult<Arc<Vec<Oid>>> {
        self.cached(Key::Parents(child), || {
            let rows = self.rows_by_index(index::PG_INHERITS_RELID_SEQNO_INDEX, &[oid(child)])?;
            Ok(Arc::new(rows.iter().map(|r| r.oid(pg_inherits::INHPARENT)).collect()))
        })
    }

    fn identity_sequence(&self, relid: Oid, attnum: i16) -> PgResult<Option<Oid>> {
        // Partitions share the sequence of the partitioned table.
        if let Some(relation) = self.relation(relid)?.filter(|r| r.is_partition)
            && let Some(parent) = self.inheritance_parents(relid)?.first().copied()
        {
            let parent = self.get_relation(parent)?;
            let name = relation.attr(attnum).map_or("", |a| a.name.as_str());
            return match parent.attr_by_name(name) {
                Some(a) => self.identity_sequence(parent.oid, a.num),
                None => Ok(None),
            };
        }
        let key = [oid(pg_class::RELID), oid(relid), Datum::Int4(i32::from(attnum))];
        let rows = self.rows_by_index(index::PG_DEPEND_REFERENCE_INDEX, &key)?;
        Ok(rows
            .iter()
            .map(|row| crate::decode::Row(&row.values))
            .find(|r| {
                r.oid(pg_depend::CLASSID) == pg_class::RELID
                    && r.char(pg_depend::DEPTYPE) == 'i'
                    && r.i32(pg_depend::OBJSUBID) == 0
            })
            .map(|r| r.oid(pg_depend::OBJID)))
    }

    fn statistic(
        &self,
        relid: Oid,
        attnum: i16,
        inherit: bool,
    ) -> PgResult<Option<Arc<Statistic>>> {
        let key = [oid(relid), Datum::Int2(attnum), Datum::Bool(inherit)];
        let index = index::PG_STATISTIC_RELID_ATT_INH_INDEX;
        self.decoded(Key::Statistic(relid, attnum, inherit), index, &key, Statistic::from_row)
    }

    fn lookup_role(&self, role: Oid) -> PgResult<Option<Arc<PgAuthid>>> {
        let index = index::PG_AUTHID_OID_INDEX;
        self.decoded(Key::Role(role), index, &[oid(role)], PgAuthid::from_row)
    }

    fn lookup_role_by_name(&self, name: &str) -> PgResult<Option<Arc<PgAuthid>>> {
        let index = index::PG_AUTHID_ROLNAME_INDEX;
        self.decoded(Key::RoleName(name.into()), index, &[Datum::text(name)], PgAuthid::from_row)
    }

    fn has_role_privileges(&self, member: Oid, role: Oid) -> PgResult<bool> {
        if member == role || self.lookup_role(member)?.is_some_and(|r| r.superuser) {
            return Ok(true);
        }
        self.is_member_of(member, role, MembershipKind::Inherit)
    }

    fn lookup_database(&self, database: Oid) -> PgResult<Option<Arc<PgDatabase>>> {
        let index = index::PG_DATABASE_OID_INDEX;
        self.decoded(Key::Database(database), index, &[oid(database)], PgDatabase::from_row)
    }

    fn lookup_database_by_name(&self, name: &str) -> PgResult<Option<Arc<PgDatabase>>> {
        let key = [Datum::text(name)];
        let index = index::PG_DATABASE_DATNAME_INDEX;
        self.decoded(Key::DatabaseName(name.into()), index, &key, PgDatabase::from_row)
    }

    fn lookup_language(&self, name: &str) -> PgResult<Option<Oid>> {
        self.cached(Key::Language(name.into()), || {
            let row = self.row_by_index(index::PG_LANGUAGE_NAME_INDEX, &[Datum::text(name)])?;
            Ok(row.map(|row| row.oid(pg_language::OID)))
        })
    }

    fn lookup_am(&self, name: &str) -> PgResult<Option<(Oid, char)>> {
        self.cached(Key::AccessMethod(name.into()), || {
            let row = self.row_by_index(index::PG_AM_NAME_INDEX, &[Datum::text(name)])?;
            Ok(row.map(|row| {
                let r = crate::decode::Row(&row.values);
                (r.oid(pg_am::OID), r.char(pg_am::AMTYPE))
            }))
        })
    }

    fn search_path(&self) -> Arc<Vec<Oid>> {
        self.effective_search_path().unwrap_or_default()
    }

    fn creation_namespace(&self) -> PgResult<Oid> {
        Ok(self.creation_target()?.0)
    }

    fn temp_namespace(&self) -> Option<Oid> {
        self.0.names.read().temp_namespace
    }

    fn current_user(&self) -> Oid {
        self.0.names.read().user
    }

    fn database(&self) -> Oid {
        self.0.database
    }

    fn default_opclass(&self, typ: Oid, am: Oid) -> PgResult<Option<Arc<PgOpclass>>> {
        let mut base = typ;
        while let Some(row) = self.lookup_type(base)?.filter(|row| row.typtype == 'd') {
            base = row.basetype;
        }
        let preferred = self.lookup_type(base)?.map(|row| row.category);
        let mut exact: Option<Arc<PgOpclass>> = None;
        let (mut preferred_fit, mut fit): (Option<Arc<PgOpclass>>, Option<Arc<PgOpclass>>) =
            (None, None);
        let mut fits = 0;
        for opclass in self.opclasses_of_am(am)?.iter().filter(|c| c.is_default) {
            if opclass.intype == base {
                exact = Some(opclass.clone());
            } else if self.binary_coercible(base, opclass.intype)? {
                let intype = self.get_type(opclass.intype)?;
                if intype.preferred && Some(intype.category) == preferred {
                    preferred_fit = Some(opclass.clone());
                } else {
                    fits += 1;
                    fit = Some(opclass.clone());
                }
            }
        }
        Ok(exact.or(preferred_fit).or(fit.filter(|_| fits == 1)))
    }

    fn format_type(&self, typ: Oid, typmod: Option<i32>) -> PgResult<String> {
        crate::format_type::format_type(self, typ, typmod, false)
    }
}

impl Catalog {
    /// Whether values of `source` can stand for `target` as they are.
    pub fn binary_coercible(&self, source: Oid, target: Oid) -> PgResult<bool> {
        if source == target || target == t::ANY || target == t::ANYELEMENT {
            return Ok(true);
        }
        let Some(mut row) = self.lookup_type(source)? else { return Ok(false) };
        while row.typtype == 'd' {
            if row.basetype == target {
                return Ok(true);
            }
            row = self.get_type(row.basetype)?;
        }
        let polymorphic = match target {
            t::ANYARRAY => row.is_array(),
            t::ANYENUM => row.typtype == 'e',
            t::ANYRANGE => row.typtype == 'r',
            t::ANYMULTIRANGE => row.typtype == 'm',
            t::RECORD => row.typtype == 'c',
            t::RECORD_ARRAY => {
                row.is_array() && self.lookup_type(row.elem)?.is_some_and(|e| e.typtype == 'c')
            }
            _ => false,
        };
        if polymorphic {
            return Ok(true);
        }
        let cast = self.lookup_cast(row.oid, target)?;
        Ok(cast.is_some_and(|c| c.method == 'b' && c.context == 'i'))
    }

    /// The name of an access method.
    pub fn access_method_name(&self, am: Oid) -> PgResult<String> {
        let row = self.row_by_index(index::PG_AM_OID_INDEX, &[oid(am)])?;
        Ok(row
            .map_or_else(|| am.to_string(), |r| crate::decode::Row(&r.values).text(pg_am::AMNAME)))
    }

    /// The name a database had at bootstrap is the default to connect to.
    pub fn default_database() -> Oid {
        POSTGRES_DB
    }

    /// A constraint with its expression.
    pub(crate) fn decode_constraint(&self, row: &[Datum]) -> PgResult<Constraint> {
        let mut constraint = Constraint::from_row(row);
        if let Datum::Bytes(stored) = &row[pg_constraint::CONBIN] {
            let stored = String::from_utf8_lossy(stored.as_bytes());
            let expr = match views::sql_of(&stored) {
                None => Some(nodes::stored::from_stored(&stored)?),
                Some(sql) => {
                    let compiler = self.shared().compiler.read().clone();
                    let base = self.get_type(constraint.typid)?.basetype;
                    match compiler {
                        Some(c) => {
                            Some(c.compile_domain_check(&self.system_handle(), sql, base)?)
                        }
                        None => None,
                    }
                }
            };
            constraint.expr = expr.map(Arc::new);
        }
        Ok(constraint)
    }

    /// A view's query from its rule.
    pub(crate) fn decode_rule_actions(
        &self,
        relation: &str,
        stored: &str,
    ) -> PgResult<Vec<nodes::Query>> {
        if stored == views::MISSING {
            return Err(error::not_supported!("system view \"{relation}\""));
        }
        match views::sql_of(stored) {
            None => nodes::stored::from_stored(stored),
            Some(sql) => {
                let compiler = self.shared().compiler.read().clone();
                let compiler = compiler
                    .ok_or_else(|| PgError::internal("no compiler of stored SQL is installed"))?;
                Ok(vec![compiler.compile_view(&self.system_handle(), sql)?])
            }
        }
    }
}
