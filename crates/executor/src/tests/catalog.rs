//! The bootstrap catalog with relations of a test's own.
use catalog::*;
use error::PgResult;
use std::{collections::HashMap, sync::Arc};
use types::Oid;

pub(crate) struct TestCatalog {
    pub(crate) inner: Catalog,
    pub(crate) rels: HashMap<Oid, Arc<RelationDesc>>,
    /// (parent, child)
    pub(crate) inherits: Vec<(Oid, Oid)>,
}

impl CatalogRead for TestCatalog {
    fn relation(&self, oid: Oid) -> PgResult<Option<Arc<RelationDesc>>> {
        match self.rels.get(&oid) {
            Some(rel) => Ok(Some(rel.clone())),
            None => self.inner.relation(oid),
        }
    }
    fn lookup_type(&self, oid: Oid) -> PgResult<Option<Arc<PgType>>> {
        self.inner.lookup_type(oid)
    }
    fn lookup_type_by_name(&self, namespace: Oid, name: &str) -> PgResult<Option<Arc<PgType>>> {
        self.inner.lookup_type_by_name(namespace, name)
    }
    fn lookup_proc(&self, oid: Oid) -> PgResult<Option<Arc<PgProc>>> {
        self.inner.lookup_proc(oid)
    }
    fn procs_by_name(&self, name: &str) -> PgResult<Arc<Vec<Arc<PgProc>>>> {
        self.inner.procs_by_name(name)
    }
    fn lookup_operator(&self, oid: Oid) -> PgResult<Option<Arc<PgOperator>>> {
        self.inner.lookup_operator(oid)
    }
    fn operators_by_name(&self, name: &str) -> PgResult<Arc<Vec<Arc<PgOperator>>>> {
        self.inner.operators_by_name(name)
    }
    fn lookup_cast(&self, source: Oid, target: Oid) -> PgResult<Option<Arc<PgCast>>> {
        self.inner.lookup_cast(source, target)
    }
    fn lookup_aggregate(&self, fnoid: Oid) -> PgResult<Option<Arc<PgAggregate>>> {
        self.inner.lookup_aggregate(fnoid)
    }
    fn lookup_opclass(&self, oid: Oid) -> PgResult<Option<Arc<PgOpclass>>> {
        self.inner.lookup_opclass(oid)
    }
    fn opclasses_of_am(&self, am: Oid) -> PgResult<Arc<Vec<Arc<PgOpclass>>>> {
        self.inner.opclasses_of_am(am)
    }
    fn amops_of_family(&self, family: Oid) -> PgResult<Arc<Vec<Arc<PgAmop>>>> {
        self.inner.amops_of_family(family)
    }
    fn amops_of_operator(&self, opr: Oid) -> PgResult<Arc<Vec<Arc<PgAmop>>>> {
        self.inner.amops_of_operator(opr)
    }
    fn amprocs_of_family(&self, family: Oid) -> PgResult<Arc<Vec<Arc<PgAmproc>>>> {
        self.inner.amprocs_of_family(family)
    }
    fn lookup_range(&self, rngtypid: Oid) -> PgResult<Option<Arc<PgRange>>> {
        self.inner.lookup_range(rngtypid)
    }
    fn lookup_range_by_multirange(&self, multitypid: Oid) -> PgResult<Option<Arc<PgRange>>> {
        self.inner.lookup_range_by_multirange(multitypid)
    }
    fn lookup_collation(&self, oid: Oid) -> PgResult<Option<Arc<PgCollation>>> {
        self.inner.lookup_collation(oid)
    }
    fn lookup_collation_by_name(
        &self,
        namespace: Oid,
        name: &str,
    ) -> PgResult<Option<Arc<PgCollation>>> {
        self.inner.lookup_collation_by_name(namespace, name)
    }
    fn enum_labels(&self, typ: Oid) -> PgResult<Arc<Vec<(Oid, f32, String)>>> {
        self.inner.enum_labels(typ)
    }
    fn domain_constraints(&self, typ: Oid) -> PgResult<Arc<Vec<Constraint>>> {
        self.inner.domain_constraints(typ)
    }
    fn lookup_namespace(&self, name: &str) -> PgResult<Option<Oid>> {
        self.inner.lookup_namespace(name)
    }
    fn namespace_name(&self, oid: Oid) -> PgResult<Option<String>> {
        self.inner.namespace_name(oid)
    }
    fn lookup_relation(&self, namespace: Oid, name: &str) -> PgResult<Option<Oid>> {
        self.inner.lookup_relation(namespace, name)
    }
    fn inheritance_children(&self, parent: Oid) -> PgResult<Arc<Vec<Oid>>> {
        Ok(Arc::new(self.inherits.iter().filter(|(p, _)| *p == parent).map(|(_, c)| *c).collect()))
    }
    fn inheritance_parents(&self, child: Oid) -> PgResult<Arc<Vec<Oid>>> {
        Ok(Arc::new(self.inherits.iter().filter(|(_, c)| *c == child).map(|(p, _)| *p).collect()))
    }
    fn statistic(
        &self,
        relid: Oid,
        attnum: i16,
        inherit: bool,
    ) -> PgResult<Option<Arc<Statistic>>> {
        self.inner.statistic(relid, attnum, inherit)
    }
    fn lookup_role(&self, oid: Oid) -> PgResult<Option<Arc<PgAuthid>>> {
        self.inner.lookup_role(oid)
    }
    fn lookup_role_by_name(&self, name: &str) -> PgResult<Option<Arc<PgAuthid>>> {
        self.inner.lookup_role_by_name(name)
    }
    fn has_role_privileges(&self, member: Oid, role: Oid) -> PgResult<bool> {
        self.inner.has_role_privileges(member, role)
    }
    fn lookup_database(&self, oid: Oid) -> PgResult<Option<Arc<PgDatabase>>> {
        self.inner.lookup_database(oid)
    }
    fn lookup_database_by_name(&self, name: &str) -> PgResult<Option<Arc<PgDatabase>>> {
        self.inner.lookup_database_by_name(name)
    }
    fn lookup_language(&self, name: &str) -> PgResult<Option<Oid>> {
        self.inner.lookup_language(name)
    }
    fn lookup_am(&self, name: &str) -> PgResult<Option<(Oid, char)>> {
        self.inner.lookup_am(name)
    }
    fn search_path(&self) -> Arc<Vec<Oid>> {
        self.inner.search_path()
    }
    fn creation_namespace(&self) -> PgResult<Oid> {
        self.inner.creation_namespace()
    }
    fn temp_namespace(&self) -> Option<Oid> {
        self.inner.temp_namespace()
    }
    fn current_user(&self) -> Oid {
        self.inner.current_user()
    }
    fn database(&self) -> Oid {
        self.inner.database()
    }
    fn default_opclass(&self, typ: Oid, am: Oid) -> PgResult<Option<Arc<PgOpclass>>> {
        self.inner.default_opclass(typ, am)
    }
    fn format_type(&self, oid: Oid, typmod: Option<i32>) -> PgResult<String> {
        self.inner.format_type(oid, typmod)
    }
}
