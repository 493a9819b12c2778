//! XMLTABLE and JSON_TABLE.
use crate::parse_state::{Analyzer, NsItem};
use error::{PgResult, not_supported};
use parser::ast;

impl Analyzer<'_> {
    pub(crate) fn transform_range_table_func(
        &mut self,
        _r: &ast::RangeTableFunc,
    ) -> PgResult<NsItem> {
        Err(not_supported!("XMLTABLE"))
    }

    pub(crate) fn transform_json_table(&mut self, _r: &ast::JsonTable) -> PgResult<NsItem> {
        Err(not_supported!("JSON_TABLE"))
    }
}
