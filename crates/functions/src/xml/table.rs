//! The contents of queries, tables, schemas and databases as XML documents.
use super::{
    schema::{self, Column, Style, Table},
    value::content,
};
use crate::system::session_catalog;
use catalog::{CatalogRead, quote_identifier};
use error::{PgResult, SqlState, err};
use fmgr::{CallContext, FnContext, Registry, SpiResult};
use types::{Datum, Oid, type_oid as t, xml_name::from_identifier};

fn open_element(name: &str, schema: Option<&str>, style: Style<'_>, top: bool) -> String {
    let mut out = format!("<{name}");
    let namespace = style.namespace;
    if top {
        out.push_str(" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"");
        if !namespace.is_empty() {
            out.push_str(&format!(" xmlns=\"{namespace}\""));
        }
    }
    if schema.is_some() {
        out.push_str(&match namespace {
            "" => " xsi:noNamespaceSchemaLocation=\"#\"".to_string(),
            namespace => format!(" xsi:schemaLocation=\"{namespace} #\""),
        });
    }
    out.push_str(">\n");
    out
}

/// One document in the making.
struct Writer<'s, 'a> {
    session: &'s dyn FnContext,
    style: Style<'a>,
    out: String,
}

impl Writer<'_, '_> {
    fn rows(&mut self, result: &SpiResult, table: Option<&str>, top: bool) -> PgResult<()> {
        let element = match table {
            Some(table) => from_identifier(table, true, false),
            None if self.style.forest => "row".to_string(),
            None => "table".to_string(),
        };
        for row in &result.rows {
            match self.style.forest {
                true => self.out.push_str(&open_element(&element, None, self.style, top)),
                false => self.out.push_str("<row>\n"),
            }
            for ((name, typ), value) in result.columns.iter().zip(row) {
                let name = from_identifier(name, true, false);
                if !value.is_null() {
                    let text = content(self.session, *typ, value, true)?;
                    self.out.push_str(&format!("  <{name}>{text}</{name}>\n"));
                } else if self.style.nulls {
                    self.out.push_str(&format!("  <{name} xsi:nil=\"true\"/>\n"));
                }
            }
            match self.style.forest {
                true => self.out.push_str(&format!("</{element}>\n\n")),
                false => self.out.push_str("</row>\n\n"),
            }
        }
        Ok(())
    }

    fn query(
        &mut self,
        sql: &str,
        table: Option<&str>,
        schema: Option<&str>,
        top: bool,
    ) -> PgResult<()> {
        let result = self.session.spi().execute(sql, &[], true, 0)?;
        if result.columns.is_empty() && result.rows.is_empty() && !sql_is_select(sql) {
            return Err(err!(DATA_EXCEPTION, "invalid query"));
        }
        self.whole(&result, table, schema, top)
    }

    fn whole(
        &mut self,
        result: &SpiResult,
        table: Option<&str>,
        schema: Option<&str>,
        top: bool,
    ) -> PgResult<()> {
        let element = table.map_or("table".to_string(), |n| from_identifier(n, true, false));
        if !self.style.forest {
            self.out.push_str(&open_element(&element, schema, self.style, top));
            self.out.push('\n');
        }
        if let Some(schema) = schema {
            self.out.push_str(&format!("{schema}\n\n"));
        }
        self.rows(result, table, top)?;
        if !self.style.forest {
            self.out.push_str(&format!("</{element}>\n"));
        }
        Ok(())
    }

    fn table(&mut self, relid: Oid, schema: Option<&str>, top: bool) -> PgResult<()> {
        let mut name = Vec::new();
        self.session.type_output(t::REGCLASS, &Datum::Oid(relid), &mut name)?;
        let sql = format!("SELECT * FROM {}", String::from_utf8_lossy(&name));
        let rel = session_catalog(self.session)?.get_relation(relid)?;
        self.query(&sql, Some(&rel.name), schema, top)
    }

    fn schema(&mut self, name: &str, definition: Option<&str>, top: bool) -> PgResult<()> {
        let element = from_identifier(name, true, false);
        self.out.push_str(&open_element(&element, definition, self.style, top));
        self.out.push('\n');
        if let Some(definition) = definition {
            self.out.push_str(&format!("{definition}\n\n"));
        }
        for relid in tables_of_schema(self.session, name)? {
            self.table(relid, None, false)?;
            self.out.push('\n');
        }
        self.out.push_str(&format!("</{element}>\n"));
        Ok(())
    }

    fn database(&mut self, definition: Option<&str>) -> PgResult<()> {
        let element = from_identifier(&self.session.database_name(), true, false);
        self.out.push_str(&open_element(&element, definition, self.style, true));
        self.out.push('\n');
        if let Some(definition) = definition {
            self.out.push_str(&format!("{definition}\n\n"));
        }
        for schema in visible_schemas(self.session)? {
            self.schema(&schema, None, false)?;
            self.out.push('\n');
        }
        self.out.push_str(&format!("</{element}>\n"));
        Ok(())
    }
}

/// Whether a statement that gave no column may still have been a query.
fn sql_is_select(sql: &str) -> bool {
    let word: String = sql.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    ["select", "values", "table", "with"].iter().any(|w| word.eq_ignore_ascii_case(w))
}

fn oids(session: &dyn FnContext, sql: &str) -> PgResult<Vec<Oid>> {
    let rows = session.spi().execute(sql, &[], true, 0)?.rows;
    Ok(rows.iter().filter_map(|r| r.first()).map(Datum::as_oid).collect())
}

const VISIBLE_TABLES: &str = "relkind IN ('r', 'm', 'v') AND \
     pg_catalog.has_table_privilege(oid, 'SELECT')";
const VISIBLE_SCHEMAS: &str = "FROM pg_catalog.pg_namespace WHERE \
     pg_catalog.has_schema_privilege(oid, 'USAGE') AND NOT (nspname ~ '^pg_' OR nspname = \
     'information_schema')";

fn tables_of_schema(session: &dyn FnContext, name: &str) -> PgResult<Vec<Oid>> {
    let catalog = session_catalog(session)?;
    let Some(namespace) = catalog.lookup_namespace(name)? else {
        return Err(err!(UNDEFINED_SCHEMA, "schema \"{name}\" does not exist"));
    };
    let sql = format!(
        "SELECT oid FROM pg_catalog.pg_class WHERE relnamespace = {} AND {VISIBLE_TABLES} ORDER BY \
         relname",
        namespace.0
    );
    oids(session, &sql)
}

fn visible_schemas(session: &dyn FnContext) -> PgResult<Vec<String>> {
    let sql = format!("SELECT nspname::text {VISIBLE_SCHEMAS} ORDER BY nspname");
    let rows = session.spi().execute(&sql, &[], true, 0)?.rows;
    Ok(rows.iter().filter_map(|r| r.first()).map(|d| d.as_str().to_string()).collect())
}

fn described(session: &dyn FnContext, relid: Oid) -> PgResult<Table> {
    let catalog = session_catalog(session)?;
    let rel = catalog.get_relation(relid)?;
    let columns = rel.attrs.iter().filter(|a| !a.dropped).map(|a| (a.name.clone(), a.typ));
    Ok(Table {
        schema: catalog.namespace_name(rel.namespace)?.unwrap_or_default(),
        name: rel.name.clone(),
        columns: columns.collect(),
    })
}

fn table_definition(session: &dyn FnContext, relid: Oid, style: Style<'_>) -> PgResult<String> {
    let table = described(session, relid)?;
    schema::of_table(session, Some(&table), &table.columns, style)
}

fn query_columns(session: &dyn FnContext, sql: &str) -> PgResult<Vec<Column>> {
    Ok(session.spi().execute(sql, &[], true, 1)?.columns)
}

fn schema_definition(session: &dyn FnContext, name: &str, style: Style<'_>) -> PgResult<String> {
    let relids = tables_of_schema(session, name)?;
    let tables = relids.iter().map(|r| described(session, *r)).collect::<PgResult<Vec<_>>>()?;
    schema::of_schema(session, name, &tables, style)
}

fn database_definition(session: &dyn FnContext, style: Style<'_>) -> PgResult<String> {
    let sql = format!(
        "SELECT oid FROM pg_catalog.pg_class WHERE {VISIBLE_TABLES} AND relnamespace IN (SELECT oid \
         {VISIBLE_SCHEMAS})"
    );
    let relids = oids(session, &sql)?;
    let tables = relids.iter().map(|r| described(session, *r)).collect::<PgResult<Vec<_>>>()?;
    schema::of_database(session, &visible_schemas(session)?, &tables, style)
}

fn fetch(session: &dyn FnContext, cursor: &str, count: i32) -> PgResult<SpiResult> {
    let sql = format!("FETCH FORWARD {count} FROM {}", quote_identifier(cursor));
    session.spi().execute(&sql, &[], false, 0).map_err(|e| match e.sqlstate() {
        SqlState::INVALID_CURSOR_NAME => {
            err!(UNDEFINED_CURSOR, "cursor \"{cursor}\" does not exist")
        }
        _ => e,
    })
}

fn style(a: &[Datum]) -> Style<'_> {
    Style { nulls: a[0].as_bool(), forest: a[1].as_bool(), namespace: a[2].as_str() }
}

fn document(
    cx: &CallContext<'_>,
    style: Style<'_>,
    f: impl FnOnce(&mut Writer<'_, '_>) -> PgResult<()>,
) -> PgResult<Datum> {
    let mut writer = Writer { session: cx.session, style, out: String::new() };
    f(&mut writer)?;
    Ok(Datum::text(&writer.out))
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("table_to_xml", |cx, a| {
        document(cx, style(&a[1..]), |w| w.table(a[0].as_oid(), None, true))
    });
    r.scalar("table_to_xmlschema", |cx, a| {
        table_definition(cx.session, a[0].as_oid(), style(&a[1..])).map(|d| Datum::text(&d))
    });
    r.scalar("table_to_xml_and_xmlschema", |cx, a| {
        let definition = table_definition(cx.session, a[0].as_oid(), style(&a[1..]))?;
        document(cx, style(&a[1..]), |w| w.table(a[0].as_oid(), Some(&definition), true))
    });
    r.scalar("query_to_xml", |cx, a| {
        document(cx, style(&a[1..]), |w| w.query(a[0].as_str(), None, None, true))
    });
    r.scalar("query_to_xmlschema", |cx, a| {
        let columns = query_columns(cx.session, a[0].as_str())?;
        schema::of_table(cx.session, None, &columns, style(&a[1..])).map(|d| Datum::text(&d))
    });
    r.scalar("query_to_xml_and_xmlschema", |cx, a| {
        let columns = query_columns(cx.session, a[0].as_str())?;
        let definition = schema::of_table(cx.session, None, &columns, style(&a[1..]))?;
        document(cx, style(&a[1..]), |w| w.query(a[0].as_str(), None, Some(&definition), true))
    });
    register_cursors(r);
    register_schemas(r);
}

fn register_cursors(r: &mut Registry) {
    r.scalar("cursor_to_xml", |cx, a| {
        let result = fetch(cx.session, a[0].as_str(), a[1].as_i32())?;
        document(cx, style(&a[2..]), |w| w.whole(&result, None, None, true))
    });
    r.scalar("cursor_to_xmlschema", |cx, a| {
        let columns = fetch(cx.session, a[0].as_str(), 0)?.columns;
        schema::of_table(cx.session, None, &columns, style(&a[1..])).map(|d| Datum::text(&d))
    });
}

fn register_schemas(r: &mut Registry) {
    r.scalar("schema_to_xml", |cx, a| {
        document(cx, style(&a[1..]), |w| w.schema(a[0].as_str(), None, true))
    });
    r.scalar("schema_to_xmlschema", |cx, a| {
        schema_definition(cx.session, a[0].as_str(), style(&a[1..])).map(|d| Datum::text(&d))
    });
    r.scalar("schema_to_xml_and_xmlschema", |cx, a| {
        let definition = schema_definition(cx.session, a[0].as_str(), style(&a[1..]))?;
        document(cx, style(&a[1..]), |w| w.schema(a[0].as_str(), Some(&definition), true))
    });
    r.scalar("database_to_xml", |cx, a| document(cx, style(a), |w| w.database(None)));
    r.scalar("database_to_xmlschema", |cx, a| {
        database_definition(cx.session, style(a)).map(|d| Datum::text(&d))
    });
    r.scalar("database_to_xml_and_xmlschema", |cx, a| {
        let definition = database_definition(cx.session, style(a))?;
        document(cx, style(a), |w| w.database(Some(&definition)))
    });
}
