//! SQL/XML expressions.
use crate::column_name::figure_colname;
use crate::parse_state::Analyzer;
use error::{PgResult, err};
use nodes::{CoercionContext, CoercionForm, Expr, XmlExpr, XmlExprOp};
use parser::ast;
use types::{type_oid as t, xml_name::from_identifier};

impl Analyzer<'_> {
    pub(crate) fn transform_xml_expr(&mut self, x: &ast::XmlExpr) -> PgResult<Expr> {
        let mut out = XmlExpr {
            op: x.op,
            name: x.name.as_ref().map(|n| from_identifier(n, false, false)),
            named_args: Vec::with_capacity(x.named_args.len()),
            arg_names: Vec::with_capacity(x.named_args.len()),
            args: Vec::with_capacity(x.args.len()),
            document: x.xmloption == ast::XmlOptionType::Document,
            indent: false,
            typ: t::XML,
            typmod: -1,
            location: x.location,
        };
        for target in &x.named_args {
            let Some(raw) = &target.val else { continue };
            out.named_args.push(self.transform_expr_recurse(raw)?);
            let name = match (&target.name, raw) {
                (Some(name), _) => from_identifier(name, false, false),
                (None, ast::Expr::ColumnRef(_)) => {
                    from_identifier(&figure_colname(raw), true, false)
                }
                _ => {
                    let what = match x.op {
                        XmlExprOp::Element => "attribute",
                        _ => "element",
                    };
                    return Err(err!(
                        SYNTAX_ERROR,
                        "unnamed XML {what} value must be a column reference"
                    )
                    .at(target.location));
                }
            };
            if x.op == XmlExprOp::Element && out.arg_names.contains(&name) {
                return Err(err!(
                    SYNTAX_ERROR,
                    "XML attribute name \"{name}\" appears more than once"
                )
                .at(target.location));
            }
            out.arg_names.push(name);
        }
        for (i, raw) in x.args.iter().enumerate() {
            let expr = self.transform_expr_recurse(raw)?;
            out.args.push(match (x.op, i) {
                (XmlExprOp::Concat, _) => {
                    self.coerce_to_specific_type(expr, t::XML, "XMLCONCAT")?
                }
                (XmlExprOp::Forest, _) => {
                    self.coerce_to_specific_type(expr, t::XML, "XMLFOREST")?
                }
                (XmlExprOp::Parse, 0) => self.coerce_to_specific_type(expr, t::TEXT, "XMLPARSE")?,
                (XmlExprOp::Parse, _) => self.coerce_to_boolean(expr, "XMLPARSE")?,
                (XmlExprOp::Pi, _) => self.coerce_to_specific_type(expr, t::TEXT, "XMLPI")?,
                (XmlExprOp::Root, 0) => self.coerce_to_specific_type(expr, t::XML, "XMLROOT")?,
                (XmlExprOp::Root, 1) => self.coerce_to_specific_type(expr, t::TEXT, "XMLROOT")?,
                (XmlExprOp::Root, _) => self.coerce_to_specific_type(expr, t::INT4, "XMLROOT")?,
                (XmlExprOp::IsDocument, _) => {
                    self.coerce_to_specific_type(expr, t::XML, "IS DOCUMENT")?
                }
                _ => expr,
            });
        }
        Ok(Expr::XmlExpr(Box::new(out)))
    }

    pub(crate) fn transform_xml_serialize(&mut self, x: &ast::XmlSerialize) -> PgResult<Expr> {
        let arg = self.transform_expr_recurse(&x.expr)?;
        let arg = self.coerce_to_specific_type(arg, t::XML, "XMLSERIALIZE")?;
        let (typ, typmod) = self.typename_oid_and_typmod(&x.type_name)?;
        let expr = Expr::XmlExpr(Box::new(XmlExpr {
            op: XmlExprOp::Serialize,
            name: None,
            named_args: Vec::new(),
            arg_names: Vec::new(),
            args: vec![arg],
            document: x.xmloption == ast::XmlOptionType::Document,
            indent: x.indent,
            typ,
            typmod,
            location: x.location,
        }));
        let coerced = self.coerce_to_target_type(
            expr,
            t::TEXT,
            typ,
            typmod,
            CoercionContext::Implicit,
            CoercionForm::ImplicitCast,
            -1,
        )?;
        match coerced {
            Some(coerced) => Ok(coerced),
            None => Err(err!(
                CANNOT_COERCE,
                "cannot cast XMLSERIALIZE result to {}",
                self.format_type(typ)?
            )
            .at(x.location)),
        }
    }
}
