//! CREATE TABLE, ALTER TABLE, CREATE INDEX, sequences, statistics, partitions, foreign tables.
use super::{
    CollateClause, Constraint, DefElem, DropBehavior, Expr, ObjectType, OnCommitAction, ParseLoc,
    RangeVar, RoleSpec, SortByDir, SortByNulls, TableRef, TypeName, kind, node,
};

node! {
    /// Element of the parenthesized list of CREATE TABLE.
    pub enum TableElement {
        ColumnDef(Box<ColumnDef>),
        TableLikeClause(TableLikeClause),
        Constraint(Box<Constraint>),
    }

    pub struct CreateStmt {
        pub relation: RangeVar,
        pub table_elts: Vec<TableElement>,
        /// INHERITS, or the parent of PARTITION OF.
        pub inh_relations: Vec<RangeVar>,
        pub partbound: Option<PartitionBoundSpec>,
        pub partspec: Option<PartitionSpec>,
        /// OF type.
        pub of_typename: Option<TypeName>,
        pub options: Vec<DefElem>,
        pub oncommit: OnCommitAction,
        pub tablespacename: Option<String>,
        pub access_method: Option<String>,
        pub if_not_exists: bool,
    }

    /// A column's definition; `type_name` is None for `col WITH OPTIONS` of typed tables.
    pub struct ColumnDef {
        pub colname: String,
        pub type_name: Option<TypeName>,
        pub compression: Option<String>,
        /// STORAGE's word; `default` for STORAGE DEFAULT.
        pub storage_name: Option<String>,
        pub coll_clause: Option<CollateClause>,
        /// Everything but COLLATE.
        pub constraints: Vec<Constraint>,
        pub fdwoptions: Vec<DefElem>,
        /// USING expression of ALTER COLUMN TYPE.
        pub raw_default: Option<Expr>,
        pub location: ParseLoc,
    }

    pub struct TableLikeClause {
        pub relation: RangeVar,
        /// Bits of [`table_like`].
        pub options: u32,
    }
}

/// Bits of [`TableLikeClause::options`].
pub mod table_like {
    pub const COMMENTS: u32 = 1 << 0;
    pub const COMPRESSION: u32 = 1 << 1;
    pub const CONSTRAINTS: u32 = 1 << 2;
    pub const DEFAULTS: u32 = 1 << 3;
    pub const GENERATED: u32 = 1 << 4;
    pub const IDENTITY: u32 = 1 << 5;
    pub const INDEXES: u32 = 1 << 6;
    pub const STATISTICS: u32 = 1 << 7;
    pub const STORAGE: u32 = 1 << 8;
    pub const ALL: u32 = 0x7fff_ffff;
}

kind! {
    pub enum PartitionStrategy { List, Range, Hash }

    pub enum PartitionRangeDatumKind { MinValue, Value, MaxValue }
}

node! {
    pub struct PartitionElem {
        pub name: Option<String>,
        pub expr: Option<Expr>,
        pub collation: Vec<String>,
        pub opclass: Vec<String>,
        pub location: ParseLoc,
    }

    pub struct PartitionSpec {
        pub strategy: PartitionStrategy,
        pub part_params: Vec<PartitionElem>,
        pub location: ParseLoc,
    }

    /// FOR VALUES … or DEFAULT.
    pub struct PartitionBoundSpec {
        /// None with `is_default`.
        pub strategy: Option<PartitionStrategy>,
        pub is_default: bool,
        pub modulus: i32,
        pub remainder: i32,
        pub listdatums: Vec<Expr>,
        /// MINVALUE and MAXVALUE still are column references here.
        pub lowerdatums: Vec<Expr>,
        pub upperdatums: Vec<Expr>,
        pub location: ParseLoc,
    }

    pub struct PartitionCmd {
        pub name: RangeVar,
        pub bound: Option<PartitionBoundSpec>,
        pub concurrent: bool,
    }

    pub struct CreateForeignTableStmt {
        pub base: CreateStmt,
        pub servername: String,
        pub options: Vec<DefElem>,
    }

    pub struct AlterTableStmt {
        pub relation: RangeVar,
        pub cmds: Vec<AlterTableCmd>,
        /// Table, Index, Sequence, View, MatView, ForeignTable, Type.
        pub objtype: ObjectType,
        pub missing_ok: bool,
    }
}

kind! {
    /// Kinds of [`AlterTableCmd`]; what each needs is in the command's fields.
    pub enum AlterTableType {
        AddColumn,
        ColumnDefault,
        DropNotNull,
        SetNotNull,
        SetExpression,
        DropExpression,
        SetStatistics,
        SetOptions,
        ResetOptions,
        SetStorage,
        SetCompression,
        DropColumn,
        AddConstraint,
        AlterConstraint,
        ValidateConstraint,
        DropConstraint,
        AlterColumnType,
        AlterColumnGenericOptions,
        ChangeOwner,
        ClusterOn,
        DropCluster,
        SetLogged,
        SetUnLogged,
        DropOids,
        SetAccessMethod,
        SetTableSpace,
        SetRelOptions,
        ResetRelOptions,
        EnableTrig,
        EnableAlwaysTrig,
        EnableReplicaTrig,
        DisableTrig,
        EnableTrigAll,
        DisableTrigAll,
        EnableTrigUser,
        DisableTrigUser,
        EnableRule,
        EnableAlwaysRule,
        EnableReplicaRule,
        DisableRule,
        AddInherit,
        DropInherit,
        AddOf,
        DropOf,
        ReplicaIdentity,
        EnableRowSecurity,
        DisableRowSecurity,
        ForceRowSecurity,
        NoForceRowSecurity,
        GenericOptions,
        AttachPartition,
        DetachPartition,
        DetachPartitionFinalize,
        AddIdentity,
        SetIdentity,
        DropIdentity,
    }

    pub enum ReplicaIdentityType { Nothing, Full, Default, Index }
}

node! {
    pub struct AlterTableCmd {
        pub subtype: AlterTableType,
        /// Column, constraint, trigger, tablespace … name.
        pub name: Option<String>,
        /// Column number of ALTER INDEX … ALTER COLUMN n.
        pub num: i16,
        pub newowner: Option<RoleSpec>,
        pub def: Option<AlterTableDef>,
        pub behavior: DropBehavior,
        pub missing_ok: bool,
        pub location: ParseLoc,
    }

    /// Definition part of an [`AlterTableCmd`].
    pub enum AlterTableDef {
        ColumnDef(Box<ColumnDef>),
        Constraint(Box<Constraint>),
        AlterConstraint(ATAlterConstraint),
        /// New default or generation expression; None of the command's `def` drops it.
        Expr(Box<Expr>),
        /// SET STATISTICS target.
        Integer(i32),
        /// STORAGE, COMPRESSION, access method.
        Name(String),
        Options(Vec<DefElem>),
        RangeVar(RangeVar),
        TypeName(TypeName),
        PartitionCmd(Box<PartitionCmd>),
        ReplicaIdentity(ReplicaIdentityStmt),
    }

    pub struct ATAlterConstraint {
        pub conname: String,
        pub alter_enforceability: bool,
        pub is_enforced: bool,
        pub alter_deferrability: bool,
        pub deferrable: bool,
        pub initdeferred: bool,
        pub alter_inheritability: bool,
        pub noinherit: bool,
    }

    pub struct ReplicaIdentityStmt {
        pub identity_type: ReplicaIdentityType,
        pub name: Option<String>,
    }

    /// ALTER TABLE ALL IN TABLESPACE.
    pub struct AlterTableMoveAllStmt {
        pub orig_tablespacename: String,
        pub objtype: ObjectType,
        pub roles: Vec<RoleSpec>,
        pub new_tablespacename: String,
        pub nowait: bool,
    }

    /// A column or expression of an index.
    pub struct IndexElem {
        pub name: Option<String>,
        pub expr: Option<Expr>,
        pub collation: Vec<String>,
        pub opclass: Vec<String>,
        pub opclassopts: Vec<DefElem>,
        pub ordering: SortByDir,
        pub nulls_ordering: SortByNulls,
        pub location: ParseLoc,
    }

    pub struct IndexStmt {
        pub idxname: Option<String>,
        pub relation: RangeVar,
        /// `btree` unless USING says otherwise.
        pub access_method: String,
        pub table_space: Option<String>,
        pub index_params: Vec<IndexElem>,
        pub index_including_params: Vec<IndexElem>,
        pub options: Vec<DefElem>,
        pub where_clause: Option<Expr>,
        pub unique: bool,
        pub nulls_not_distinct: bool,
        pub concurrent: bool,
        pub if_not_exists: bool,
    }

    pub struct CreateSeqStmt {
        pub sequence: RangeVar,
        pub options: Vec<DefElem>,
        pub if_not_exists: bool,
    }

    pub struct AlterSeqStmt {
        pub sequence: RangeVar,
        pub options: Vec<DefElem>,
        pub missing_ok: bool,
    }

    /// A column or expression of CREATE STATISTICS.
    pub struct StatsElem {
        pub name: Option<String>,
        pub expr: Option<Expr>,
    }

    pub struct CreateStatsStmt {
        /// Empty when unnamed.
        pub defnames: Vec<String>,
        pub stat_types: Vec<String>,
        pub exprs: Vec<StatsElem>,
        pub relations: Vec<TableRef>,
        pub if_not_exists: bool,
    }

    pub struct AlterStatsStmt {
        pub defnames: Vec<String>,
        /// None for DEFAULT.
        pub stxstattarget: Option<i32>,
        pub missing_ok: bool,
    }

    pub struct TruncateStmt {
        pub relations: Vec<RangeVar>,
        pub restart_seqs: bool,
        pub behavior: DropBehavior,
    }
}

impl AlterTableCmd {
    /// A command with nothing but its kind.
    pub fn new(subtype: AlterTableType, location: ParseLoc) -> Self {
        AlterTableCmd {
            subtype,
            name: None,
            num: 0,
            newowner: None,
            def: None,
            behavior: DropBehavior::Restrict,
            missing_ok: false,
            location,
        }
    }
}
