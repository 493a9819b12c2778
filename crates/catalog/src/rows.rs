//! Rows of the catalogs that resolution and planning look at, in Rust form.
use nodes::Expr;
use std::sync::Arc;
use types::{Datum, Oid, PhysType};

/// A row of pg_type.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PgType {
    pub oid: Oid,
    pub name: String,
    pub namespace: Oid,
    pub owner: Oid,
    pub len: i16,
    pub byval: bool,
    /// 'b' base, 'c' composite, 'd' domain, 'e' enum, 'p' pseudo, 'r' range, 'm' multirange.
    pub typtype: char,
    pub category: char,
    pub preferred: bool,
    pub defined: bool,
    pub delim: char,
    pub relid: Oid,
    pub subscript: Oid,
    pub elem: Oid,
    pub array: Oid,
    pub input: Oid,
    pub output: Oid,
    pub receive: Oid,
    pub send: Oid,
    pub modin: Oid,
    pub modout: Oid,
    pub analyze: Oid,
    pub align: char,
    pub storage: char,
    pub not_null: bool,
    pub basetype: Oid,
    pub typmod: i32,
    pub ndims: i32,
    pub collation: Oid,
    pub default: Option<String>,
    pub default_bin: Option<String>,
    /// How values are held (a domain's is its base type's).
    pub phys: PhysType,
}

impl PgType {
    /// Whether this is a true array type (variable length with elements; not int2vector, name, …).
    pub fn is_array(&self) -> bool {
        self.elem.is_valid() && self.len == -1 && self.subscript == Oid(6179)
    }
}

/// A row of pg_proc.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PgProc {
    pub oid: Oid,
    pub name: String,
    pub namespace: Oid,
    pub owner: Oid,
    pub lang: Oid,
    pub cost: f32,
    pub rows: f32,
    /// Element type of the VARIADIC parameter, or INVALID.
    pub variadic: Oid,
    pub support: Oid,
    /// 'f' function, 'p' procedure, 'a' aggregate, 'w' window.
    pub kind: char,
    pub secdef: bool,
    pub leakproof: bool,
    pub strict: bool,
    pub retset: bool,
    /// 'i', 's', 'v'.
    pub volatile: char,
    /// 's', 'r', 'u'.
    pub parallel: char,
    pub nargdefaults: i16,
    pub rettype: Oid,
    /// Input argument types.
    pub argtypes: Vec<Oid>,
    /// All arguments' types, empty if there are only IN arguments.
    pub allargtypes: Vec<Oid>,
    /// 'i','o','b','v','t' for each of `allargtypes`.
    pub argmodes: Vec<char>,
    /// Names of all arguments, "" if unnamed; empty if none has a name.
    pub argnames: Vec<String>,
    /// Default expressions of the last `nargdefaults` input arguments.
    pub argdefaults: Arc<Vec<Expr>>,
    pub src: String,
    pub bin: Option<String>,
    /// SQL-standard body as a stored tree.
    pub sqlbody: Option<String>,
    pub config: Vec<String>,
    pub acl: Option<Vec<AclItem>>,
}

/// A row of pg_operator.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PgOperator {
    pub oid: Oid,
    pub name: String,
    pub namespace: Oid,
    pub owner: Oid,
    /// 'b' binary, 'l' prefix.
    pub kind: char,
    pub can_merge: bool,
    pub can_hash: bool,
    pub left: Oid,
    pub right: Oid,
    pub result: Oid,
    pub commutator: Oid,
    pub negator: Oid,
    pub code: Oid,
    /// Restriction and join selectivity estimators.
    pub rest: Oid,
    pub join: Oid,
}

/// A row of pg_cast.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PgCast {
    pub oid: Oid,
    pub source: Oid,
    pub target: Oid,
    pub func: Oid,
    /// 'i', 'a', 'e'.
    pub context: char,
    /// 'f' function, 'i' I/O, 'b' binary-coercible.
    pub method: char,
}

/// A row of pg_aggregate.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PgAggregate {
    pub fnoid: Oid,
    pub kind: char,
    pub numdirectargs: i16,
    pub transfn: Oid,
    pub finalfn: Oid,
    pub combinefn: Oid,
    pub serialfn: Oid,
    pub deserialfn: Oid,
    pub mtransfn: Oid,
    pub minvtransfn: Oid,
    pub mfinalfn: Oid,
    pub finalextra: bool,
    pub mfinalextra: bool,
    pub finalmodify: char,
    pub mfinalmodify: char,
    pub sortop: Oid,
    pub transtype: Oid,
    pub transspace: i32,
    pub mtranstype: Oid,
    pub mtransspace: i32,
    pub initval: Option<String>,
    pub minitval: Option<String>,
}

/// A row of pg_opclass.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PgOpclass {
    pub oid: Oid,
    pub method: Oid,
    pub name: String,
    pub namespace: Oid,
    pub owner: Oid,
    pub family: Oid,
    pub intype: Oid,
    pub is_default: bool,
    pub keytype: Oid,
}

/// A row of pg_amop.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PgAmop {
    pub oid: Oid,
    pub family: Oid,
    pub left: Oid,
    pub right: Oid,
    pub strategy: i16,
    /// 's' search, 'o' ordering.
    pub purpose: char,
    pub opr: Oid,
    pub method: Oid,
    pub sortfamily: Oid,
}

/// A row of pg_amproc.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PgAmproc {
    pub oid: Oid,
    pub family: Oid,
    pub left: Oid,
    pub right: Oid,
    pub num: i16,
    pub proc_: Oid,
}

/// A row of pg_range.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PgRange {
    pub rngtypid: Oid,
    pub subtype: Oid,
    pub multitypid: Oid,
    pub collation: Oid,
    pub subopc: Oid,
    pub canonical: Oid,
    pub subdiff: Oid,
}

/// A row of pg_collation.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PgCollation {
    pub oid: Oid,
    pub name: String,
    pub namespace: Oid,
    pub owner: Oid,
    /// 'd' default, 'b' builtin, 'c' libc, 'i' icu.
    pub provider: char,
    pub deterministic: bool,
    pub encoding: i32,
    pub collate: Option<String>,
    pub ctype: Option<String>,
    pub locale: Option<String>,
}

/// A row of pg_authid.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PgAuthid {
    pub oid: Oid,
    pub name: String,
    pub superuser: bool,
    pub inherit: bool,
    pub createrole: bool,
    pub createdb: bool,
    pub canlogin: bool,
    pub replication: bool,
    pub bypassrls: bool,
    pub connlimit: i32,
    pub password: Option<String>,
    pub validuntil: Option<i64>,
}

/// A row of pg_database.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PgDatabase {
    pub oid: Oid,
    pub name: String,
    pub owner: Oid,
    pub encoding: i32,
    pub istemplate: bool,
    pub allowconn: bool,
    pub connlimit: i32,
    pub collate: String,
    pub ctype: String,
    pub acl: Option<Vec<AclItem>>,
}

/// An access privilege: grantee (INVALID: PUBLIC), grantor, `nodes::acl` bits and grant options.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct AclItem {
    pub grantee: Oid,
    pub grantor: Oid,
    pub privs: u64,
    pub grant_options: u64,
}

/// A column (row of pg_attribute with its default).
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Attribute {
    pub name: String,
    /// Type; INVALID for a dropped column.
    pub typ: Oid,
    pub typmod: i32,
    /// 1-based; negative for system columns.
    pub num: i16,
    pub len: i16,
    pub ndims: i16,
    pub not_null: bool,
    pub has_default: bool,
    pub has_missing: bool,
    /// Value of rows stored before the column was added.
    pub missing: Option<Datum>,
    /// '\0', 'a' always, 'd' by default.
    pub identity: char,
    /// '\0', 's' stored, 'v' virtual.
    pub generated: char,
    pub dropped: bool,
    pub is_local: bool,
    pub inhcount: i16,
    pub collation: Oid,
    pub storage: char,
    pub compression: char,
    pub stattarget: Option<i16>,
    pub phys: PhysType,
    /// DEFAULT or generation expression (Var varno 1 for generated columns).
    pub default: Option<Arc<Expr>>,
    pub acl: Option<Vec<AclItem>>,
}

/// A row of pg_constraint.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Constraint {
    pub oid: Oid,
    pub name: String,
    pub namespace: Oid,
    /// 'c' check, 'f' foreign key, 'n' not null, 'p' primary key, 'u' unique, 't' trigger, 'x' exclusion.
    pub contype: char,
    pub deferrable: bool,
    pub deferred: bool,
    pub enforced: bool,
    pub validated: bool,
    pub relid: Oid,
    pub typid: Oid,
    pub indid: Oid,
    pub parentid: Oid,
    pub frelid: Oid,
    /// 'a' no action, 'r' restrict, 'c' cascade, 'n' set null, 'd' set default; ' ' if none.
    pub fupdtype: char,
    pub fdeltype: char,
    /// 's' simple, 'f' full, 'p' partial.
    pub fmatchtype: char,
    pub is_local: bool,
    pub inhcount: i16,
    pub noinherit: bool,
    pub period: bool,
    pub key: Vec<i16>,
    pub fkey: Vec<i16>,
    pub pfeqop: Vec<Oid>,
    pub ppeqop: Vec<Oid>,
    pub ffeqop: Vec<Oid>,
    pub fdelsetcols: Vec<i16>,
    pub exclop: Vec<Oid>,
    /// CHECK expression (Var varno 1).
    pub expr: Option<Arc<Expr>>,
}

/// An index as planner and executor need it (pg_index, pg_class, pg_opclass).
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct IndexDesc {
    pub oid: Oid,
    pub name: String,
    pub relid: Oid,
    pub am: Oid,
    pub storage_id: u32,
    pub unique: bool,
    pub nulls_not_distinct: bool,
    pub primary: bool,
    pub exclusion: bool,
    pub immediate: bool,
    pub valid: bool,
    pub ready: bool,
    pub live: bool,
    pub clustered: bool,
    pub replident: bool,
    /// Key columns come first, then INCLUDE columns.
    pub n_key: usize,
    pub columns: Vec<IndexColumn>,
    /// Expressions in order of the zero `attnum`s (Var varno 1).
    pub exprs: Arc<Vec<Expr>>,
    /// Partial index predicate, implicitly ANDed (Var varno 1).
    pub predicate: Arc<Vec<Expr>>,
    pub rel_pages: i32,
    pub rel_tuples: f32,
    pub reloptions: Vec<String>,
    /// The physical description for `table`.
    pub physical: Arc<table::IndexDesc>,
}

/// A column of an index.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct IndexColumn {
    /// Column of the table, 0 for an expression.
    pub attnum: i16,
    pub name: String,
    pub typ: Oid,
    pub typmod: i32,
    pub collation: Oid,
    /// INVALID for INCLUDE columns.
    pub opclass: Oid,
    pub opfamily: Oid,
    pub opcintype: Oid,
    pub desc: bool,
    pub nulls_first: bool,
}

/// A rewrite rule (views have one named _RETURN).
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct RewriteRule {
    pub oid: Oid,
    pub name: String,
    /// '1' SELECT, '2' UPDATE, '3' INSERT, '4' DELETE.
    pub event: char,
    pub enabled: char,
    pub instead: bool,
    pub qual: Option<Arc<Expr>>,
    pub actions: Arc<Vec<nodes::Query>>,
}

/// A trigger.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Trigger {
    pub oid: Oid,
    pub name: String,
    pub relid: Oid,
    pub parentid: Oid,
    pub func: Oid,
    /// PostgreSQL's TRIGGER_TYPE_ bits: 1 row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate,
    /// 64 instead.
    pub tgtype: i16,
    /// 'O' origin, 'D' disabled, 'R' replica, 'A' always.
    pub enabled: char,
    pub is_internal: bool,
    pub constrrelid: Oid,
    pub constrindid: Oid,
    pub constraint: Oid,
    pub deferrable: bool,
    pub initdeferred: bool,
    /// UPDATE OF columns.
    pub attrs: Vec<i16>,
    pub args: Vec<String>,
    /// WHEN condition (Var varno 1 OLD, 2 NEW).
    pub qual: Option<Arc<Expr>>,
    pub oldtable: Option<String>,
    pub newtable: Option<String>,
}

/// A row-level security policy.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Policy {
    pub oid: Oid,
    pub name: String,
    /// 'r', 'a', 'w', 'd' or '*'.
    pub cmd: char,
    pub permissive: bool,
    /// INVALID is PUBLIC.
    pub roles: Vec<Oid>,
    /// USING and WITH CHECK (Var varno 1).
    pub qual: Option<Arc<Expr>>,
    pub with_check: Option<Arc<Expr>>,
}

/// A row of pg_partitioned_table.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PartitionKey {
    /// 'l' list, 'r' range, 'h' hash.
    pub strategy: char,
    /// The default partition, or INVALID.
    pub default: Oid,
    /// Columns; 0 for an expression.
    pub attrs: Vec<i16>,
    pub opclass: Vec<Oid>,
    pub opfamily: Vec<Oid>,
    pub opcintype: Vec<Oid>,
    pub collation: Vec<Oid>,
    /// Expressions in order of the zeros in `attrs` (Var varno 1).
    pub exprs: Arc<Vec<Expr>>,
}

/// FOR VALUES, as stored in pg_class.relpartbound.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum PartitionBound {
    /// DEFAULT
    Default,
    /// WITH (MODULUS m, REMAINDER r)
    Hash {
        /// Number of parts.
        modulus: i32,
        /// Which of them.
        remainder: i32,
    },
    /// IN (…): constants of the key's type, NULL among them or not.
    List(Vec<Datum>),
    /// FROM (…) TO (…)
    Range {
        /// Lower bound, inclusive.
        from: Vec<RangeBoundValue>,
        /// Upper bound, exclusive.
        to: Vec<RangeBoundValue>,
    },
}

/// One column of a range partition's bound.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum RangeBoundValue {
    /// MINVALUE
    MinValue,
    /// A value.
    Value(Datum),
    /// MAXVALUE
    MaxValue,
}

/// A relation with everything about it (relcache entry).
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct RelationDesc {
    pub oid: Oid,
    pub name: String,
    pub namespace: Oid,
    /// Row type.
    pub reltype: Oid,
    pub oftype: Oid,
    pub owner: Oid,
    pub am: Oid,
    /// Key prefix of its rows; 0 without storage.
    pub storage_id: u32,
    pub tablespace: Oid,
    /// 'r' table, 'i' index, 'S' sequence, 'v' view, 'm' matview, 'c' composite, 'p' partitioned, …
    pub relkind: char,
    /// 'p' permanent, 'u' unlogged, 't' temporary.
    pub persistence: char,
    pub is_shared: bool,
    /// Visible columns and dropped ones, `attrs[attnum - 1]`.
    pub attrs: Arc<Vec<Attribute>>,
    pub indexes: Arc<Vec<Arc<IndexDesc>>>,
    /// If this is an index: its description.
    pub index: Option<Arc<IndexDesc>>,
    /// All constraints of the relation, by name.
    pub constraints: Arc<Vec<Constraint>>,
    /// Foreign keys of other relations that refer to this one.
    pub referencing: Arc<Vec<Constraint>>,
    pub rules: Arc<Vec<RewriteRule>>,
    pub has_triggers: bool,
    /// Triggers in name order, foreign key enforcement included.
    pub triggers: Arc<Vec<Trigger>>,
    /// Row-level security policies by name.
    pub policies: Arc<Vec<Policy>>,
    /// How a partitioned table divides its rows.
    pub partition_key: Option<Arc<PartitionKey>>,
    /// Which rows a partition takes.
    pub partition_bound: Option<Arc<PartitionBound>>,
    pub row_security: bool,
    pub force_row_security: bool,
    pub is_partition: bool,
    pub has_subclass: bool,
    pub is_populated: bool,
    pub replident: char,
    /// Planner statistics from the last ANALYZE or index build (-1 tuples: never).
    pub rel_pages: i32,
    pub rel_tuples: f32,
    pub all_visible: i32,
    pub reloptions: Vec<String>,
    pub acl: Option<Vec<AclItem>>,
    /// The physical description for `table`; `None` without storage.
    pub physical: Option<Arc<table::TableDesc>>,
}

impl RelationDesc {
    /// The column with that number (positive).
    pub fn attr(&self, num: i16) -> Option<&Attribute> {
        usize::try_from(num).ok().and_then(|n| n.checked_sub(1)).and_then(|i| self.attrs.get(i))
    }

    /// A live column by name.
    pub fn attr_by_name(&self, name: &str) -> Option<&Attribute> {
        self.attrs.iter().find(|a| !a.dropped && a.name == name)
    }
}

/// Column statistics (pg_statistic row).
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Statistic {
    pub nullfrac: f32,
    pub width: i32,
    /// > 0: number of distinct values; < 0: minus the fraction of rows.
    pub distinct: f32,
    pub slots: Vec<StatisticSlot>,
}

/// One slot of a pg_statistic row.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct StatisticSlot {
    /// 1 MCV, 2 histogram, 3 correlation, 4 MCELEM, …
    pub kind: i16,
    pub op: Oid,
    pub coll: Oid,
    pub numbers: Vec<f32>,
    pub values: Vec<Datum>,
}
