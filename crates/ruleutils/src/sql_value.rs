//! CURRENT_DATE and its like.
use nodes::{SQLValueFunction, SQLValueFunctionOp as Op};

/// The keyword, with its precision.
pub(crate) fn print(f: &SQLValueFunction) -> String {
    match f.op {
        Op::CurrentDate => "CURRENT_DATE".to_string(),
        Op::CurrentTime => "CURRENT_TIME".to_string(),
        Op::CurrentTimeN => format!("CURRENT_TIME({})", f.typmod),
        Op::CurrentTimestamp => "CURRENT_TIMESTAMP".to_string(),
        Op::CurrentTimestampN => format!("CURRENT_TIMESTAMP({})", f.typmod),
        Op::Localtime => "LOCALTIME".to_string(),
        Op::LocaltimeN => format!("LOCALTIME({})", f.typmod),
        Op::Localtimestamp => "LOCALTIMESTAMP".to_string(),
        Op::LocaltimestampN => format!("LOCALTIMESTAMP({})", f.typmod),
        Op::CurrentRole => "CURRENT_ROLE".to_string(),
        Op::CurrentUser => "CURRENT_USER".to_string(),
        Op::User => "USER".to_string(),
        Op::SessionUser => "SESSION_USER".to_string(),
        Op::CurrentCatalog => "CURRENT_CATALOG".to_string(),
        Op::CurrentSchema => "CURRENT_SCHEMA".to_string(),
    }
}
