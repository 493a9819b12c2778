//! Catalog rows in Rust form: from datums in column order to the structs of `rows`.
use crate::acl;
use crate::phys::phys_type;
use crate::rows::*;
use crate::schema::*;
use error::{PgError, PgResult};
use std::sync::Arc;
use types::{Datum, Oid};

/// Access to a row's columns whose types are known from the schema; NULL gives the type's zero.
pub(crate) struct Row<'a>(pub(crate) &'a [Datum]);

impl Row<'_> {
    pub(crate) fn oid(&self, col: usize) -> Oid {
        match &self.0[col] {
            Datum::Oid(oid) => *oid,
            _ => Oid::INVALID,
        }
    }
    pub(crate) fn text(&self, col: usize) -> String {
        match &self.0[col] {
            Datum::Bytes(v) => String::from_utf8_lossy(v.as_bytes()).into_owned(),
            _ => String::new(),
        }
    }
    pub(crate) fn opt_text(&self, col: usize) -> Option<String> {
        (!self.0[col].is_null()).then(|| self.text(col))
    }
    pub(crate) fn bool(&self, col: usize) -> bool {
        matches!(self.0[col], Datum::Bool(true))
    }
    pub(crate) fn char(&self, col: usize) -> char {
        match self.0[col] {
            Datum::Char(c) => c as char,
            _ => '\0',
        }
    }
    pub(crate) fn i16(&self, col: usize) -> i16 {
        match self.0[col] {
            Datum::Int2(v) => v,
            _ => 0,
        }
    }
    pub(crate) fn i32(&self, col: usize) -> i32 {
        match self.0[col] {
            Datum::Int4(v) => v,
            _ => 0,
        }
    }
    pub(crate) fn f32(&self, col: usize) -> f32 {
        match self.0[col] {
            Datum::Float4(v) => v,
            _ => 0.0,
        }
    }
    pub(crate) fn elems(&self, col: usize) -> &[Datum] {
        match &self.0[col] {
            Datum::Array(a) => &a.elems,
            _ => &[],
        }
    }
    pub(crate) fn oids(&self, col: usize) -> Vec<Oid> {
        self.elems(col)
            .iter()
            .map(|d| if let Datum::Oid(o) = d { *o } else { Oid::INVALID })
            .collect()
    }
    pub(crate) fn i16s(&self, col: usize) -> Vec<i16> {
        self.elems(col).iter().map(|d| if let Datum::Int2(v) = d { *v } else { 0 }).collect()
    }
    pub(crate) fn f32s(&self, col: usize) -> Vec<f32> {
        self.elems(col).iter().map(|d| if let Datum::Float4(v) = d { *v } else { 0.0 }).collect()
    }
    pub(crate) fn chars(&self, col: usize) -> Vec<char> {
        self.elems(col)
            .iter()
            .map(|d| if let Datum::Char(v) = d { *v as char } else { ' ' })
            .collect()
    }
    pub(crate) fn texts(&self, col: usize) -> Vec<String> {
        self.elems(col)
            .iter()
            .map(|d| match d {
                Datum::Bytes(v) => String::from_utf8_lossy(v.as_bytes()).into_owned(),
                _ => String::new(),
            })
            .collect()
    }
    pub(crate) fn acl(&self, col: usize) -> Option<Vec<AclItem>> {
        acl::from_datum(&self.0[col])
    }
}

impl PgType {
    /// From a pg_type row. `phys` of a domain is still to be taken from its base type.
    pub fn from_row(row: &[Datum]) -> PgType {
        use pg_type::*;
        let r = Row(row);
        let (oid, typtype, len) = (r.oid(OID), r.char(TYPTYPE), r.i16(TYPLEN));
        let (elem, subscript) = (r.oid(TYPELEM), r.oid(TYPSUBSCRIPT));
        PgType {
            oid,
            name: r.text(TYPNAME),
            namespace: r.oid(TYPNAMESPACE),
            owner: r.oid(TYPOWNER),
            len,
            byval: r.bool(TYPBYVAL),
            typtype,
            category: r.char(TYPCATEGORY),
            preferred: r.bool(TYPISPREFERRED),
            defined: r.bool(TYPISDEFINED),
            delim: r.char(TYPDELIM),
            relid: r.oid(TYPRELID),
            subscript,
            elem,
            array: r.oid(TYPARRAY),
            input: r.oid(TYPINPUT),
            output: r.oid(TYPOUTPUT),
            receive: r.oid(TYPRECEIVE),
            send: r.oid(TYPSEND),
            modin: r.oid(TYPMODIN),
            modout: r.oid(TYPMODOUT),
            analyze: r.oid(TYPANALYZE),
            align: r.char(TYPALIGN),
            storage: r.char(TYPSTORAGE),
            not_null: r.bool(TYPNOTNULL),
            basetype: r.oid(TYPBASETYPE),
            typmod: r.i32(TYPTYPMOD),
            ndims: r.i32(TYPNDIMS),
            collation: r.oid(TYPCOLLATION),
            default: r.opt_text(TYPDEFAULT),
            default_bin: r.opt_text(TYPDEFAULTBIN),
            phys: phys_type(oid, typtype, len, elem, subscript),
        }
    }
}

impl PgProc {
    /// From a pg_proc row, `argdefaults` left empty.
    pub fn from_row(row: &[Datum]) -> PgProc {
        use pg_proc::*;
        let r = Row(row);
        PgProc {
            oid: r.oid(OID),
            name: r.text(PRONAME),
            namespace: r.oid(PRONAMESPACE),
            owner: r.oid(PROOWNER),
            lang: r.oid(PROLANG),
            cost: r.f32(PROCOST),
            rows: r.f32(PROROWS),
            variadic: r.oid(PROVARIADIC),
            support: r.oid(PROSUPPORT),
            kind: r.char(PROKIND),
            secdef: r.bool(PROSECDEF),
            leakproof: r.bool(PROLEAKPROOF),
            strict: r.bool(PROISSTRICT),
            retset: r.bool(PRORETSET),
            volatile: r.char(PROVOLATILE),
            parallel: r.char(PROPARALLEL),
            nargdefaults: r.i16(PRONARGDEFAULTS),
            rettype: r.oid(PRORETTYPE),
            argtypes: r.oids(PROARGTYPES),
            allargtypes: r.oids(PROALLARGTYPES),
            argmodes: r.chars(PROARGMODES),
            argnames: r.texts(PROARGNAMES),
            argdefaults: Arc::default(),
            src: r.text(PROSRC),
            bin: r.opt_text(PROBIN),
            sqlbody: r.opt_text(PROSQLBODY),
            config: r.texts(PROCONFIG),
            acl: r.acl(PROACL),
        }
    }
}

impl PgOperator {
    /// From a pg_operator row.
    pub fn from_row(row: &[Datum]) -> PgOperator {
        use pg_operator::*;
        let r = Row(row);
        PgOperator {
            oid: r.oid(OID),
            name: r.text(OPRNAME),
            namespace: r.oid(OPRNAMESPACE),
            owner: r.oid(OPROWNER),
            kind: r.char(OPRKIND),
            can_merge: r.bool(OPRCANMERGE),
            can_hash: r.bool(OPRCANHASH),
            left: r.oid(OPRLEFT),
            right: r.oid(OPRRIGHT),
            result: r.oid(OPRRESULT),
            commutator: r.oid(OPRCOM),
            negator: r.oid(OPRNEGATE),
            code: r.oid(OPRCODE),
            rest: r.oid(OPRREST),
            join: r.oid(OPRJOIN),
        }
    }
}

impl PgCast {
    /// From a pg_cast row.
    pub fn from_row(row: &[Datum]) -> PgCast {
        use pg_cast::*;
        let r = Row(row);
        PgCast {
            oid: r.oid(OID),
            source: r.oid(CASTSOURCE),
            target: r.oid(CASTTARGET),
            func: r.oid(CASTFUNC),
            context: r.char(CASTCONTEXT),
            method: r.char(CASTMETHOD),
        }
    }
}

impl PgAggregate {
    /// From a pg_aggregate row.
    pub fn from_row(row: &[Datum]) -> PgAggregate {
        use pg_aggregate::*;
        let r = Row(row);
        PgAggregate {
            fnoid: r.oid(AGGFNOID),
            kind: r.char(AGGKIND),
            numdirectargs: r.i16(AGGNUMDIRECTARGS),
            transfn: r.oid(AGGTRANSFN),
            finalfn: r.oid(AGGFINALFN),
            combinefn: r.oid(AGGCOMBINEFN),
            serialfn: r.oid(AGGSERIALFN),
            deserialfn: r.oid(AGGDESERIALFN),
            mtransfn: r.oid(AGGMTRANSFN),
            minvtransfn: r.oid(AGGMINVTRANSFN),
            mfinalfn: r.oid(AGGMFINALFN),
            finalextra: r.bool(AGGFINALEXTRA),
            mfinalextra: r.bool(AGGMFINALEXTRA),
            finalmodify: r.char(AGGFINALMODIFY),
            mfinalmodify: r.char(AGGMFINALMODIFY),
            sortop: r.oid(AGGSORTOP),
            transtype: r.oid(AGGTRANSTYPE),
            transspace: r.i32(AGGTRANSSPACE),
            mtranstype: r.oid(AGGMTRANSTYPE),
            mtransspace: r.i32(AGGMTRANSSPACE),
            initval: r.opt_text(AGGINITVAL),
            minitval: r.opt_text(AGGMINITVAL),
        }
    }
}

impl PgOpclass {
    /// From a pg_opclass row.
    pub fn from_row(row: &[Datum]) -> PgOpclass {
        use pg_opclass::*;
        let r = Row(row);
        PgOpclass {
            oid: r.oid(OID),
            method: r.oid(OPCMETHOD),
            name: r.text(OPCNAME),
            namespace: r.oid(OPCNAMESPACE),
            owner: r.oid(OPCOWNER),
            family: r.oid(OPCFAMILY),
            intype: r.oid(OPCINTYPE),
            is_default: r.bool(OPCDEFAULT),
            keytype: r.oid(OPCKEYTYPE),
        }
    }
}

impl PgAmop {
    /// From a pg_amop row.
    pub fn from_row(row: &[Datum]) -> PgAmop {
        use pg_amop::*;
        let r = Row(row);
        PgAmop {
            oid: r.oid(OID),
            family: r.oid(AMOPFAMILY),
            left: r.oid(AMOPLEFTTYPE),
            right: r.oid(AMOPRIGHTTYPE),
            strategy: r.i16(AMOPSTRATEGY),
            purpose: r.char(AMOPPURPOSE),
            opr: r.oid(AMOPOPR),
            method: r.oid(AMOPMETHOD),
            sortfamily: r.oid(AMOPSORTFAMILY),
        }
    }
}

impl PgAmproc {
    /// From a pg_amproc row.
    pub fn from_row(row: &[Datum]) -> PgAmproc {
        use pg_amproc::*;
        let r = Row(row);
        PgAmproc {
            oid: r.oid(OID),
            family: r.oid(AMPROCFAMILY),
            left: r.oid(AMPROCLEFTTYPE),
            right: r.oid(AMPROCRIGHTTYPE),
            num: r.i16(AMPROCNUM),
            proc_: r.oid(AMPROC),
        }
    }
}

impl PgRange {
    /// From a pg_range row.
    pub fn from_row(row: &[Datum]) -> PgRange {
        use pg_range::*;
        let r = Row(row);
        PgRange {
            rngtypid: r.oid(RNGTYPID),
            subtype: r.oid(RNGSUBTYPE),
            multitypid: r.oid(RNGMULTITYPID),
            collation: r.oid(RNGCOLLATION),
            subopc: r.oid(RNGSUBOPC),
            canonical: r.oid(RNGCANONICAL),
            subdiff: r.oid(RNGSUBDIFF),
        }
    }
}

impl PgCollation {
    /// From a pg_collation row.
    pub fn from_row(row: &[Datum]) -> PgCollation {
        use pg_collation::*;
        let r = Row(row);
        PgCollation {
            oid: r.oid(OID),
            name: r.text(COLLNAME),
            namespace: r.oid(COLLNAMESPACE),
            owner: r.oid(COLLOWNER),
            provider: r.char(COLLPROVIDER),
            deterministic: r.bool(COLLISDETERMINISTIC),
            encoding: r.i32(COLLENCODING),
            collate: r.opt_text(COLLCOLLATE),
            ctype: r.opt_text(COLLCTYPE),
            locale: r.opt_text(COLLLOCALE),
        }
    }
}

impl PgAuthid {
    /// From a pg_authid row.
    pub fn from_row(row: &[Datum]) -> PgAuthid {
        use pg_authid::*;
        let r = Row(row);
        PgAuthid {
            oid: r.oid(OID),
            name: r.text(ROLNAME),
            superuser: r.bool(ROLSUPER),
            inherit: r.bool(ROLINHERIT),
            createrole: r.bool(ROLCREATEROLE),
            createdb: r.bool(ROLCREATEDB),
            canlogin: r.bool(ROLCANLOGIN),
            replication: r.bool(ROLREPLICATION),
            bypassrls: r.bool(ROLBYPASSRLS),
            connlimit: r.i32(ROLCONNLIMIT),
            password: r.opt_text(ROLPASSWORD),
            validuntil: match row[ROLVALIDUNTIL] {
                Datum::Int8(v) => Some(v),
                _ => None,
            },
        }
    }
}

impl PgDatabase {
    /// From a pg_database row.
    pub fn from_row(row: &[Datum]) -> PgDatabase {
        use pg_database::*;
        let r = Row(row);
        PgDatabase {
            oid: r.oid(OID),
            name: r.text(DATNAME),
            owner: r.oid(DATDBA),
            encoding: r.i32(ENCODING),
            istemplate: r.bool(DATISTEMPLATE),
            allowconn: r.bool(DATALLOWCONN),
            connlimit: r.i32(DATCONNLIMIT),
            collate: r.text(DATCOLLATE),
            ctype: r.text(DATCTYPE),
            acl: r.acl(DATACL),
        }
    }
}

/// A stored expression, `None` for NULL.
pub(crate) fn stored_expr(datum: &Datum) -> PgResult<Option<nodes::Expr>> {
    match datum {
        Datum::Bytes(v) => {
            let text = std::str::from_utf8(v.as_bytes())
                .map_err(|_| PgError::internal("stored expression is not UTF-8"))?;
            nodes::stored::from_stored(text).map(Some)
        }
        _ => Ok(None),
    }
}

impl Constraint {
    /// From a pg_constraint row, `expr` left empty.
    pub fn from_row(row: &[Datum]) -> Constraint {
        use pg_constraint::*;
        let r = Row(row);
        Constraint {
            oid: r.oid(OID),
            name: r.text(CONNAME),
            namespace: r.oid(CONNAMESPACE),
            contype: r.char(CONTYPE),
            deferrable: r.bool(CONDEFERRABLE),
            deferred: r.bool(CONDEFERRED),
            enforced: r.bool(CONENFORCED),
            validated: r.bool(CONVALIDATED),
            relid: r.oid(CONRELID),
            typid: r.oid(CONTYPID),
            indid: r.oid(CONINDID),
            parentid: r.oid(CONPARENTID),
            frelid: r.oid(CONFRELID),
            fupdtype: r.char(CONFUPDTYPE),
            fdeltype: r.char(CONFDELTYPE),
            fmatchtype: r.char(CONFMATCHTYPE),
            is_local: r.bool(CONISLOCAL),
            inhcount: r.i16(CONINHCOUNT),
            noinherit: r.bool(CONNOINHERIT),
            period: r.bool(CONPERIOD),
            key: r.i16s(CONKEY),
            fkey: r.i16s(CONFKEY),
            pfeqop: r.oids(CONPFEQOP),
            ppeqop: r.oids(CONPPEQOP),
            ffeqop: r.oids(CONFFEQOP),
            fdelsetcols: r.i16s(CONFDELSETCOLS),
            exclop: r.oids(CONEXCLOP),
            expr: None,
        }
    }
}

impl Statistic {
    /// From a pg_statistic row.
    pub fn from_row(row: &[Datum]) -> Statistic {
        use pg_statistic::*;
        let r = Row(row);
        let slots = (0..5)
            .filter(|i| r.i16(STAKIND1 + i) != 0)
            .map(|i| StatisticSlot {
                kind: r.i16(STAKIND1 + i),
                op: r.oid(STAOP1 + i),
                coll: r.oid(STACOLL1 + i),
                numbers: r.f32s(STANUMBERS1 + i),
                values: r.elems(STAVALUES1 + i).to_vec(),
            })
            .collect();
        Statistic {
            nullfrac: r.f32(STANULLFRAC),
            width: r.i32(STAWIDTH),
            distinct: r.f32(STADISTINCT),
            slots,
        }
    }
}
