//! Functions, procedures, casts, transforms, languages, aggregates and operators.
use super::{
    DefElem, Expr, ObjectRef, ObjectType, ObjectWithArgs, ParseLoc, Stmt, TypeName, kind, node,
};

kind! {
    pub enum FunctionParameterMode { Default, In, Out, InOut, Variadic, Table }

    /// When a cast may be applied.
    pub enum CoercionContext { Implicit, Assignment, Explicit }
}

node! {
    pub struct FunctionParameter {
        pub name: Option<String>,
        pub arg_type: TypeName,
        pub mode: FunctionParameterMode,
        pub defexpr: Option<Expr>,
        pub location: ParseLoc,
    }

    /// SQL-standard body.
    pub enum SqlBody {
        /// RETURN expression.
        Return(Box<Stmt>),
        /// BEGIN ATOMIC … END.
        Atomic(Vec<Stmt>),
    }

    pub struct CreateFunctionStmt {
        pub is_procedure: bool,
        pub replace: bool,
        pub funcname: Vec<String>,
        pub parameters: Vec<FunctionParameter>,
        pub return_type: Option<TypeName>,
        /// `as` (Strings of one or two), `language`, `volatility`, `strict`, `security`,
        /// `leakproof`, `cost`, `rows`, `support`, `set`, `parallel`, `transform`, `window`.
        pub options: Vec<DefElem>,
        pub sql_body: Option<SqlBody>,
        pub location: ParseLoc,
    }

    pub struct AlterFunctionStmt {
        pub objtype: ObjectType,
        pub func: ObjectWithArgs,
        pub actions: Vec<DefElem>,
    }

    pub struct CreateCastStmt {
        pub sourcetype: TypeName,
        pub targettype: TypeName,
        pub func: Option<ObjectWithArgs>,
        pub context: CoercionContext,
        pub inout: bool,
    }

    pub struct CreateTransformStmt {
        pub replace: bool,
        pub type_name: TypeName,
        pub lang: String,
        pub fromsql: Option<ObjectWithArgs>,
        pub tosql: Option<ObjectWithArgs>,
    }

    pub struct CreatePLangStmt {
        pub replace: bool,
        pub plname: String,
        pub plhandler: Vec<String>,
        pub plinline: Vec<String>,
        pub plvalidator: Vec<String>,
        pub pltrusted: bool,
    }

    /// Arguments of CREATE AGGREGATE.
    pub struct AggrArgs {
        pub params: Vec<FunctionParameter>,
        /// Number of direct arguments of an ordered-set aggregate, -1 for a plain one.
        pub num_direct: i32,
    }

    /// CREATE AGGREGATE, OPERATOR, TYPE (base or shell), COLLATION, TEXT SEARCH …
    pub struct DefineStmt {
        pub kind: ObjectType,
        /// CREATE AGGREGATE without an argument list.
        pub oldstyle: bool,
        pub defnames: Vec<String>,
        pub args: Option<AggrArgs>,
        pub definition: Vec<DefElem>,
        pub if_not_exists: bool,
        pub replace: bool,
        pub location: ParseLoc,
    }

    pub struct AlterOperatorStmt {
        pub opername: ObjectWithArgs,
        pub options: Vec<DefElem>,
    }

    pub struct CreateOpClassStmt {
        pub opclassname: Vec<String>,
        pub opfamilyname: Vec<String>,
        pub amname: String,
        pub datatype: TypeName,
        pub items: Vec<CreateOpClassItem>,
        pub is_default: bool,
    }
}

kind! {
    pub enum OpClassItemType { Operator, Function, StorageType }
}

node! {
    pub struct CreateOpClassItem {
        pub itemtype: OpClassItemType,
        /// Operator or function.
        pub name: Option<ObjectWithArgs>,
        pub number: i32,
        pub order_family: Vec<String>,
        pub class_args: Vec<TypeName>,
        pub storedtype: Option<TypeName>,
    }

    pub struct CreateOpFamilyStmt {
        pub opfamilyname: Vec<String>,
        pub amname: String,
    }

    pub struct AlterOpFamilyStmt {
        pub opfamilyname: Vec<String>,
        pub amname: String,
        pub is_drop: bool,
        pub items: Vec<CreateOpClassItem>,
    }

    pub struct CreateConversionStmt {
        pub conversion_name: Vec<String>,
        pub for_encoding_name: String,
        pub to_encoding_name: String,
        pub func_name: Vec<String>,
        pub def: bool,
    }

    pub struct CreateAmStmt {
        pub amname: String,
        pub handler_name: Vec<String>,
        /// `i` or `t`.
        pub amtype: char,
    }

    pub struct CreateExtensionStmt {
        pub extname: String,
        pub if_not_exists: bool,
        /// `schema`, `new_version`, `cascade`.
        pub options: Vec<DefElem>,
    }

    pub struct AlterExtensionStmt {
        pub extname: String,
        pub options: Vec<DefElem>,
    }

    pub struct AlterExtensionContentsStmt {
        pub extname: String,
        /// ADD (true) or DROP.
        pub add: bool,
        pub objtype: ObjectType,
        pub object: ObjectRef,
    }
}
