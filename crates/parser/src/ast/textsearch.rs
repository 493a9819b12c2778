//! Text search configurations and dictionaries.
use super::{DefElem, kind, node};

kind! {
    pub enum AlterTSConfigType {
        AddMapping,
        AlterMappingForToken,
        ReplaceDict,
        ReplaceDictForToken,
        DropMapping,
    }
}

node! {
    pub struct AlterTSDictionaryStmt {
        pub dictname: Vec<String>,
        pub options: Vec<DefElem>,
    }

    pub struct AlterTSConfigurationStmt {
        pub kind: AlterTSConfigType,
        pub cfgname: Vec<String>,
        pub tokentype: Vec<String>,
        pub dicts: Vec<Vec<String>>,
        /// ALTER MAPPING rather than ADD.
        pub overriding: bool,
        pub replace: bool,
        pub missing_ok: bool,
    }
}
