//! The name a command completes with, and what kind of command it is.
use parser::ast::{
    AlterTableStmt, DiscardMode, DropStmt, ObjectType, RoleStmtType, Stmt, TransactionStmtKind,
    VariableSetKind,
};

/// PostgreSQL's command tag, without counts.
pub(crate) fn command_tag(stmt: &Stmt) -> &'static str {
    match stmt {
        Stmt::SelectStmt(s) if s.into_clause.is_some() => "SELECT INTO",
        Stmt::SelectStmt(s) => locking_tag(s).unwrap_or("SELECT"),
        Stmt::InsertStmt(_) => "INSERT",
        Stmt::UpdateStmt(_) => "UPDATE",
        Stmt::DeleteStmt(_) => "DELETE",
        Stmt::MergeStmt(_) => "MERGE",
        Stmt::ReturnStmt(_) => "SELECT",
        Stmt::PLAssignStmt(_) => "SELECT",
        Stmt::TransactionStmt(s) => match s.kind {
            TransactionStmtKind::Begin => "BEGIN",
            TransactionStmtKind::Start => "START TRANSACTION",
            TransactionStmtKind::Commit => "COMMIT",
            TransactionStmtKind::Rollback | TransactionStmtKind::RollbackTo => "ROLLBACK",
            TransactionStmtKind::Savepoint => "SAVEPOINT",
            TransactionStmtKind::Release => "RELEASE",
            TransactionStmtKind::Prepare => "PREPARE TRANSACTION",
            TransactionStmtKind::CommitPrepared => "COMMIT PREPARED",
            TransactionStmtKind::RollbackPrepared => "ROLLBACK PREPARED",
        },
        Stmt::VariableSetStmt(s) => match s.kind {
            VariableSetKind::Reset | VariableSetKind::ResetAll => "RESET",
            _ => "SET",
        },
        Stmt::VariableShowStmt(_) => "SHOW",
        Stmt::AlterSystemStmt(_) => "ALTER SYSTEM",
        Stmt::PrepareStmt(_) => "PREPARE",
        Stmt::ExecuteStmt(_) => "EXECUTE",
        Stmt::DeallocateStmt(s) if s.name.is_none() => "DEALLOCATE ALL",
        Stmt::DeallocateStmt(_) => "DEALLOCATE",
        Stmt::DeclareCursorStmt(_) => "DECLARE CURSOR",
        Stmt::ClosePortalStmt(s) if s.portalname.is_none() => "CLOSE CURSOR ALL",
        Stmt::ClosePortalStmt(_) => "CLOSE CURSOR",
        Stmt::FetchStmt(s) if s.ismove => "MOVE",
        Stmt::FetchStmt(_) => "FETCH",
        Stmt::NotifyStmt(_) => "NOTIFY",
        Stmt::ListenStmt(_) => "LISTEN",
        Stmt::UnlistenStmt(_) => "UNLISTEN",
        Stmt::DiscardStmt(s) => match s.target {
            DiscardMode::All => "DISCARD ALL",
            DiscardMode::Plans => "DISCARD PLANS",
            DiscardMode::Sequences => "DISCARD SEQUENCES",
            DiscardMode::Temp => "DISCARD TEMP",
        },
        Stmt::LoadStmt(_) => "LOAD",
        Stmt::ConstraintsSetStmt(_) => "SET CONSTRAINTS",
        Stmt::CallStmt(_) => "CALL",
        Stmt::DoStmt(_) => "DO",
        Stmt::CopyStmt(_) => "COPY",
        Stmt::ExplainStmt(_) => "EXPLAIN",
        Stmt::VacuumStmt(s) if s.is_vacuumcmd => "VACUUM",
        Stmt::VacuumStmt(_) => "ANALYZE",
        Stmt::LockStmt(_) => "LOCK TABLE",
        Stmt::ReindexStmt(_) => "REINDEX",
        Stmt::ClusterStmt(_) => "CLUSTER",
        Stmt::CheckPointStmt => "CHECKPOINT",
        Stmt::TruncateStmt(_) => "TRUNCATE TABLE",
        Stmt::CreateTableAsStmt(s) => match s.objtype {
            ObjectType::MatView => "CREATE MATERIALIZED VIEW",
            _ if s.is_select_into => "SELECT INTO",
            _ => "CREATE TABLE AS",
        },
        Stmt::RefreshMatViewStmt(_) => "REFRESH MATERIALIZED VIEW",
        Stmt::CommentStmt(_) => "COMMENT",
        Stmt::SecLabelStmt(_) => "SECURITY LABEL",
        Stmt::GrantStmt(s) => {
            if s.is_grant {
                "GRANT"
            } else {
                "REVOKE"
            }
        }
        Stmt::GrantRoleStmt(s) => {
            if s.is_grant {
                "GRANT ROLE"
            } else {
                "REVOKE ROLE"
            }
        }
        Stmt::AlterDefaultPrivilegesStmt(_) => "ALTER DEFAULT PRIVILEGES",
        Stmt::DropOwnedStmt(_) => "DROP OWNED",
        Stmt::ReassignOwnedStmt(_) => "REASSIGN OWNED",
        Stmt::DropStmt(s) => drop_tag(s),
        Stmt::AlterTableStmt(s) => alter_table_tag(s),
        other => definition_tag(other),
    }
}

/// SELECT with a locking clause has tags of its own.
fn locking_tag(stmt: &parser::ast::SelectStmt) -> Option<&'static str> {
    use parser::ast::LockClauseStrength as S;
    let clause = stmt.locking_clause.first()?;
    Some(match clause.strength {
        S::ForKeyShare => "SELECT FOR KEY SHARE",
        S::ForShare => "SELECT FOR SHARE",
        S::ForNoKeyUpdate => "SELECT FOR NO KEY UPDATE",
        S::ForUpdate => "SELECT FOR UPDATE",
    })
}

/// Tags of CREATE and ALTER commands.
fn definition_tag(stmt: &Stmt) -> &'static str {
    match stmt {
        Stmt::CreateStmt(_) => "CREATE TABLE",
        Stmt::CreateForeignTableStmt(_) => "CREATE FOREIGN TABLE",
        Stmt::AlterTableMoveAllStmt(s) => alter_tag(s.objtype),
        Stmt::IndexStmt(_) => "CREATE INDEX",
        Stmt::CreateSeqStmt(_) => "CREATE SEQUENCE",
        Stmt::AlterSeqStmt(_) => "ALTER SEQUENCE",
        Stmt::CreateStatsStmt(_) => "CREATE STATISTICS",
        Stmt::AlterStatsStmt(_) => "ALTER STATISTICS",
        Stmt::ViewStmt(_) => "CREATE VIEW",
        Stmt::RuleStmt(_) => "CREATE RULE",
        Stmt::RenameStmt(s) => match s.rename_type {
            ObjectType::Column | ObjectType::TabConstraint => alter_tag(s.relation_type),
            other => alter_tag(other),
        },
        Stmt::AlterObjectSchemaStmt(s) => alter_tag(s.object_type),
        Stmt::AlterOwnerStmt(s) => alter_tag(s.object_type),
        Stmt::AlterObjectDependsStmt(s) => alter_tag(s.object_type),
        Stmt::CreateSchemaStmt(_) => "CREATE SCHEMA",
        Stmt::CreateFunctionStmt(s) if s.is_procedure => "CREATE PROCEDURE",
        Stmt::CreateFunctionStmt(_) => "CREATE FUNCTION",
        Stmt::AlterFunctionStmt(s) => alter_tag(s.objtype),
        Stmt::CreateCastStmt(_) => "CREATE CAST",
        Stmt::CreateTransformStmt(_) => "CREATE TRANSFORM",
        Stmt::CreatePLangStmt(_) => "CREATE LANGUAGE",
        Stmt::DefineStmt(s) => create_tag(s.kind),
        Stmt::AlterOperatorStmt(_) => "ALTER OPERATOR",
        Stmt::CreateOpClassStmt(_) => "CREATE OPERATOR CLASS",
        Stmt::CreateOpFamilyStmt(_) => "CREATE OPERATOR FAMILY",
        Stmt::AlterOpFamilyStmt(_) => "ALTER OPERATOR FAMILY",
        Stmt::CreateConversionStmt(_) => "CREATE CONVERSION",
        Stmt::CreateAmStmt(_) => "CREATE ACCESS METHOD",
        Stmt::CreateExtensionStmt(_) => "CREATE EXTENSION",
        Stmt::AlterExtensionStmt(_) | Stmt::AlterExtensionContentsStmt(_) => "ALTER EXTENSION",
        Stmt::CompositeTypeStmt(_) | Stmt::CreateEnumStmt(_) | Stmt::CreateRangeStmt(_) => {
            "CREATE TYPE"
        }
        Stmt::AlterEnumStmt(_) | Stmt::AlterTypeStmt(_) => "ALTER TYPE",
        Stmt::CreateDomainStmt(_) => "CREATE DOMAIN",
        Stmt::AlterDomainStmt(_) => "ALTER DOMAIN",
        Stmt::AlterCollationStmt(_) => "ALTER COLLATION",
        Stmt::CreateRoleStmt(s) => match s.stmt_type {
            RoleStmtType::Role => "CREATE ROLE",
            RoleStmtType::User => "CREATE ROLE",
            RoleStmtType::Group => "CREATE ROLE",
        },
        Stmt::AlterRoleStmt(_) | Stmt::AlterRoleSetStmt(_) => "ALTER ROLE",
        Stmt::DropRoleStmt(_) => "DROP ROLE",
        Stmt::CreatedbStmt(_) => "CREATE DATABASE",
        Stmt::AlterDatabaseStmt(_)
        | Stmt::AlterDatabaseRefreshCollStmt(_)
        | Stmt::AlterDatabaseSetStmt(_) => "ALTER DATABASE",
        Stmt::DropdbStmt(_) => "DROP DATABASE",
        Stmt::CreateTableSpaceStmt(_) => "CREATE TABLESPACE",
        Stmt::DropTableSpaceStmt(_) => "DROP TABLESPACE",
        Stmt::AlterTableSpaceOptionsStmt(_) => "ALTER TABLESPACE",
        Stmt::CreatePolicyStmt(_) => "CREATE POLICY",
        Stmt::AlterPolicyStmt(_) => "ALTER POLICY",
        Stmt::CreateTrigStmt(_) => "CREATE TRIGGER",
        Stmt::CreateEventTrigStmt(_) => "CREATE EVENT TRIGGER",
        Stmt::AlterEventTrigStmt(_) => "ALTER EVENT TRIGGER",
        Stmt::AlterTSDictionaryStmt(_) => "ALTER TEXT SEARCH DICTIONARY",
        Stmt::AlterTSConfigurationStmt(_) => "ALTER TEXT SEARCH CONFIGURATION",
        Stmt::CreatePublicationStmt(_) => "CREATE PUBLICATION",
        Stmt::AlterPublicationStmt(_) => "ALTER PUBLICATION",
        Stmt::CreateSubscriptionStmt(_) => "CREATE SUBSCRIPTION",
        Stmt::AlterSubscriptionStmt(_) => "ALTER SUBSCRIPTION",
        Stmt::DropSubscriptionStmt(_) => "DROP SUBSCRIPTION",
        Stmt::CreateFdwStmt(_) => "CREATE FOREIGN DATA WRAPPER",
        Stmt::AlterFdwStmt(_) => "ALTER FOREIGN DATA WRAPPER",
        Stmt::CreateForeignServerStmt(_) => "CREATE SERVER",
        Stmt::AlterForeignServerStmt(_) => "ALTER SERVER",
        Stmt::CreateUserMappingStmt(_) => "CREATE USER MAPPING",
        Stmt::AlterUserMappingStmt(_) => "ALTER USER MAPPING",
        Stmt::DropUserMappingStmt(_) => "DROP USER MAPPING",
        Stmt::ImportForeignSchemaStmt(_) => "IMPORT FOREIGN SCHEMA",
        _ => "???",
    }
}

macro_rules! object_tags {
    ($fn_name:ident, $verb:literal) => {
        fn $fn_name(kind: ObjectType) -> &'static str {
            match kind {
                ObjectType::AccessMethod => concat!($verb, " ACCESS METHOD"),
                ObjectType::Aggregate => concat!($verb, " AGGREGATE"),
                ObjectType::Attribute | ObjectType::Type => concat!($verb, " TYPE"),
                ObjectType::Cast => concat!($verb, " CAST"),
                ObjectType::Collation => concat!($verb, " COLLATION"),
                ObjectType::Conversion => concat!($verb, " CONVERSION"),
                ObjectType::Database => concat!($verb, " DATABASE"),
                ObjectType::Domain | ObjectType::DomConstraint => concat!($verb, " DOMAIN"),
                ObjectType::EventTrigger => concat!($verb, " EVENT TRIGGER"),
                ObjectType::Extension => concat!($verb, " EXTENSION"),
                ObjectType::Fdw => concat!($verb, " FOREIGN DATA WRAPPER"),
                ObjectType::ForeignServer => concat!($verb, " SERVER"),
                ObjectType::ForeignTable => concat!($verb, " FOREIGN TABLE"),
                ObjectType::Function => concat!($verb, " FUNCTION"),
                ObjectType::Index => concat!($verb, " INDEX"),
                ObjectType::Language => concat!($verb, " LANGUAGE"),
                ObjectType::LargeObject => concat!($verb, " LARGE OBJECT"),
                ObjectType::MatView => concat!($verb, " MATERIALIZED VIEW"),
                ObjectType::OpClass => concat!($verb, " OPERATOR CLASS"),
                ObjectType::Operator => concat!($verb, " OPERATOR"),
                ObjectType::OpFamily => concat!($verb, " OPERATOR FAMILY"),
                ObjectType::Policy => concat!($verb, " POLICY"),
                ObjectType::Procedure => concat!($verb, " PROCEDURE"),
                ObjectType::Publication => concat!($verb, " PUBLICATION"),
                ObjectType::Role => concat!($verb, " ROLE"),
                ObjectType::Routine => concat!($verb, " ROUTINE"),
                ObjectType::Rule => concat!($verb, " RULE"),
                ObjectType::Schema => concat!($verb, " SCHEMA"),
                ObjectType::Sequence => concat!($verb, " SEQUENCE"),
                ObjectType::Subscription => concat!($verb, " SUBSCRIPTION"),
                ObjectType::StatisticExt => concat!($verb, " STATISTICS"),
                ObjectType::Table | ObjectType::Column | ObjectType::TabConstraint => {
                    concat!($verb, " TABLE")
                }
                ObjectType::Tablespace => concat!($verb, " TABLESPACE"),
                ObjectType::Transform => concat!($verb, " TRANSFORM"),
                ObjectType::Trigger => concat!($verb, " TRIGGER"),
                ObjectType::TsConfiguration => concat!($verb, " TEXT SEARCH CONFIGURATION"),
                ObjectType::TsDictionary => concat!($verb, " TEXT SEARCH DICTIONARY"),
                ObjectType::TsParser => concat!($verb, " TEXT SEARCH PARSER"),
                ObjectType::TsTemplate => concat!($verb, " TEXT SEARCH TEMPLATE"),
                ObjectType::View => concat!($verb, " VIEW"),
                _ => "???",
            }
        }
    };
}

object_tags!(create_tag, "CREATE");
object_tags!(alter_tag, "ALTER");
object_tags!(drop_object_tag, "DROP");

fn drop_tag(stmt: &DropStmt) -> &'static str {
    drop_object_tag(stmt.remove_type)
}

fn alter_table_tag(stmt: &AlterTableStmt) -> &'static str {
    alter_tag(stmt.objtype)
}

/// Whether a read-only transaction may run the statement. Queries are checked by what they write.
pub(crate) fn is_read_only(stmt: &Stmt) -> bool {
    matches!(
        stmt,
        Stmt::SelectStmt(_)
            | Stmt::InsertStmt(_)
            | Stmt::UpdateStmt(_)
            | Stmt::DeleteStmt(_)
            | Stmt::MergeStmt(_)
            | Stmt::ReturnStmt(_)
            | Stmt::PLAssignStmt(_)
            | Stmt::TransactionStmt(_)
            | Stmt::VariableSetStmt(_)
            | Stmt::VariableShowStmt(_)
            | Stmt::PrepareStmt(_)
            | Stmt::ExecuteStmt(_)
            | Stmt::DeallocateStmt(_)
            | Stmt::DeclareCursorStmt(_)
            | Stmt::ClosePortalStmt(_)
            | Stmt::FetchStmt(_)
            | Stmt::NotifyStmt(_)
            | Stmt::ListenStmt(_)
            | Stmt::UnlistenStmt(_)
            | Stmt::DiscardStmt(_)
            | Stmt::LoadStmt(_)
            | Stmt::ConstraintsSetStmt(_)
            | Stmt::CallStmt(_)
            | Stmt::DoStmt(_)
            | Stmt::ExplainStmt(_)
            | Stmt::CheckPointStmt
            | Stmt::LockStmt(_)
            | Stmt::CopyStmt(_)
    )
}
