//! SQL/XML functions and XMLTABLE.
use super::Parser;
use super::expr::system_call;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

fn int_const(value: i32) -> Expr {
    Expr::AConst(AConst { val: ConstValue::Integer(value), location: -1 })
}

fn xml_expr(op: XmlExprOp, name: Option<String>, args: Vec<Expr>, location: ParseLoc) -> XmlExpr {
    XmlExpr { op, name, named_args: Vec::new(), args, xmloption: XmlOptionType::Document, location }
}

impl Parser<'_> {
    /// An XML function; `kw` is the current token and `(` follows.
    pub(super) fn xml_function(&mut self, kw: Kw, loc: ParseLoc) -> PgResult<Expr> {
        self.advance();
        self.parens(|p| {
            let node = match kw {
                Kw::Xmlconcat => {
                    let args = p.expr_list()?;
                    xml_expr(XmlExprOp::Concat, None, args, loc)
                }
                Kw::Xmlelement => p.xml_element(loc)?,
                Kw::Xmlforest => {
                    let mut node = xml_expr(XmlExprOp::Forest, None, Vec::new(), loc);
                    node.named_args = p.xml_attribute_list()?;
                    node
                }
                Kw::Xmlpi => {
                    p.expect(Kw::Name)?;
                    let name = p.col_label()?;
                    let args = if p.eat_char(b',') { vec![p.a_expr()?] } else { Vec::new() };
                    xml_expr(XmlExprOp::Pi, Some(name), args, loc)
                }
                Kw::Xmlroot => p.xml_root(loc)?,
                Kw::Xmlparse => {
                    let xmloption = p.document_or_content()?;
                    let arg = p.a_expr()?;
                    let preserve = p.eat(Kw::Preserve);
                    if preserve || p.eat(Kw::Strip) {
                        p.expect(Kw::Whitespace)?;
                    }
                    let val = ConstValue::Boolean(preserve);
                    let flag = Expr::AConst(AConst { val, location: -1 });
                    let mut node = xml_expr(XmlExprOp::Parse, None, vec![arg, flag], loc);
                    node.xmloption = xmloption;
                    node
                }
                Kw::Xmlexists => {
                    let path = p.c_expr()?;
                    let document = p.xmlexists_argument()?;
                    let args = vec![path, document];
                    return Ok(system_call("xmlexists", args, CoercionForm::SqlSyntax, loc));
                }
                _ => return p.xml_serialize(loc),
            };
            Ok(Expr::XmlExpr(Box::new(node)))
        })
    }

    fn xml_element(&mut self, loc: ParseLoc) -> PgResult<XmlExpr> {
        self.expect(Kw::Name)?;
        let name = self.col_label()?;
        let mut node = xml_expr(XmlExprOp::Element, Some(name), Vec::new(), loc);
        if !self.eat_char(b',') {
            return Ok(node);
        }
        if self.at(Kw::Xmlattributes) && self.peek(1) == Tok::Char(b'(') {
            self.advance();
            node.named_args = self.parens(Self::xml_attribute_list)?;
            if !self.eat_char(b',') {
                return Ok(node);
            }
        }
        node.args = self.expr_list()?;
        Ok(node)
    }

    fn xml_root(&mut self, loc: ParseLoc) -> PgResult<XmlExpr> {
        let arg = self.a_expr()?;
        self.expect_char(b',')?;
        self.expect(Kw::Version)?;
        let version = if self.at(Kw::No) && self.peek_is(1, Kw::Value) {
            self.advance();
            self.advance();
            Expr::AConst(AConst { val: ConstValue::Null, location: -1 })
        } else {
            self.a_expr()?
        };
        // PostgreSQL's numbers for YES, NO, NO VALUE and nothing.
        let mut standalone = 3;
        if self.eat_char(b',') {
            self.expect(Kw::Standalone)?;
            standalone = if self.eat(Kw::Yes) {
                0
            } else {
                self.expect(Kw::No)?;
                if self.eat(Kw::Value) { 2 } else { 1 }
            };
        }
        let args = vec![arg, version, int_const(standalone)];
        Ok(xml_expr(XmlExprOp::Root, None, args, loc))
    }

    fn xml_serialize(&mut self, location: ParseLoc) -> PgResult<Expr> {
        let xmloption = self.document_or_content()?;
        let expr = self.a_expr()?;
        self.expect(Kw::As)?;
        let type_name = self.simple_type_name()?;
        let indent = self.eat(Kw::Indent);
        if !indent && self.eat(Kw::No) {
            self.expect(Kw::Indent)?;
        }
        Ok(Expr::XmlSerialize(Box::new(XmlSerialize {
            xmloption,
            expr,
            type_name,
            indent,
            location,
        })))
    }

    pub(super) fn document_or_content(&mut self) -> PgResult<XmlOptionType> {
        if self.eat(Kw::Document) {
            return Ok(XmlOptionType::Document);
        }
        self.expect(Kw::Content)?;
        Ok(XmlOptionType::Content)
    }

    fn xml_attribute_list(&mut self) -> PgResult<Vec<ResTarget>> {
        self.comma_list(|p| {
            let location = p.loc();
            let val = Some(p.a_expr()?);
            let name = if p.eat(Kw::As) { Some(p.col_label()?) } else { None };
            Ok(ResTarget { name, indirection: Vec::new(), val, location })
        })
    }

    /// `PASSING [BY REF] document [BY REF]`
    fn xmlexists_argument(&mut self) -> PgResult<Expr> {
        self.expect(Kw::Passing)?;
        if self.at(Kw::By) && matches!(self.peek(1), Tok::Kw(Kw::Ref | Kw::Value)) {
            self.xml_passing_mechanism()?;
        }
        let document = self.c_expr()?;
        if self.at(Kw::By) {
            self.xml_passing_mechanism()?;
        }
        Ok(document)
    }

    fn xml_passing_mechanism(&mut self) -> PgResult<()> {
        self.expect(Kw::By)?;
        if !self.eat(Kw::Ref) {
            self.expect(Kw::Value)?;
        }
        Ok(())
    }

    /// `XMLTABLE ( … )` without its alias.
    pub(super) fn xmltable(&mut self, lateral: bool) -> PgResult<RangeTableFunc> {
        let location = self.expect(Kw::Xmltable)?;
        self.parens(|p| {
            let mut namespaces = Vec::new();
            if p.at(Kw::Xmlnamespaces) && p.peek(1) == Tok::Char(b'(') {
                p.advance();
                namespaces = p.paren_list(Self::xml_namespace)?;
                p.expect_char(b',')?;
            }
            let rowexpr = p.c_expr()?;
            let docexpr = p.xmlexists_argument()?;
            p.expect(Kw::Columns)?;
            let columns = p.comma_list(Self::xmltable_column)?;
            Ok(RangeTableFunc {
                lateral,
                docexpr,
                rowexpr,
                namespaces,
                columns,
                alias: None,
                location,
            })
        })
    }

    fn xml_namespace(&mut self) -> PgResult<XmlNamespace> {
        let location = self.loc();
        if self.eat(Kw::Default) {
            let val = self.b_expr()?;
            return Ok(XmlNamespace { name: None, val, location });
        }
        let val = self.b_expr()?;
        self.expect(Kw::As)?;
        let name = Some(self.col_label()?);
        Ok(XmlNamespace { name, val, location })
    }

    fn xmltable_column(&mut self) -> PgResult<RangeTableFuncCol> {
        let location = self.loc();
        let mut column = RangeTableFuncCol {
            colname: self.col_id()?,
            type_name: None,
            for_ordinality: false,
            is_not_null: false,
            colexpr: None,
            coldefexpr: None,
            location,
        };
        if self.eat_all(&[Kw::For, Kw::Ordinality])? {
            column.for_ordinality = true;
            return Ok(column);
        }
        column.type_name = Some(self.type_name()?);
        let mut nullability_seen = false;
        loop {
            let at = self.loc();
            let fault = match self.tok() {
                Tok::Kw(Kw::Default) => {
                    self.advance();
                    let e = self.b_expr()?;
                    let twice = column.coldefexpr.replace(e).is_some();
                    twice.then(|| "only one DEFAULT value is allowed".to_owned())
                }
                Tok::Kw(Kw::Path) => {
                    self.advance();
                    let e = self.b_expr()?;
                    let twice = column.colexpr.replace(e).is_some();
                    twice.then(|| "only one PATH value per column is allowed".to_owned())
                }
                Tok::Kw(Kw::Not | Kw::Null) => {
                    column.is_not_null = self.eat(Kw::Not);
                    self.expect(Kw::Null)?;
                    let twice = std::mem::replace(&mut nullability_seen, true);
                    twice.then(|| {
                        format!(
                            "conflicting or redundant NULL / NOT NULL declarations for column \
                             \"{}\"",
                            column.colname
                        )
                    })
                }
                Tok::Ident => {
                    let name = self.take_name();
                    self.b_expr()?;
                    Some(if name == "__pg__is_not_null" {
                        format!("option name \"{name}\" cannot be used in XMLTABLE")
                    } else {
                        format!("unrecognized column option \"{name}\"")
                    })
                }
                _ => return Ok(column),
            };
            if let Some(message) = fault {
                return Err(err!(SYNTAX_ERROR, "{message}").at(at));
            }
        }
    }
}
