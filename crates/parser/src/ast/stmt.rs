//! The statement enumeration.
use super::*;

/// Declares [`Stmt`] with one boxed variant a statement node.
macro_rules! stmts {
    ($($name:ident),* $(,)?) => {
        node! {
            /// Any statement.
            pub enum Stmt {
                $($name(Box<$name>),)*
                /// CHECKPOINT
                CheckPointStmt,
            }
        }
        $(
            impl From<$name> for Stmt {
                fn from(stmt: $name) -> Stmt {
                    Stmt::$name(Box::new(stmt))
                }
            }
        )*
    };
}

stmts! {
    SelectStmt,
    InsertStmt,
    UpdateStmt,
    DeleteStmt,
    MergeStmt,
    ReturnStmt,
    PLAssignStmt,
    TransactionStmt,
    VariableSetStmt,
    VariableShowStmt,
    AlterSystemStmt,
    PrepareStmt,
    ExecuteStmt,
    DeallocateStmt,
    DeclareCursorStmt,
    ClosePortalStmt,
    FetchStmt,
    NotifyStmt,
    ListenStmt,
    UnlistenStmt,
    DiscardStmt,
    LoadStmt,
    ConstraintsSetStmt,
    CallStmt,
    DoStmt,
    CreateStmt,
    CreateForeignTableStmt,
    AlterTableStmt,
    AlterTableMoveAllStmt,
    IndexStmt,
    CreateSeqStmt,
    AlterSeqStmt,
    CreateStatsStmt,
    AlterStatsStmt,
    TruncateStmt,
    CreateTableAsStmt,
    ViewStmt,
    RefreshMatViewStmt,
    RuleStmt,
    DropStmt,
    CommentStmt,
    SecLabelStmt,
    RenameStmt,
    AlterObjectSchemaStmt,
    AlterOwnerStmt,
    AlterObjectDependsStmt,
    GrantStmt,
    GrantRoleStmt,
    AlterDefaultPrivilegesStmt,
    DropOwnedStmt,
    ReassignOwnedStmt,
    CreateSchemaStmt,
    CreateFunctionStmt,
    AlterFunctionStmt,
    CreateCastStmt,
    CreateTransformStmt,
    CreatePLangStmt,
    DefineStmt,
    AlterOperatorStmt,
    CreateOpClassStmt,
    CreateOpFamilyStmt,
    AlterOpFamilyStmt,
    CreateConversionStmt,
    CreateAmStmt,
    CreateExtensionStmt,
    AlterExtensionStmt,
    AlterExtensionContentsStmt,
    CompositeTypeStmt,
    CreateEnumStmt,
    CreateRangeStmt,
    AlterEnumStmt,
    AlterTypeStmt,
    CreateDomainStmt,
    AlterDomainStmt,
    AlterCollationStmt,
    CreateRoleStmt,
    AlterRoleStmt,
    AlterRoleSetStmt,
    DropRoleStmt,
    CreatedbStmt,
    AlterDatabaseStmt,
    AlterDatabaseRefreshCollStmt,
    AlterDatabaseSetStmt,
    DropdbStmt,
    CreateTableSpaceStmt,
    DropTableSpaceStmt,
    AlterTableSpaceOptionsStmt,
    CreatePolicyStmt,
    AlterPolicyStmt,
    CreateTrigStmt,
    CreateEventTrigStmt,
    AlterEventTrigStmt,
    AlterTSDictionaryStmt,
    AlterTSConfigurationStmt,
    CreatePublicationStmt,
    AlterPublicationStmt,
    CreateSubscriptionStmt,
    AlterSubscriptionStmt,
    DropSubscriptionStmt,
    CreateFdwStmt,
    AlterFdwStmt,
    CreateForeignServerStmt,
    AlterForeignServerStmt,
    CreateUserMappingStmt,
    AlterUserMappingStmt,
    DropUserMappingStmt,
    ImportForeignSchemaStmt,
    CopyStmt,
    ExplainStmt,
    VacuumStmt,
    LockStmt,
    ReindexStmt,
    ClusterStmt,
}

impl Stmt {
    /// SELECT, INSERT, UPDATE, DELETE, MERGE: what goes through the analyzer and planner.
    pub fn is_optimizable(&self) -> bool {
        matches!(
            self,
            Stmt::SelectStmt(_)
                | Stmt::InsertStmt(_)
                | Stmt::UpdateStmt(_)
                | Stmt::DeleteStmt(_)
                | Stmt::MergeStmt(_)
                | Stmt::ReturnStmt(_)
                | Stmt::PLAssignStmt(_)
        )
    }
}
