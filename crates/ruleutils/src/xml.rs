//! SQL/XML expressions.
use crate::deparser::Deparser;
use catalog::quote_identifier;
use error::PgResult;
use nodes::XmlExprOp;

impl Deparser<'_> {
    pub(crate) fn xml_expr(&mut self, x: &nodes::XmlExpr) -> PgResult<()> {
        match x.op {
            XmlExprOp::IsDocument => {
                self.open_paren();
                if let Some(arg) = x.args.first() {
                    self.rule_expr(arg, true)?;
                }
                self.put(" IS DOCUMENT");
                self.close_paren();
                return Ok(());
            }
            XmlExprOp::Concat => self.put("XMLCONCAT("),
            XmlExprOp::Element => self.put("XMLELEMENT("),
            XmlExprOp::Forest => self.put("XMLFOREST("),
            XmlExprOp::Parse => self.put("XMLPARSE("),
            XmlExprOp::Pi => self.put("XMLPI("),
            XmlExprOp::Root => self.put("XMLROOT("),
            XmlExprOp::Serialize => self.put("XMLSERIALIZE("),
        }
        if matches!(x.op, XmlExprOp::Parse | XmlExprOp::Serialize) {
            self.put(if x.document { "DOCUMENT " } else { "CONTENT " });
        }
        let mut need_comma = false;
        if let Some(name) = &x.name {
            self.put(&format!("NAME {}", quote_identifier(name)));
            need_comma = true;
        }
        if !x.named_args.is_empty() {
            if need_comma {
                self.put(", ");
            }
            let is_element = x.op == XmlExprOp::Element;
            if is_element {
                self.put("XMLATTRIBUTES(");
            }
            for (i, (arg, name)) in x.named_args.iter().zip(&x.arg_names).enumerate() {
                if i > 0 {
                    self.put(", ");
                }
                self.rule_expr(arg, true)?;
                self.put(&format!(" AS {}", quote_identifier(name)));
            }
            if is_element {
                self.put(")");
            }
            need_comma = true;
        }
        if !x.args.is_empty() {
            if need_comma {
                self.put(", ");
            }
            self.expr_list(&x.args)?;
        }
        if x.op == XmlExprOp::Serialize {
            let name = self.type_name(x.typ, x.typmod)?;
            self.put(&format!(" AS {name}"));
            if x.indent {
                self.put(" INDENT");
            }
        }
        self.put(")");
        Ok(())
    }
}
