//! pg_get_viewdef, pg_get_indexdef, pg_get_constraintdef, pg_get_expr.
use crate::{ExprPrinter, PrintOptions, RelationNames, query_text};
use catalog::{CatalogRead, Constraint, IndexDesc, RelationDesc, quote_identifier};
use error::{PgError, PgResult, not_supported};
use fmgr::FnContext;
use nodes::{BoolExpr, BoolExprType, Expr};
use types::Oid;

/// Options of the pretty form.
pub fn options(pretty: bool) -> PrintOptions {
    PrintOptions { pretty_paren: pretty, pretty_indent: true, ..PrintOptions::default() }
}

/// The text of a stored expression over one relation's columns (INVALID: no columns).
pub fn expression(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    expr: &Expr,
    relid: Oid,
    pretty: bool,
) -> PgResult<String> {
    let names = RelationNames::new(catalog, relid);
    let options = PrintOptions { pretty_paren: pretty, ..PrintOptions::default() };
    let printer = ExprPrinter { catalog, session, names: &names, options };
    Ok(crate::query::settle_breaks(&printer.print(expr)?))
}

/// The query of a view with its semicolon.
pub fn view(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    relation: &RelationDesc,
    pretty: bool,
    wrap_column: i32,
) -> PgResult<Option<String>> {
    let rule = relation.rules.iter().find(|r| r.event == '1' && r.instead);
    let Some(query) = rule.and_then(|r| r.actions.first()) else { return Ok(None) };
    let options = PrintOptions { wrap_column, ..options(pretty) };
    Ok(Some(format!("{};", query_text(catalog, session, query, options)?)))
}

/// Expressions joined by AND.
fn conjunction(quals: &[Expr]) -> Option<Expr> {
    match quals {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(Expr::BoolExpr(Box::new(BoolExpr {
            boolop: BoolExprType::And,
            args: many.to_vec(),
            location: -1,
        }))),
    }
}

/// One column of an index: its name or expression.
pub fn index_column(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    index: &IndexDesc,
    column: usize,
    pretty: bool,
) -> PgResult<String> {
    let Some(described) = index.columns.get(column) else { return Ok(String::new()) };
    if described.attnum != 0 {
        let relation = catalog.get_relation(index.relid)?;
        let name = relation.attr(described.attnum).map(|a| a.name.clone()).unwrap_or_default();
        return Ok(quote_identifier(&name));
    }
    let nth = index.columns[..column].iter().filter(|c| c.attnum == 0).count();
    let expr = index.exprs.get(nth).ok_or_else(|| PgError::internal("too few index expressions"))?;
    let text = expression(catalog, session, expr, index.relid, pretty)?;
    // A function call may stand bare; anything else needs parentheses.
    let bare = matches!(expr, Expr::FuncExpr(f) if f.funcformat == nodes::CoercionForm::ExplicitCall);
    Ok(if bare { text } else { format!("({})", crate::expr::strip_outer_parens(&text)) })
}

/// CREATE INDEX for an index.
pub fn index(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    index: &IndexDesc,
    pretty: bool,
) -> PgResult<String> {
    let relation = catalog.get_relation(index.relid)?;
    let table = qualified_relation(catalog, &relation, pretty)?;
    let unique = if index.unique { "UNIQUE " } else { "" };
    let am = access_method_name(catalog, index.am)?;
    let only = if relation.relkind == 'p' && catalog.inheritance_children(index.oid)?.is_empty() {
        "ONLY "
    } else {
        ""
    };
    let mut text = format!(
        "CREATE {unique}INDEX {} ON {only}{table} USING {am} (",
        quote_identifier(&index.name)
    );
    let mut keys = Vec::new();
    for (i, column) in index.columns.iter().enumerate().take(index.n_key) {
        let mut key = index_column(catalog, session, index, i, pretty)?;
        if column.collation.is_valid() {
            let own = column_collation(catalog, &relation, index, i)?;
            if column.collation != own {
                let names = RelationNames::new(catalog, index.relid);
                let printer = ExprPrinter::new(catalog, session, &names);
                key.push_str(&format!(" COLLATE {}", printer.collation_name(column.collation)?));
            }
        }
        if let Some(opclass) = catalog.lookup_opclass(column.opclass)? {
            let default = catalog.default_opclass(column.typ, index.am)?;
            if default.is_none_or(|d| d.oid != opclass.oid) {
                key.push_str(&format!(" {}", quote_identifier(&opclass.name)));
            }
        }
        key.push_str(match (column.desc, column.nulls_first) {
            (false, false) | (true, true) if !column.desc => "",
            (true, true) => " DESC",
            (true, false) => " DESC NULLS LAST",
            (false, true) => " NULLS FIRST",
            _ => "",
        });
        keys.push(key);
    }
    text.push_str(&format!("{})", keys.join(", ")));
    let included: Vec<String> = (index.n_key..index.columns.len())
        .map(|i| index_column(catalog, session, index, i, pretty))
        .collect::<PgResult<_>>()?;
    if !included.is_empty() {
        text.push_str(&format!(" INCLUDE ({})", included.join(", ")));
    }
    if index.nulls_not_distinct {
        text.push_str(" NULLS NOT DISTINCT");
    }
    if !index.reloptions.is_empty() {
        text.push_str(&format!(" WITH ({})", reloptions(&index.reloptions)));
    }
    if let Some(predicate) = conjunction(&index.predicate) {
        let predicate = expression(catalog, session, &predicate, index.relid, pretty)?;
        text.push_str(&format!(" WHERE {predicate}"));
    }
    Ok(text)
}

/// `name='value'` pairs as WITH takes them.
pub fn reloptions(options: &[String]) -> String {
    let shown: Vec<String> = options
        .iter()
        .map(|option| {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let plain = !value.is_empty()
                && value.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
                && quote_identifier(value) == value;
            match plain {
                true => format!("{}={value}", quote_identifier(name)),
                false => format!("{}={}", quote_identifier(name), crate::constant::literal(value)),
            }
        })
        .collect();
    shown.join(", ")
}

fn column_collation(
    catalog: &dyn CatalogRead,
    relation: &RelationDesc,
    index: &IndexDesc,
    column: usize,
) -> PgResult<Oid> {
    let described = &index.columns[column];
    if described.attnum != 0 {
        return Ok(relation.attr(described.attnum).map_or(Oid::INVALID, |a| a.collation));
    }
    let nth = index.columns[..column].iter().filter(|c| c.attnum == 0).count();
    let _ = catalog;
    Ok(index.exprs.get(nth).map_or(Oid::INVALID, Expr::collation))
}

fn access_method_name(catalog: &dyn CatalogRead, am: Oid) -> PgResult<String> {
    for name in ["btree", "hash", "gist", "gin", "spgist", "brin", "heap"] {
        if catalog.lookup_am(name)?.is_some_and(|(oid, _)| oid == am) {
            return Ok(name.to_string());
        }
    }
    Err(not_supported!("printing access method {am}"))
}

/// Pretty output qualifies only what the search path hides; the other form always.
fn qualified_relation(
    catalog: &dyn CatalogRead,
    relation: &RelationDesc,
    pretty: bool,
) -> PgResult<String> {
    if pretty && catalog.relation_in_path(&relation.name)? == Some(relation.oid) {
        return Ok(quote_identifier(&relation.name));
    }
    let schema = catalog.namespace_name(relation.namespace)?.unwrap_or_default();
    Ok(format!("{}.{}", quote_identifier(&schema), quote_identifier(&relation.name)))
}

fn column_list(relation: &RelationDesc, key: &[i16]) -> String {
    let names: Vec<String> = key
        .iter()
        .map(|num| quote_identifier(&relation.attr(*num).map(|a| a.name.clone()).unwrap_or_default()))
        .collect();
    names.join(", ")
}

fn action(letter: char) -> Option<&'static str> {
    match letter {
        'r' => Some("RESTRICT"),
        'c' => Some("CASCADE"),
        'n' => Some("SET NULL"),
        'd' => Some("SET DEFAULT"),
        _ => None,
    }
}

/// The definition of a constraint as ALTER TABLE … ADD takes it.
pub fn constraint(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    c: &Constraint,
    pretty: bool,
) -> PgResult<String> {
    let mut text = match c.contype {
        'f' => foreign_key(catalog, c, pretty)?,
        'p' | 'u' => key_constraint(catalog, c)?,
        'c' => {
            let expr = c.expr.as_ref().ok_or_else(|| PgError::internal("check without expression"))?;
            let expr = expression(catalog, session, expr, c.relid, pretty)?;
            let inherit = if c.noinherit { " NO INHERIT" } else { "" };
            format!("CHECK ({expr}){inherit}")
        }
        'n' => match c.relid.valid() {
            Some(relid) => {
                let relation = catalog.get_relation(relid)?;
                let inherit = if c.noinherit { " NO INHERIT" } else { "" };
                format!("NOT NULL {}{inherit}", column_list(&relation, &c.key))
            }
            None => "NOT NULL".to_string(),
        },
        't' => "TRIGGER".to_string(),
        other => return Err(not_supported!("printing a constraint of kind {other}")),
    };
    if c.deferrable {
        text.push_str(" DEFERRABLE");
    }
    if c.deferred {
        text.push_str(" INITIALLY DEFERRED");
    }
    if !c.enforced {
        text.push_str(" NOT ENFORCED");
    } else if !c.validated {
        text.push_str(" NOT VALID");
    }
    Ok(text)
}

fn foreign_key(catalog: &dyn CatalogRead, c: &Constraint, pretty: bool) -> PgResult<String> {
    let relation = catalog.get_relation(c.relid)?;
    let referenced = catalog.get_relation(c.frelid)?;
    let name = match catalog.relation_in_path(&referenced.name)? == Some(referenced.oid) {
        true => quote_identifier(&referenced.name),
        false => qualified_relation(catalog, &referenced, pretty)?,
    };
    let mut text = format!(
        "FOREIGN KEY ({}) REFERENCES {name}({})",
        column_list(&relation, &c.key),
        column_list(&referenced, &c.fkey)
    );
    if c.fmatchtype == 'f' {
        text.push_str(" MATCH FULL");
    }
    if let Some(action) = action(c.fupdtype) {
        text.push_str(&format!(" ON UPDATE {action}"));
    }
    if let Some(action) = action(c.fdeltype) {
        text.push_str(&format!(" ON DELETE {action}"));
    }
    if !c.fdelsetcols.is_empty() {
        text.push_str(&format!(" ({})", column_list(&relation, &c.fdelsetcols)));
    }
    Ok(text)
}

fn key_constraint(catalog: &dyn CatalogRead, c: &Constraint) -> PgResult<String> {
    let relation = catalog.get_relation(c.relid)?;
    let index = relation.indexes.iter().find(|i| i.oid == c.indid);
    let mut text = match (c.contype, index.is_some_and(|i| i.nulls_not_distinct)) {
        ('p', _) => "PRIMARY KEY ".to_string(),
        (_, true) => "UNIQUE NULLS NOT DISTINCT ".to_string(),
        (_, false) => "UNIQUE ".to_string(),
    };
    text.push_str(&format!("({})", column_list(&relation, &c.key)));
    if let Some(index) = index {
        let included: Vec<i16> = index.columns[index.n_key..].iter().map(|c| c.attnum).collect();
        if !included.is_empty() {
            text.push_str(&format!(" INCLUDE ({})", column_list(&relation, &included)));
        }
        if !index.reloptions.is_empty() {
            text.push_str(&format!(" WITH ({})", reloptions(&index.reloptions)));
        }
    }
    Ok(text)
}
