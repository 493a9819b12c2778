//! Publications, subscriptions and foreign data.
use super::{DefElem, DropBehavior, Expr, ParseLoc, RangeVar, RoleSpec, kind, node};

kind! {
    pub enum PublicationObjSpecType { Table, TablesInSchema, TablesInCurSchema }

    pub enum AlterPublicationAction { AddObjects, DropObjects, SetObjects }

    pub enum AlterSubscriptionType {
        Options,
        Connection,
        SetPublication,
        AddPublication,
        DropPublication,
        Refresh,
        Enabled,
        Skip,
    }

    pub enum ImportForeignSchemaType { All, LimitTo, Except }
}

node! {
    pub struct PublicationTable {
        pub relation: RangeVar,
        pub where_clause: Option<Expr>,
        pub columns: Vec<String>,
    }

    pub struct PublicationObjSpec {
        pub pubobjtype: PublicationObjSpecType,
        pub name: Option<String>,
        pub pubtable: Option<Box<PublicationTable>>,
        pub location: ParseLoc,
    }

    pub struct CreatePublicationStmt {
        pub pubname: String,
        pub options: Vec<DefElem>,
        pub pubobjects: Vec<PublicationObjSpec>,
        pub for_all_tables: bool,
    }

    pub struct AlterPublicationStmt {
        pub pubname: String,
        pub options: Vec<DefElem>,
        pub pubobjects: Vec<PublicationObjSpec>,
        pub for_all_tables: bool,
        pub action: AlterPublicationAction,
    }

    pub struct CreateSubscriptionStmt {
        pub subname: String,
        pub conninfo: String,
        pub publication: Vec<String>,
        pub options: Vec<DefElem>,
    }

    pub struct AlterSubscriptionStmt {
        pub kind: AlterSubscriptionType,
        pub subname: String,
        pub conninfo: Option<String>,
        pub publication: Vec<String>,
        pub options: Vec<DefElem>,
    }

    pub struct DropSubscriptionStmt {
        pub subname: String,
        pub missing_ok: bool,
        pub behavior: DropBehavior,
    }

    pub struct CreateFdwStmt {
        pub fdwname: String,
        pub func_options: Vec<DefElem>,
        pub options: Vec<DefElem>,
    }

    pub struct AlterFdwStmt {
        pub fdwname: String,
        pub func_options: Vec<DefElem>,
        pub options: Vec<DefElem>,
    }

    pub struct CreateForeignServerStmt {
        pub servername: String,
        pub servertype: Option<String>,
        pub version: Option<String>,
        pub fdwname: String,
        pub if_not_exists: bool,
        pub options: Vec<DefElem>,
    }

    pub struct AlterForeignServerStmt {
        pub servername: String,
        pub version: Option<String>,
        pub options: Vec<DefElem>,
        pub has_version: bool,
    }

    pub struct CreateUserMappingStmt {
        pub user: RoleSpec,
        pub servername: String,
        pub if_not_exists: bool,
        pub options: Vec<DefElem>,
    }

    pub struct AlterUserMappingStmt {
        pub user: RoleSpec,
        pub servername: String,
        pub options: Vec<DefElem>,
    }

    pub struct DropUserMappingStmt {
        pub user: RoleSpec,
        pub servername: String,
        pub missing_ok: bool,
    }

    pub struct ImportForeignSchemaStmt {
        pub server_name: String,
        pub remote_schema: String,
        pub local_schema: String,
        pub list_type: ImportForeignSchemaType,
        pub table_list: Vec<RangeVar>,
        pub options: Vec<DefElem>,
    }
}
