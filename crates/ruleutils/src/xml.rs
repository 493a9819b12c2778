//! SQL/XML expressions.
use crate::deparser::Deparser;
use catalog::quote_identifier;
use error::PgResult;

impl Deparser<'_> {
    pub(crate) fn xml_expr(&mut self, x: &nodes::XmlExpr) -> PgResult<()> {
        match x.op.as_str() {
            "IS_DOCUMENT" => {
                self.open_paren();
                if let Some(arg) = x.args.first() {
                    self.rule_expr(arg, true)?;
                }
                self.put(" IS DOCUMENT");
                self.close_paren();
                return Ok(());
            }
            "IS_XMLCONCAT" => self.put("XMLCONCAT("),
            "IS_XMLELEMENT" => self.put("XMLELEMENT("),
            "IS_XMLFOREST" => self.put("XMLFOREST("),
            "IS_XMLPARSE" => self.put("XMLPARSE("),
            "IS_XMLPI" => self.put("XMLPI("),
            "IS_XMLROOT" => self.put("XMLROOT("),
            _ => self.put("XMLSERIALIZE("),
        }
        if matches!(x.op.as_str(), "IS_XMLPARSE" | "IS_XMLSERIALIZE") {
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
            let is_element = x.op == "IS_XMLELEMENT";
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
        if x.op == "IS_XMLSERIALIZE" {
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
