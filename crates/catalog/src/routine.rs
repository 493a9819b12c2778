//! Rows of functions, aggregates, operators, casts and operator families.
use crate::acl::ObjectKind;
use crate::csv;
use crate::depend::{DependencyKind, ObjectAddress, References};
use crate::relation::options_datum;
use crate::rows::*;
use crate::schema::*;
use crate::session::Catalog;
use crate::write::RowBuilder;
use error::PgResult;
use nodes::stored::to_stored;
use types::{Datum, Oid};

impl PgProc {
    /// The pg_proc row.
    pub fn to_row(&self) -> PgResult<Vec<Datum>> {
        use pg_proc::*;
        let names = (!self.argnames.is_empty()).then(|| csv::text_array(&self.argnames));
        let modes = (!self.argmodes.is_empty()).then(|| csv::char_array(&self.argmodes));
        let all = (!self.allargtypes.is_empty()).then(|| csv::oid_array(&self.allargtypes));
        let defaults = match self.argdefaults.is_empty() {
            true => None,
            false => Some(to_stored(&*self.argdefaults)?),
        };
        Ok(RowBuilder::new(RELID)
            .set(OID, self.oid)
            .set(PRONAME, &self.name)
            .set(PRONAMESPACE, self.namespace)
            .set(PROOWNER, self.owner)
            .set(PROLANG, self.lang)
            .set(PROCOST, self.cost)
            .set(PROROWS, self.rows)
            .set(PROVARIADIC, self.variadic)
            .set(PROSUPPORT, self.support)
            .set(PROKIND, self.kind)
            .set(PROSECDEF, self.secdef)
            .set(PROLEAKPROOF, self.leakproof)
            .set(PROISSTRICT, self.strict)
            .set(PRORETSET, self.retset)
            .set(PROVOLATILE, self.volatile)
            .set(PROPARALLEL, self.parallel)
            .set(PRONARGS, self.argtypes.len() as i16)
            .set(PRONARGDEFAULTS, self.argdefaults.len() as i16)
            .set(PRORETTYPE, self.rettype)
            .set(PROARGTYPES, csv::oidvector(&self.argtypes))
            .set(PROALLARGTYPES, all)
            .set(PROARGMODES, modes)
            .set(PROARGNAMES, names)
            .set(PROARGDEFAULTS, defaults)
            .set(PROSRC, &self.src)
            .set(PROBIN, self.bin.as_deref())
            .set(PROSQLBODY, self.sqlbody.as_deref())
            .set(PROCONFIG, options_datum(&self.config))
            .set(PROACL, self.acl.as_deref().map(crate::acl::to_datum))
            .build())
    }
}

impl Catalog {
    /// Adds a function with its dependencies, or with `replace` puts it in place of the one with its OID,
    /// whose owner and privileges stay. `body` are the objects that its SQL-standard body refers to.
    /// Returns its OID.
    pub fn store_proc(
        &self,
        proc: &PgProc,
        replace: bool,
        body: &[ObjectAddress],
    ) -> PgResult<Oid> {
        let mut proc = proc.clone();
        if !proc.oid.is_valid() {
            proc.oid = self.alloc_oid(pg_proc::RELID)?;
        }
        let this = ObjectAddress::proc_(proc.oid);
        if replace {
            let old = self.row_by_oid(pg_proc::RELID, proc.oid)?.ok_or_else(|| {
                error::PgError::internal(format!("cache lookup failed for function {}", proc.oid))
            })?;
            let mut row = proc.to_row()?;
            for kept in [pg_proc::PROOWNER, pg_proc::PROACL] {
                row[kept] = old.values[kept].clone();
            }
            self.update_row(pg_proc::RELID, &old, &row)?;
            self.delete_dependencies_of(this, None)?;
        } else {
            let kind = ObjectKind::of_prokind(proc.kind);
            proc.acl = self.initial_acl(kind, proc.owner, proc.namespace)?;
            self.insert_row(pg_proc::RELID, &proc.to_row()?)?;
            self.record_owner(this, proc.owner)?;
            self.record_acl(this, proc.owner, proc.acl.as_deref())?;
        }
        let normal = DependencyKind::Normal;
        let mut on = vec![
            ObjectAddress::namespace(proc.namespace),
            ObjectAddress::new(pg_language::RELID, proc.lang),
            ObjectAddress::typ(proc.rettype),
            ObjectAddress::proc_(proc.support),
        ];
        let types = if proc.allargtypes.is_empty() { &proc.argtypes } else { &proc.allargtypes };
        on.extend(types.iter().map(|typ| ObjectAddress::typ(*typ)));
        let mut references = References::default();
        for default in proc.argdefaults.iter() {
            references.add_expr(default, &mut Vec::new());
        }
        on.extend(references.into_objects());
        on.extend_from_slice(body);
        on.sort_unstable();
        on.dedup();
        self.record_dependencies(this, &on, normal)?;
        Ok(proc.oid)
    }

    /// Adds (or replaces) the pg_aggregate row of a function with its dependencies.
    pub fn store_aggregate(&self, agg: &PgAggregate, replace: bool) -> PgResult<()> {
        use pg_aggregate::*;
        let row = RowBuilder::new(RELID)
            .set(AGGFNOID, agg.fnoid)
            .set(AGGKIND, agg.kind)
            .set(AGGNUMDIRECTARGS, agg.numdirectargs)
            .set(AGGTRANSFN, agg.transfn)
            .set(AGGFINALFN, agg.finalfn)
            .set(AGGCOMBINEFN, agg.combinefn)
            .set(AGGSERIALFN, agg.serialfn)
            .set(AGGDESERIALFN, agg.deserialfn)
            .set(AGGMTRANSFN, agg.mtransfn)
            .set(AGGMINVTRANSFN, agg.minvtransfn)
            .set(AGGMFINALFN, agg.mfinalfn)
            .set(AGGFINALEXTRA, agg.finalextra)
            .set(AGGMFINALEXTRA, agg.mfinalextra)
            .set(AGGFINALMODIFY, agg.finalmodify)
            .set(AGGMFINALMODIFY, agg.mfinalmodify)
            .set(AGGSORTOP, agg.sortop)
            .set(AGGTRANSTYPE, agg.transtype)
            .set(AGGTRANSSPACE, agg.transspace)
            .set(AGGMTRANSTYPE, agg.mtranstype)
            .set(AGGMTRANSSPACE, agg.mtransspace)
            .set(AGGINITVAL, agg.initval.as_deref())
            .set(AGGMINITVAL, agg.minitval.as_deref())
            .build();
        let old = match replace {
            true => self.row_by_oid(RELID, agg.fnoid)?,
            false => None,
        };
        match old {
            Some(old) => self.update_row(RELID, &old, &row)?,
            None => self.insert_row(RELID, &row)?,
        }
        let this = ObjectAddress::proc_(agg.fnoid);
        let functions = [
            agg.transfn,
            agg.finalfn,
            agg.combinefn,
            agg.serialfn,
            agg.deserialfn,
            agg.mtransfn,
            agg.minvtransfn,
            agg.mfinalfn,
        ];
        for function in functions {
            let on = ObjectAddress::proc_(function);
            self.record_dependency(this, on, DependencyKind::Normal)?;
        }
        let sortop = ObjectAddress::new(pg_operator::RELID, agg.sortop);
        self.record_dependency(this, sortop, DependencyKind::Normal)
    }

    /// Adds an operator with its dependencies, or fills the shell with its OID. Returns its OID. Links from
    /// commutator and negator are the caller's.
    pub fn store_operator(&self, opr: &PgOperator, replace: bool) -> PgResult<Oid> {
        use pg_operator::*;
        let oid = match opr.oid.is_valid() {
            true => opr.oid,
            false => self.alloc_oid(RELID)?,
        };
        let row = RowBuilder::new(RELID)
            .set(OID, oid)
            .set(OPRNAME, &opr.name)
            .set(OPRNAMESPACE, opr.namespace)
            .set(OPROWNER, opr.owner)
            .set(OPRKIND, opr.kind)
            .set(OPRCANMERGE, opr.can_merge)
            .set(OPRCANHASH, opr.can_hash)
            .set(OPRLEFT, opr.left)
            .set(OPRRIGHT, opr.right)
            .set(OPRRESULT, opr.result)
            .set(OPRCOM, opr.commutator)
            .set(OPRNEGATE, opr.negator)
            .set(OPRCODE, opr.code)
            .set(OPRREST, opr.rest)
            .set(OPRJOIN, opr.join)
            .build();
        let this = ObjectAddress::new(RELID, oid);
        let old = if replace { self.row_by_oid(RELID, oid)? } else { None };
        match old {
            Some(old) => {
                self.update_row(RELID, &old, &row)?;
                self.delete_dependencies_of(this, None)?;
                self.delete_shared_dependencies(this, None)?;
            }
            None => self.insert_row(RELID, &row)?,
        }
        self.record_owner(this, opr.owner)?;
        let on = [
            ObjectAddress::namespace(opr.namespace),
            ObjectAddress::typ(opr.left),
            ObjectAddress::typ(opr.right),
            ObjectAddress::typ(opr.result),
            ObjectAddress::proc_(opr.code),
            ObjectAddress::proc_(opr.rest),
            ObjectAddress::proc_(opr.join),
        ];
        self.record_dependencies(this, &on, DependencyKind::Normal)?;
        Ok(oid)
    }

    /// Adds a cast with its dependencies; returns its OID.
    pub fn store_cast(&self, cast: &PgCast) -> PgResult<Oid> {
        let oid = self.alloc_oid(pg_cast::RELID)?;
        RowBuilder::new(pg_cast::RELID)
            .set(pg_cast::OID, oid)
            .set(pg_cast::CASTSOURCE, cast.source)
            .set(pg_cast::CASTTARGET, cast.target)
            .set(pg_cast::CASTFUNC, cast.func)
            .set(pg_cast::CASTCONTEXT, cast.context)
            .set(pg_cast::CASTMETHOD, cast.method)
            .insert(self)?;
        let this = ObjectAddress::new(pg_cast::RELID, oid);
        let on = [
            ObjectAddress::typ(cast.source),
            ObjectAddress::typ(cast.target),
            ObjectAddress::proc_(cast.func),
        ];
        self.record_dependencies(this, &on, DependencyKind::Normal)?;
        Ok(oid)
    }

    /// Adds an operator family; returns its OID.
    pub fn store_opfamily(&self, am: Oid, name: &str, namespace: Oid, owner: Oid) -> PgResult<Oid> {
        let oid = self.alloc_oid(pg_opfamily::RELID)?;
        RowBuilder::new(pg_opfamily::RELID)
            .set(pg_opfamily::OID, oid)
            .set(pg_opfamily::OPFMETHOD, am)
            .set(pg_opfamily::OPFNAME, name)
            .set(pg_opfamily::OPFNAMESPACE, namespace)
            .set(pg_opfamily::OPFOWNER, owner)
            .insert(self)?;
        let this = ObjectAddress::new(pg_opfamily::RELID, oid);
        let on = [ObjectAddress::new(pg_am::RELID, am), ObjectAddress::namespace(namespace)];
        self.record_dependencies(this, &on, DependencyKind::Normal)?;
        self.record_owner(this, owner)?;
        Ok(oid)
    }

    /// Adds an operator class; returns its OID.
    pub fn store_opclass(&self, class: &PgOpclass) -> PgResult<Oid> {
        let oid = self.alloc_oid(pg_opclass::RELID)?;
        RowBuilder::new(pg_opclass::RELID)
            .set(pg_opclass::OID, oid)
            .set(pg_opclass::OPCMETHOD, class.method)
            .set(pg_opclass::OPCNAME, &class.name)
            .set(pg_opclass::OPCNAMESPACE, class.namespace)
            .set(pg_opclass::OPCOWNER, class.owner)
            .set(pg_opclass::OPCFAMILY, class.family)
            .set(pg_opclass::OPCINTYPE, class.intype)
            .set(pg_opclass::OPCDEFAULT, class.is_default)
            .set(pg_opclass::OPCKEYTYPE, class.keytype)
            .insert(self)?;
        let this = ObjectAddress::new(pg_opclass::RELID, oid);
        let normal = DependencyKind::Normal;
        let on = [
            ObjectAddress::new(pg_am::RELID, class.method),
            ObjectAddress::namespace(class.namespace),
            ObjectAddress::typ(class.intype),
            ObjectAddress::typ(class.keytype),
        ];
        self.record_dependencies(this, &on, normal)?;
        let family = ObjectAddress::new(pg_opfamily::RELID, class.family);
        self.record_dependency(this, family, DependencyKind::Auto)?;
        self.record_owner(this, class.owner)?;
        Ok(oid)
    }

    /// Adds an operator to a family. `opclass` is the class it comes with, if it does not stand alone in
    /// the family; a member of a class goes with it, and the class cannot do without it.
    pub fn store_amop(&self, amop: &PgAmop, opclass: Option<Oid>) -> PgResult<Oid> {
        let oid = self.alloc_oid(pg_amop::RELID)?;
        RowBuilder::new(pg_amop::RELID)
            .set(pg_amop::OID, oid)
            .set(pg_amop::AMOPFAMILY, amop.family)
            .set(pg_amop::AMOPLEFTTYPE, amop.left)
            .set(pg_amop::AMOPRIGHTTYPE, amop.right)
            .set(pg_amop::AMOPSTRATEGY, amop.strategy)
            .set(pg_amop::AMOPPURPOSE, amop.purpose)
            .set(pg_amop::AMOPOPR, amop.opr)
            .set(pg_amop::AMOPMETHOD, amop.method)
            .set(pg_amop::AMOPSORTFAMILY, amop.sortfamily)
            .insert(self)?;
        let this = ObjectAddress::new(pg_amop::RELID, oid);
        let member = ObjectAddress::new(pg_operator::RELID, amop.opr);
        self.record_member_dependencies(this, member, amop.family, opclass)?;
        if amop.sortfamily.is_valid() {
            let family = ObjectAddress::new(pg_opfamily::RELID, amop.sortfamily);
            self.record_dependency(this, family, DependencyKind::Normal)?;
        }
        Ok(oid)
    }

    /// Adds a support function to a family; see [`Catalog::store_amop`].
    pub fn store_amproc(&self, amproc: &PgAmproc, opclass: Option<Oid>) -> PgResult<Oid> {
        let oid = self.alloc_oid(pg_amproc::RELID)?;
        RowBuilder::new(pg_amproc::RELID)
            .set(pg_amproc::OID, oid)
            .set(pg_amproc::AMPROCFAMILY, amproc.family)
            .set(pg_amproc::AMPROCLEFTTYPE, amproc.left)
            .set(pg_amproc::AMPROCRIGHTTYPE, amproc.right)
            .set(pg_amproc::AMPROCNUM, amproc.num)
            .set(pg_amproc::AMPROC, amproc.proc_)
            .insert(self)?;
        let this = ObjectAddress::new(pg_amproc::RELID, oid);
        let member = ObjectAddress::proc_(amproc.proc_);
        self.record_member_dependencies(this, member, amproc.family, opclass)?;
        Ok(oid)
    }

    fn record_member_dependencies(
        &self,
        this: ObjectAddress,
        member: ObjectAddress,
        family: Oid,
        opclass: Option<Oid>,
    ) -> PgResult<()> {
        match opclass {
            Some(class) => {
                self.record_dependency(this, member, DependencyKind::Normal)?;
                let class = ObjectAddress::new(pg_opclass::RELID, class);
                self.record_dependency(this, class, DependencyKind::Internal)
            }
            None => {
                self.record_dependency(this, member, DependencyKind::Auto)?;
                let family = ObjectAddress::new(pg_opfamily::RELID, family);
                self.record_dependency(this, family, DependencyKind::Auto)
            }
        }
    }
}
