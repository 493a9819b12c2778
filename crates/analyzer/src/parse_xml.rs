//! SQL/XML expressions.
use crate::parse_state::Analyzer;
use error::{PgResult, not_supported};
use nodes::Expr;
use parser::ast;

impl Analyzer<'_> {
    pub(crate) fn transform_xml_expr(&mut self, _x: &ast::XmlExpr) -> PgResult<Expr> {
        Err(not_supported!("SQL/XML"))
    }

    pub(crate) fn transform_xml_serialize(&mut self, _x: &ast::XmlSerialize) -> PgResult<Expr> {
        Err(not_supported!("XMLSERIALIZE"))
    }
}
