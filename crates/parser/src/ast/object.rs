//! Statements over any kind of object: DROP, COMMENT, RENAME, OWNER, SET SCHEMA, GRANT.
use super::{
    ConstValue, DefElem, FunctionParameter, ParseLoc, RangeVar, RoleSpec, TypeName, kind, node,
};

kind! {
    /// PostgreSQL's object types.
    pub enum ObjectType {
        AccessMethod,
        Aggregate,
        Amop,
        Amproc,
        /// Of a composite type.
        Attribute,
        Cast,
        Column,
        Collation,
        Conversion,
        Database,
        Default,
        Defacl,
        Domain,
        DomConstraint,
        EventTrigger,
        Extension,
        Fdw,
        ForeignServer,
        ForeignTable,
        Function,
        Index,
        Language,
        LargeObject,
        MatView,
        OpClass,
        Operator,
        OpFamily,
        ParameterAcl,
        Policy,
        Procedure,
        Publication,
        PublicationNamespace,
        PublicationRel,
        Role,
        Routine,
        Rule,
        Schema,
        Sequence,
        Subscription,
        StatisticExt,
        TabConstraint,
        Table,
        Tablespace,
        Transform,
        Trigger,
        TsConfiguration,
        TsDictionary,
        TsParser,
        TsTemplate,
        Type,
        UserMapping,
        View,
    }

    #[derive(Default)]
    pub enum DropBehavior { #[default] Restrict, Cascade }
}

node! {
    /// A function, aggregate or operator with its argument types.
    pub struct ObjectWithArgs {
        pub objname: Vec<String>,
        /// Input argument types; None marks a missing operand (`NONE`) of an operator.
        pub objargs: Vec<Option<TypeName>>,
        /// All parameters as written, for functions and aggregates.
        pub objfuncargs: Vec<FunctionParameter>,
        /// No argument list was given.
        pub args_unspecified: bool,
    }

    /// An object as named in DROP, COMMENT, ALTER and the like.
    pub enum ObjectRef {
        /// An unqualified name: schemas, roles, languages …
        Name(String),
        /// A possibly qualified name: relations, collations, columns …
        AnyName(Vec<String>),
        TypeName(Box<TypeName>),
        WithArgs(Box<ObjectWithArgs>),
        Cast(Box<TypeName>, Box<TypeName>),
        Transform { type_name: Box<TypeName>, lang: String },
        /// Policy, rule, trigger, table constraint: `name ON relation`.
        OnRelation { name: String, relation: Vec<String> },
        DomConstraint { type_name: Box<TypeName>, name: String },
        /// Operator class or family.
        UsingMethod { name: Vec<String>, amname: String },
        LargeObject(ConstValue),
        Role(RoleSpec),
    }

    pub struct DropStmt {
        pub objects: Vec<ObjectRef>,
        pub remove_type: ObjectType,
        pub behavior: DropBehavior,
        pub missing_ok: bool,
        pub concurrent: bool,
    }

    pub struct CommentStmt {
        pub objtype: ObjectType,
        pub object: ObjectRef,
        /// None removes the comment.
        pub comment: Option<String>,
    }

    pub struct SecLabelStmt {
        pub objtype: ObjectType,
        pub object: ObjectRef,
        pub provider: Option<String>,
        pub label: Option<String>,
    }

    /// `relation` for things that are or belong to relations, `object` for the rest.
    pub struct RenameStmt {
        pub rename_type: ObjectType,
        /// Kind of `relation` when a part of it is renamed.
        pub relation_type: ObjectType,
        pub relation: Option<RangeVar>,
        pub object: Option<ObjectRef>,
        /// The old name of the column, constraint, role, trigger …
        pub subname: Option<String>,
        pub newname: String,
        pub behavior: DropBehavior,
        pub missing_ok: bool,
    }

    pub struct AlterObjectSchemaStmt {
        pub object_type: ObjectType,
        pub relation: Option<RangeVar>,
        pub object: Option<ObjectRef>,
        pub newschema: String,
        pub missing_ok: bool,
    }

    pub struct AlterOwnerStmt {
        pub object_type: ObjectType,
        pub relation: Option<RangeVar>,
        pub object: Option<ObjectRef>,
        pub newowner: RoleSpec,
    }

    pub struct AlterObjectDependsStmt {
        pub object_type: ObjectType,
        pub relation: Option<RangeVar>,
        pub object: Option<ObjectRef>,
        pub extname: String,
        /// NO DEPENDS.
        pub remove: bool,
    }
}

kind! {
    pub enum GrantTargetType { Object, AllInSchema, Defaults }
}

node! {
    pub struct AccessPriv {
        /// None for ALL PRIVILEGES with a column list.
        pub priv_name: Option<String>,
        pub cols: Vec<String>,
    }

    /// GRANT and REVOKE on objects.
    pub struct GrantStmt {
        pub is_grant: bool,
        pub targtype: GrantTargetType,
        pub objtype: ObjectType,
        pub objects: Vec<GrantObject>,
        /// Empty means ALL.
        pub privileges: Vec<AccessPriv>,
        pub grantees: Vec<RoleSpec>,
        pub grant_option: bool,
        pub grantor: Option<RoleSpec>,
        pub behavior: DropBehavior,
    }

    /// An object of GRANT.
    pub enum GrantObject {
        RangeVar(RangeVar),
        Name(String),
        AnyName(Vec<String>),
        WithArgs(Box<ObjectWithArgs>),
        LargeObject(ConstValue),
    }

    pub struct GrantRoleStmt {
        pub granted_roles: Vec<AccessPriv>,
        pub grantee_roles: Vec<RoleSpec>,
        pub is_grant: bool,
        /// `admin`, `inherit`, `set`: Boolean.
        pub opt: Vec<DefElem>,
        pub grantor: Option<RoleSpec>,
        pub behavior: DropBehavior,
    }

    pub struct AlterDefaultPrivilegesStmt {
        /// `schemas` and `roles`.
        pub options: Vec<DefElem>,
        pub action: GrantStmt,
    }

    pub struct DropOwnedStmt {
        pub roles: Vec<RoleSpec>,
        pub behavior: DropBehavior,
    }

    pub struct ReassignOwnedStmt {
        pub roles: Vec<RoleSpec>,
        pub newrole: RoleSpec,
    }
}

node! {
    /// Any part of CREATE SCHEMA after its name.
    pub struct CreateSchemaStmt {
        pub schemaname: Option<String>,
        pub authrole: Option<RoleSpec>,
        pub schema_elts: Vec<super::Stmt>,
        pub if_not_exists: bool,
        pub location: ParseLoc,
    }
}
