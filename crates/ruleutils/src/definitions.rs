//! Definitions of objects as SQL: what `pg_get_viewdef` and its kin return.
use crate::constant::quote_literal;
use crate::deparser::{DeparseContext, Deparser, Pretty, deparse_expr, query_def};
use crate::names::{collation_name, opclass_suffix, qualified_relation_name, relation_name};
use catalog::rows::{Constraint, IndexDesc, PgProc, RelationDesc, RewriteRule};
use catalog::{CatalogRead, quote_identifier};
use error::{PgError, PgResult};
use fmgr::FnContext;
use nodes::{CmdType, Expr};
use types::Oid;

/// A view's query, with a semicolon at its end.
pub fn view_def(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    view: &RelationDesc,
    pretty: Pretty,
) -> PgResult<Option<String>> {
    let Some(query) =
        view.rules.iter().find(|r| r.event == '1' && r.instead).and_then(|r| r.actions.first())
    else {
        return Ok(None);
    };
    let names: Vec<String> = view.attrs.iter().map(|a| a.name.clone()).collect();
    let mut text = query_def(catalog, session, query, Some(&names), pretty)?;
    text.push(';');
    Ok(Some(text))
}

/// `CREATE RULE …`.
pub fn rule_def(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    relation: &RelationDesc,
    rule: &RewriteRule,
    pretty: Pretty,
) -> PgResult<String> {
    let event = match rule.event {
        '1' => "SELECT",
        '2' => "UPDATE",
        '3' => "INSERT",
        _ => "DELETE",
    };
    let table = if pretty.schema {
        relation_name(catalog, relation.oid, &[])?
    } else {
        qualified_relation_name(catalog, relation.oid)?
    };
    let mut d = Deparser::new(catalog, session, pretty);
    d.put(&format!("CREATE RULE {} AS", quote_identifier(&rule.name)));
    d.put(if pretty.indent { "\n    ON " } else { " ON " });
    d.put(&format!("{event} TO {table}"));
    if let Some(qual) = &rule.qual {
        if pretty.indent {
            d.put("\n  ");
        }
        d.put(" WHERE ");
        // The condition's Vars belong to the actions' range table: OLD and NEW.
        let action = rule.actions.first();
        let rtable: Vec<nodes::RangeTblEntry> = match action {
            Some(action) if action.rtable.len() >= 2 => action.rtable[..2].to_vec(),
            _ => Vec::new(),
        };
        let cx = DeparseContext {
            rtable: &rtable,
            force_prefix: true,
            pretty,
            ..DeparseContext::default()
        };
        let text = deparse_expr(catalog, session, qual, &cx)?;
        d.put(&text);
    }
    d.put(" DO ");
    if rule.instead {
        d.put("INSTEAD ");
    }
    let actions: Vec<_> = rule.actions.iter().collect();
    match actions.as_slice() {
        [] => d.put("NOTHING;"),
        [single] if single.command_type == CmdType::Nothing => d.put("NOTHING;"),
        [single] => {
            d.query(single, None, true, 0)?;
            d.put(";");
        }
        several => {
            d.put("(");
            for action in several {
                d.query(action, None, true, 0)?;
                d.put(if pretty.paren { ";\n" } else { "; " });
            }
            d.put(");");
        }
    }
    Ok(d.buf)
}

/// Prints an expression over one relation's columns.
fn relation_expr(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    relid: Oid,
    expr: &Expr,
    pretty: Pretty,
) -> PgResult<String> {
    let cx = DeparseContext {
        relation: relid.valid(),
        pretty: Pretty { indent: false, ..pretty },
        ..DeparseContext::default()
    };
    deparse_expr(catalog, session, expr, &cx)
}

fn column_list(relation: &RelationDesc, columns: &[i16]) -> String {
    columns
        .iter()
        .filter_map(|n| relation.attr(*n))
        .map(|a| quote_identifier(&a.name))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A constraint's definition; with `full_command` the whole ALTER statement.
pub fn constraint_def(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    c: &Constraint,
    full_command: bool,
    pretty: Pretty,
) -> PgResult<String> {
    let mut text = String::new();
    if full_command {
        if c.relid.is_valid() {
            let table = qualified_relation_name(catalog, c.relid)?;
            text.push_str(&format!("ALTER TABLE {table} ADD CONSTRAINT "));
        } else {
            let domain = catalog.format_type(c.typid, None)?;
            text.push_str(&format!("ALTER DOMAIN {domain} ADD CONSTRAINT "));
        }
        text.push_str(&format!("{} ", quote_identifier(&c.name)));
    }
    let relation = if c.relid.is_valid() { Some(catalog.get_relation(c.relid)?) } else { None };
    match c.contype {
        'f' => foreign_key_def(catalog, c, relation.as_deref(), &mut text)?,
        'p' | 'u' => {
            let relation = relation.ok_or_else(|| PgError::internal("key without relation"))?;
            text.push_str(if c.contype == 'p' { "PRIMARY KEY " } else { "UNIQUE " });
            let index = relation.indexes.iter().find(|i| i.oid == c.indid);
            if let Some(index) = index.filter(|i| i.nulls_not_distinct && c.contype == 'u') {
                let _ = index;
                text.push_str("NULLS NOT DISTINCT ");
            }
            text.push_str(&format!("({}", column_list(&relation, &c.key)));
            if c.period {
                text.push_str(" WITHOUT OVERLAPS");
            }
            text.push(')');
            if let Some(index) = index {
                let included: Vec<i16> =
                    index.columns[index.n_key..].iter().map(|col| col.attnum).collect();
                if !included.is_empty() {
                    text.push_str(&format!(" INCLUDE ({})", column_list(&relation, &included)));
                }
                if full_command && !index.reloptions.is_empty() {
                    text.push_str(&format!(" WITH ({})", options(&index.reloptions)));
                }
            }
        }
        'c' => {
            text.push_str("CHECK (");
            if let Some(expr) = &c.expr {
                text.push_str(&relation_expr(catalog, session, c.relid, expr, pretty)?);
            }
            text.push(')');
            if c.noinherit {
                text.push_str(" NO INHERIT");
            }
        }
        'n' => match &relation {
            Some(relation) => {
                text.push_str(&format!("NOT NULL {}", column_list(relation, &c.key)));
                if c.noinherit {
                    text.push_str(" NO INHERIT");
                }
            }
            None => text.push_str("NOT NULL"),
        },
        't' => text.push_str("TRIGGER"),
        'x' => {
            let relation = relation.ok_or_else(|| PgError::internal("key without relation"))?;
            let index = relation
                .indexes
                .iter()
                .find(|i| i.oid == c.indid)
                .ok_or_else(|| PgError::internal("exclusion constraint without index"))?;
            let mut definition = index_body(catalog, session, index, Some(&c.exclop), pretty)?;
            if let Some(at) = definition.find("USING ") {
                definition = definition.split_off(at);
            }
            text.push_str(&format!("EXCLUDE {definition}"));
        }
        other => return Err(PgError::internal(format!("invalid constraint type \"{other}\""))),
    }
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

fn foreign_key_def(
    catalog: &dyn CatalogRead,
    c: &Constraint,
    relation: Option<&RelationDesc>,
    text: &mut String,
) -> PgResult<()> {
    let relation = relation.ok_or_else(|| PgError::internal("foreign key without relation"))?;
    let period_list = |relation: &RelationDesc, key: &[i16]| match key.split_last() {
        Some((last, rest)) if c.period => {
            let last = column_list(relation, std::slice::from_ref(last));
            match rest {
                [] => format!("PERIOD {last}"),
                _ => format!("{}, PERIOD {last}", column_list(relation, rest)),
            }
        }
        _ => column_list(relation, key),
    };
    text.push_str(&format!("FOREIGN KEY ({})", period_list(relation, &c.key)));
    let referenced = catalog.get_relation(c.frelid)?;
    let name = relation_name(catalog, c.frelid, &[])?;
    text.push_str(&format!(" REFERENCES {name}({})", period_list(&referenced, &c.fkey)));
    match c.fmatchtype {
        'f' => text.push_str(" MATCH FULL"),
        'p' => text.push_str(" MATCH PARTIAL"),
        _ => {}
    }
    let action = |letter: char| match letter {
        'r' => Some("RESTRICT"),
        'c' => Some("CASCADE"),
        'n' => Some("SET NULL"),
        'd' => Some("SET DEFAULT"),
        _ => None,
    };
    if let Some(action) = action(c.fupdtype) {
        text.push_str(&format!(" ON UPDATE {action}"));
    }
    if let Some(action) = action(c.fdeltype) {
        text.push_str(&format!(" ON DELETE {action}"));
        if !c.fdelsetcols.is_empty() {
            text.push_str(&format!(" ({})", column_list(relation, &c.fdelsetcols)));
        }
    }
    Ok(())
}

fn options(list: &[String]) -> String {
    list.iter()
        .map(|option| match option.split_once('=') {
            Some((key, value)) => {
                let plain = quote_identifier(value) == value;
                let value = if plain { value.to_owned() } else { quote_literal(value) };
                format!("{}={value}", quote_identifier(key))
            }
            None => option.clone(),
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// `CREATE INDEX …`.
pub fn index_def(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    index: &IndexDesc,
    pretty: Pretty,
) -> PgResult<String> {
    index_body(catalog, session, index, None, pretty)
}

fn access_method_name(catalog: &dyn CatalogRead, am: Oid) -> PgResult<String> {
    for name in ["btree", "hash", "gin", "gist", "spgist", "brin"] {
        if catalog.lookup_am(name)?.is_some_and(|(oid, _)| oid == am) {
            return Ok(name.to_owned());
        }
    }
    Err(PgError::internal(format!("cache lookup failed for access method {am}")))
}

fn index_body(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    index: &IndexDesc,
    exclusion: Option<&[Oid]>,
    pretty: Pretty,
) -> PgResult<String> {
    let table = if pretty.schema {
        relation_name(catalog, index.relid, &[])?
    } else {
        qualified_relation_name(catalog, index.relid)?
    };
    let am = access_method_name(catalog, index.am)?;
    let relkind = catalog.get_relation(index.relid)?.relkind;
    let only = if relkind == 'p'
        && catalog.get_relation(index.oid)?.relkind == 'I'
        && catalog.inheritance_children(index.oid)?.is_empty()
        && !catalog.inheritance_children(index.relid)?.is_empty()
    {
        "ONLY "
    } else {
        ""
    };
    let mut text = format!(
        "CREATE {}INDEX {} ON {only}{table} USING {am} (",
        if index.unique { "UNIQUE " } else { "" },
        quote_identifier(&index.name)
    );
    let mut included = String::new();
    for i in 0..index.columns.len() {
        let is_key = i < index.n_key;
        let target = if is_key { &mut text } else { &mut included };
        if i > 0 && i != index.n_key {
            target.push_str(", ");
        }
        let column = index_column_def(catalog, session, index, i, true, pretty)?;
        target.push_str(&column);
        if let (Some(ops), true) = (exclusion, is_key) {
            let d = Deparser::new(catalog, session, pretty);
            let typ = index.columns[i].typ;
            let name = d.operator_name(ops[i], typ, typ)?;
            text.push_str(&format!(" WITH {name}"));
        }
    }
    text.push(')');
    if !included.is_empty() {
        text.push_str(&format!(" INCLUDE ({included})"));
    }
    if index.nulls_not_distinct {
        text.push_str(" NULLS NOT DISTINCT");
    }
    if !index.reloptions.is_empty() {
        text.push_str(&format!(" WITH ({})", options(&index.reloptions)));
    }
    if !index.predicate.is_empty() {
        let predicate = match index.predicate.as_slice() {
            [single] => single.clone(),
            several => Expr::BoolExpr(Box::new(nodes::BoolExpr {
                boolop: nodes::BoolExprType::And,
                args: several.to_vec(),
                location: -1,
            })),
        };
        let predicate = relation_expr(catalog, session, index.relid, &predicate, pretty)?;
        if exclusion.is_some() {
            text.push_str(&format!(" WHERE ({predicate})"));
        } else {
            text.push_str(&format!(" WHERE {predicate}"));
        }
    }
    Ok(text)
}

/// One column (0-based) of an index; with `decorated`, collation, operator class and order too.
pub fn index_column_def(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    index: &IndexDesc,
    column: usize,
    decorated: bool,
    pretty: Pretty,
) -> PgResult<String> {
    let col = &index.columns[column];
    let (mut text, typ, collation) = if col.attnum != 0 {
        let relation = catalog.get_relation(index.relid)?;
        let attr = relation
            .attr(col.attnum)
            .ok_or_else(|| PgError::internal("index on a missing column"))?;
        (quote_identifier(&attr.name), attr.typ, attr.collation)
    } else {
        let n = index.columns[..column].iter().filter(|c| c.attnum == 0).count();
        let expr = index
            .exprs
            .get(n)
            .ok_or_else(|| PgError::internal("too few entries in indexprs list"))?;
        let body = relation_expr(catalog, session, index.relid, expr, pretty)?;
        // Anything but a plain call needs parentheses.
        let is_call = matches!(expr, Expr::FuncExpr(f)
            if f.funcformat == nodes::CoercionForm::ExplicitCall);
        let text = if is_call { body } else { format!("({body})") };
        (text, expr.typ(), expr.collation())
    };
    if !decorated || column >= index.n_key {
        return Ok(text);
    }
    if col.collation.is_valid() && col.collation != collation {
        text.push_str(&format!(" COLLATE {}", collation_name(catalog, col.collation)?));
    }
    if col.opclass.is_valid() {
        text.push_str(&opclass_suffix(catalog, col.opclass, typ)?);
    }
    match (col.desc, col.nulls_first) {
        (true, true) => text.push_str(" DESC"),
        (true, false) => text.push_str(" DESC NULLS LAST"),
        (false, true) => text.push_str(" NULLS FIRST"),
        (false, false) => {}
    }
    Ok(text)
}

/// Printing of argument lists.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arguments {
    Full,
    Identity,
    Table,
}

fn argument_list(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    proc: &PgProc,
    what: Arguments,
) -> PgResult<String> {
    let all: &[Oid] = if proc.allargtypes.is_empty() { &proc.argtypes } else { &proc.allargtypes };
    let n_inputs = proc.argtypes.len();
    let n_defaults = proc.argdefaults.len();
    let mut inputs = 0;
    let mut items = Vec::new();
    let ordered_set = match (proc.kind, what) {
        ('a', Arguments::Full | Arguments::Identity) => catalog
            .lookup_aggregate(proc.oid)?
            .filter(|a| a.kind != 'n')
            .map(|a| a.numdirectargs as usize),
        _ => None,
    };
    let mut text = String::new();
    for (i, typ) in all.iter().enumerate() {
        let mode = proc.argmodes.get(i).copied().unwrap_or('i');
        let is_input = matches!(mode, 'i' | 'b' | 'v');
        if is_input {
            inputs += 1;
        }
        if (mode == 't') != (what == Arguments::Table) {
            continue;
        }
        let mut item = match mode {
            // Procedures tell IN from OUT in their identity too.
            'i' if proc.kind == 'p' => "IN ".to_owned(),
            'o' => "OUT ".to_owned(),
            'b' => "INOUT ".to_owned(),
            'v' => "VARIADIC ".to_owned(),
            _ => String::new(),
        };
        if let Some(name) = proc.argnames.get(i).filter(|n| !n.is_empty()) {
            item.push_str(&format!("{} ", quote_identifier(name)));
        }
        item.push_str(&catalog.format_type(*typ, None)?);
        if what == Arguments::Full && is_input && inputs > n_inputs - n_defaults {
            let default = &proc.argdefaults[inputs - (n_inputs - n_defaults) - 1];
            let cx = DeparseContext::default();
            item.push_str(&format!(" DEFAULT {}", deparse_expr(catalog, session, default, &cx)?));
        }
        if ordered_set == Some(items.len()) {
            text = items.join(", ");
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str("ORDER BY ");
            text.push_str(&item);
            items.push(String::new());
            continue;
        }
        if ordered_set.is_some_and(|n| items.len() > n) {
            text.push_str(&format!(", {item}"));
            continue;
        }
        items.push(item);
    }
    if text.is_empty() {
        text = items.join(", ");
    }
    Ok(text)
}

/// `pg_get_function_arguments`.
pub fn function_arguments(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    proc: &PgProc,
) -> PgResult<String> {
    argument_list(catalog, session, proc, Arguments::Full)
}

/// `pg_get_function_identity_arguments`.
pub fn function_identity_arguments(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    proc: &PgProc,
) -> PgResult<String> {
    argument_list(catalog, session, proc, Arguments::Identity)
}

/// `pg_get_function_result`; `None` for procedures.
pub fn function_result(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    proc: &PgProc,
) -> PgResult<Option<String>> {
    if proc.kind == 'p' {
        return Ok(None);
    }
    if proc.retset && proc.argmodes.contains(&'t') {
        let columns = argument_list(catalog, session, proc, Arguments::Table)?;
        return Ok(Some(format!("TABLE({columns})")));
    }
    let setof = if proc.retset { "SETOF " } else { "" };
    Ok(Some(format!("{setof}{}", catalog.format_type(proc.rettype, None)?)))
}

/// `CREATE OR REPLACE FUNCTION …` as `pg_get_functiondef` prints it. `language` is its language's name.
pub fn function_def(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    proc: &PgProc,
    language: &str,
) -> PgResult<String> {
    let is_procedure = proc.kind == 'p';
    let schema = catalog.namespace_name(proc.namespace)?.unwrap_or_default();
    let mut text = format!(
        "CREATE OR REPLACE {} {}.{}({})\n",
        if is_procedure { "PROCEDURE" } else { "FUNCTION" },
        quote_identifier(&schema),
        quote_identifier(&proc.name),
        function_arguments(catalog, session, proc)?
    );
    if let Some(result) = function_result(catalog, session, proc)? {
        text.push_str(&format!(" RETURNS {result}\n"));
    }
    text.push_str(&format!(" LANGUAGE {}\n", quote_identifier(language)));
    let before = text.len();
    if proc.kind == 'w' {
        text.push_str(" WINDOW");
    }
    match proc.volatile {
        'i' => text.push_str(" IMMUTABLE"),
        's' => text.push_str(" STABLE"),
        _ => {}
    }
    match proc.parallel {
        's' => text.push_str(" PARALLEL SAFE"),
        'r' => text.push_str(" PARALLEL RESTRICTED"),
        _ => {}
    }
    if proc.strict {
        text.push_str(" STRICT");
    }
    if proc.secdef {
        text.push_str(" SECURITY DEFINER");
    }
    if proc.leakproof {
        text.push_str(" LEAKPROOF");
    }
    let default_cost = if matches!(language, "internal" | "c") { 1.0 } else { 100.0 };
    if proc.cost != default_cost {
        text.push_str(&format!(" COST {}", proc.cost));
    }
    if proc.rows > 0.0 && proc.rows != 1000.0 {
        text.push_str(&format!(" ROWS {}", proc.rows));
    }
    if text.len() > before {
        text.push('\n');
    }
    for setting in &proc.config {
        if let Some((name, value)) = setting.split_once('=') {
            text.push_str(&format!(
                " SET {} TO {}\n",
                quote_identifier(name),
                quote_literal(value)
            ));
        }
    }
    if let Some(stored) = &proc.sqlbody {
        text.push_str(&sql_body(catalog, session, stored)?);
        text.push('\n');
        return Ok(text);
    }
    text.push_str("AS ");
    if let Some(bin) = &proc.bin {
        text.push_str(&format!("{}, ", quote_literal(bin)));
    }
    // A dollar quote that the body does not contain.
    let mut tag = if is_procedure { "$procedure".to_owned() } else { "$function".to_owned() };
    while proc.src.contains(&tag) {
        tag.push('x');
    }
    text.push_str(&format!("{tag}${}{tag}$\n", proc.src));
    Ok(text)
}

/// An SQL-standard body: RETURN or BEGIN ATOMIC.
pub fn sql_body(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    stored: &str,
) -> PgResult<String> {
    let queries: Vec<nodes::Query> = nodes::stored::from_stored(stored)?;
    if let [single] = queries.as_slice() {
        if single.is_return {
            return query_def(catalog, session, single, None, Pretty::NONE);
        }
    }
    let mut text = "BEGIN ATOMIC\n".to_owned();
    for query in &queries {
        text.push_str(&query_def(catalog, session, query, None, Pretty::INDENT)?);
        text.push_str(";\n");
    }
    text.push_str("END");
    Ok(text)
}
