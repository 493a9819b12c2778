//! Roles, databases, tablespaces and policies.
use super::{DefElem, Expr, RangeVar, RoleSpec, VariableSetStmt, kind, node};

kind! {
    /// CREATE ROLE, USER or GROUP.
    pub enum RoleStmtType { Role, User, Group }
}

node! {
    pub struct CreateRoleStmt {
        pub stmt_type: RoleStmtType,
        pub role: String,
        pub options: Vec<DefElem>,
    }

    pub struct AlterRoleStmt {
        pub role: RoleSpec,
        pub options: Vec<DefElem>,
        /// False for ALTER GROUP … DROP USER.
        pub add: bool,
    }

    pub struct AlterRoleSetStmt {
        /// None for ALL.
        pub role: Option<RoleSpec>,
        pub database: Option<String>,
        pub setstmt: VariableSetStmt,
    }

    pub struct DropRoleStmt {
        pub roles: Vec<RoleSpec>,
        pub missing_ok: bool,
    }

    pub struct CreatedbStmt {
        pub dbname: String,
        pub options: Vec<DefElem>,
    }

    pub struct AlterDatabaseStmt {
        pub dbname: String,
        pub options: Vec<DefElem>,
    }

    /// ALTER DATABASE … REFRESH COLLATION VERSION.
    pub struct AlterDatabaseRefreshCollStmt {
        pub dbname: String,
    }

    pub struct AlterDatabaseSetStmt {
        pub dbname: String,
        pub setstmt: VariableSetStmt,
    }

    pub struct DropdbStmt {
        pub dbname: String,
        pub missing_ok: bool,
        pub options: Vec<DefElem>,
    }

    pub struct CreateTableSpaceStmt {
        pub tablespacename: String,
        pub owner: Option<RoleSpec>,
        pub location: String,
        pub options: Vec<DefElem>,
    }

    pub struct DropTableSpaceStmt {
        pub tablespacename: String,
        pub missing_ok: bool,
    }

    pub struct AlterTableSpaceOptionsStmt {
        pub tablespacename: String,
        pub options: Vec<DefElem>,
        pub is_reset: bool,
    }

    pub struct CreatePolicyStmt {
        pub policy_name: String,
        pub table: RangeVar,
        /// `all`, `select`, `insert`, `update`, `delete`.
        pub cmd_name: String,
        pub permissive: bool,
        pub roles: Vec<RoleSpec>,
        pub qual: Option<Expr>,
        pub with_check: Option<Expr>,
    }

    pub struct AlterPolicyStmt {
        pub policy_name: String,
        pub table: RangeVar,
        /// None leaves them.
        pub roles: Option<Vec<RoleSpec>>,
        pub qual: Option<Expr>,
        pub with_check: Option<Expr>,
    }
}
