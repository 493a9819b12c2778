//! The read interface of the catalog: what analyzer, planner, executor and functions look up.
//!
//! `lookup_` may miss and returns `Option`; `get_` raises PostgreSQL's "cache lookup failed" (XX000)
//! for an OID that must exist. All of it sees the session's own uncommitted changes.
use crate::rows::*;
use error::PgResult;
use std::sync::Arc;
use types::Oid;

/// Catalog lookups.
pub trait CatalogRead: Send + Sync {
    /// Type by OID.
    fn lookup_type(&self, oid: Oid) -> PgResult<Option<Arc<PgType>>>;
    /// Type by exact schema and name.
    fn lookup_type_by_name(&self, namespace: Oid, name: &str) -> PgResult<Option<Arc<PgType>>>;
    /// Function by OID.
    fn lookup_proc(&self, oid: Oid) -> PgResult<Option<Arc<PgProc>>>;
    /// All functions of a name, in all schemas, in OID order.
    fn procs_by_name(&self, name: &str) -> PgResult<Arc<Vec<Arc<PgProc>>>>;
    /// Operator by OID.
    fn lookup_operator(&self, oid: Oid) -> PgResult<Option<Arc<PgOperator>>>;
    /// All operators of a name, in all schemas.
    fn operators_by_name(&self, name: &str) -> PgResult<Arc<Vec<Arc<PgOperator>>>>;
    /// Cast between two types.
    fn lookup_cast(&self, source: Oid, target: Oid) -> PgResult<Option<Arc<PgCast>>>;
    /// Aggregate by function OID.
    fn lookup_aggregate(&self, fnoid: Oid) -> PgResult<Option<Arc<PgAggregate>>>;
    /// Operator class by OID.
    fn lookup_opclass(&self, oid: Oid) -> PgResult<Option<Arc<PgOpclass>>>;
    /// All operator classes of an access method.
    fn opclasses_of_am(&self, am: Oid) -> PgResult<Arc<Vec<Arc<PgOpclass>>>>;
    /// Members of an operator family.
    fn amops_of_family(&self, family: Oid) -> PgResult<Arc<Vec<Arc<PgAmop>>>>;
    /// Families an operator belongs to.
    fn amops_of_operator(&self, opr: Oid) -> PgResult<Arc<Vec<Arc<PgAmop>>>>;
    /// Support functions of a family.
    fn amprocs_of_family(&self, family: Oid) -> PgResult<Arc<Vec<Arc<PgAmproc>>>>;
    /// Range type.
    fn lookup_range(&self, rngtypid: Oid) -> PgResult<Option<Arc<PgRange>>>;
    /// Range type of a multirange type.
    fn lookup_range_by_multirange(&self, multitypid: Oid) -> PgResult<Option<Arc<PgRange>>>;
    /// Collation by OID.
    fn lookup_collation(&self, oid: Oid) -> PgResult<Option<Arc<PgCollation>>>;
    /// Collation by schema and name (UTF8 or any encoding).
    fn lookup_collation_by_name(
        &self,
        namespace: Oid,
        name: &str,
    ) -> PgResult<Option<Arc<PgCollation>>>;
    /// Enum labels of a type in sort order: (OID, sort order, label).
    fn enum_labels(&self, typ: Oid) -> PgResult<Arc<Vec<(Oid, f32, String)>>>;
    /// Constraints of a domain type.
    fn domain_constraints(&self, typ: Oid) -> PgResult<Arc<Vec<Constraint>>>;
    /// Schema OID by name.
    fn lookup_namespace(&self, name: &str) -> PgResult<Option<Oid>>;
    /// Schema name by OID.
    fn namespace_name(&self, oid: Oid) -> PgResult<Option<String>>;
    /// Relation OID by schema and name.
    fn lookup_relation(&self, namespace: Oid, name: &str) -> PgResult<Option<Oid>>;
    /// Relation by OID.
    fn relation(&self, oid: Oid) -> PgResult<Option<Arc<RelationDesc>>>;
    /// Direct children by inheritance or partitioning, in OID order.
    fn inheritance_children(&self, parent: Oid) -> PgResult<Arc<Vec<Oid>>>;
    /// Direct parents, in sequence order.
    fn inheritance_parents(&self, child: Oid) -> PgResult<Arc<Vec<Oid>>>;
    /// The sequence behind an identity column.
    fn identity_sequence(&self, _relid: Oid, _attnum: i16) -> PgResult<Option<Oid>> {
        Ok(None)
    }
    /// Column statistics (stainherit false/true).
    fn statistic(&self, relid: Oid, attnum: i16, inherit: bool)
    -> PgResult<Option<Arc<Statistic>>>;
    /// Role by OID.
    fn lookup_role(&self, oid: Oid) -> PgResult<Option<Arc<PgAuthid>>>;
    /// Role by name.
    fn lookup_role_by_name(&self, name: &str) -> PgResult<Option<Arc<PgAuthid>>>;
    /// Whether `member` is (directly or not) a member of `role`, or a superuser.
    fn has_role_privileges(&self, member: Oid, role: Oid) -> PgResult<bool>;
    /// Database by OID.
    fn lookup_database(&self, oid: Oid) -> PgResult<Option<Arc<PgDatabase>>>;
    /// Database by name.
    fn lookup_database_by_name(&self, name: &str) -> PgResult<Option<Arc<PgDatabase>>>;
    /// Language OID by name.
    fn lookup_language(&self, name: &str) -> PgResult<Option<Oid>>;
    /// Access method OID and kind by name.
    fn lookup_am(&self, name: &str) -> PgResult<Option<(Oid, char)>>;

    /// The effective search path: implicit temp schema and pg_catalog included, in order.
    fn search_path(&self) -> Arc<Vec<Oid>>;
    /// Where unqualified names are created; INVALID if there is no such schema.
    fn creation_namespace(&self) -> PgResult<Oid>;
    /// The session's temporary schema, if it has one.
    fn temp_namespace(&self) -> Option<Oid>;
    /// Effective role for permission checks.
    fn current_user(&self) -> Oid;
    /// The connected database.
    fn database(&self) -> Oid;

    /// Type that must exist.
    fn get_type(&self, oid: Oid) -> PgResult<Arc<PgType>> {
        self.lookup_type(oid)?.ok_or_else(|| cache_miss("type", oid))
    }
    /// Function that must exist.
    fn get_proc(&self, oid: Oid) -> PgResult<Arc<PgProc>> {
        self.lookup_proc(oid)?.ok_or_else(|| cache_miss("function", oid))
    }
    /// Operator that must exist.
    fn get_operator(&self, oid: Oid) -> PgResult<Arc<PgOperator>> {
        self.lookup_operator(oid)?.ok_or_else(|| cache_miss("operator", oid))
    }
    /// Relation that must exist.
    fn get_relation(&self, oid: Oid) -> PgResult<Arc<RelationDesc>> {
        self.relation(oid)?.ok_or_else(|| cache_miss("relation", oid))
    }
    /// Relation by unqualified name along the search path.
    fn relation_in_path(&self, name: &str) -> PgResult<Option<Oid>> {
        for namespace in self.search_path().iter() {
            if let Some(oid) = self.lookup_relation(*namespace, name)? {
                return Ok(Some(oid));
            }
        }
        Ok(None)
    }
    /// Type by unqualified name along the search path.
    fn type_in_path(&self, name: &str) -> PgResult<Option<Arc<PgType>>> {
        for namespace in self.search_path().iter() {
            if let Some(typ) = self.lookup_type_by_name(*namespace, name)? {
                return Ok(Some(typ));
            }
        }
        Ok(None)
    }
    /// Default operator class of an access method for a type (exact or binary-coercible or domain base).
    fn default_opclass(&self, typ: Oid, am: Oid) -> PgResult<Option<Arc<PgOpclass>>>;
    /// Member operator of a family for a strategy and input types.
    fn opfamily_member(&self, family: Oid, left: Oid, right: Oid, strategy: i16) -> PgResult<Oid> {
        Ok(self
            .amops_of_family(family)?
            .iter()
            .find(|a| {
                a.left == left && a.right == right && a.strategy == strategy && a.purpose == 's'
            })
            .map_or(Oid::INVALID, |a| a.opr))
    }
    /// Support function of a family.
    fn opfamily_proc(&self, family: Oid, left: Oid, right: Oid, num: i16) -> PgResult<Oid> {
        Ok(self
            .amprocs_of_family(family)?
            .iter()
            .find(|a| a.left == left && a.right == right && a.num == num)
            .map_or(Oid::INVALID, |a| a.proc_))
    }
    /// A type's SQL name as format_type prints it (`character varying(10)`, `s.t[]`); `None` typmod
    /// means "no typmod given" rather than -1.
    fn format_type(&self, oid: Oid, typmod: Option<i32>) -> PgResult<String>;
}

#[cold]
fn cache_miss(kind: &str, oid: Oid) -> error::PgError {
    error::PgError::internal(format!("cache lookup failed for {kind} {oid}"))
}
