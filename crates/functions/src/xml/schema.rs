//! XML Schema definitions of tables, schemas and databases (SQL/XML's mapping).
use super::value::is_base64;
use crate::system::session_catalog;
use catalog::CatalogRead;
use error::PgResult;
use fmgr::FnContext;
use std::fmt::Write;
use types::{Oid, type_oid as t, xml_name::from_identifier};

/// A column: name and type.
pub(super) type Column = (String, Oid);

/// A table for which a definition is made.
pub(super) struct Table {
    pub schema: String,
    pub name: String,
    pub columns: Vec<Column>,
}

/// What the …_to_xmlschema functions were told.
#[derive(Clone, Copy)]
pub(super) struct Style<'a> {
    pub nulls: bool,
    pub forest: bool,
    pub namespace: &'a str,
}

/// `TableType.db.schema.table`
fn dotted(parts: &[&str]) -> String {
    let names: Vec<String> = parts.iter().map(|p| from_identifier(p, true, true)).collect();
    names.join(".")
}

fn start(namespace: &str) -> String {
    let mut out = String::from("<xsd:schema\n    xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"");
    if !namespace.is_empty() {
        let _ = write!(
            out,
            "\n    targetNamespace=\"{namespace}\"\n    elementFormDefault=\"qualified\""
        );
    }
    out.push_str(">\n\n");
    out
}

const END: &str = "</xsd:schema>";

/// The definition of one table, or of a query's result.
pub(super) fn of_table(
    session: &dyn FnContext,
    table: Option<&Table>,
    columns: &[Column],
    style: Style<'_>,
) -> PgResult<String> {
    let (element, table_type, row_type) = match table {
        Some(table) => {
            let db = session.database_name();
            let names = |kind: &str| dotted(&[kind, &db, &table.schema, &table.name]);
            (from_identifier(&table.name, true, false), names("TableType"), names("RowType"))
        }
        None => {
            let element = if style.forest { "row" } else { "table" };
            (element.to_string(), "TableType".to_string(), "RowType".to_string())
        }
    };
    let mut out = start(style.namespace);
    out.push_str(&types_of(session, columns)?);
    let _ = write!(out, "<xsd:complexType name=\"{row_type}\">\n  <xsd:sequence>\n");
    for (name, typ) in columns {
        let _ = writeln!(
            out,
            "    <xsd:element name=\"{}\" type=\"{}\"{}></xsd:element>",
            from_identifier(name, true, false),
            type_name(session, *typ)?,
            if style.nulls { " nillable=\"true\"" } else { " minOccurs=\"0\"" }
        );
    }
    out.push_str("  </xsd:sequence>\n</xsd:complexType>\n\n");
    let outer = if style.forest {
        row_type
    } else {
        let _ = write!(
            out,
            "<xsd:complexType name=\"{table_type}\">\n  <xsd:sequence>\n    <xsd:element \
             name=\"row\" type=\"{row_type}\" minOccurs=\"0\" maxOccurs=\"unbounded\"/>\n  \
             </xsd:sequence>\n</xsd:complexType>\n\n"
        );
        table_type
    };
    let _ = write!(out, "<xsd:element name=\"{element}\" type=\"{outer}\"/>\n\n");
    out.push_str(END);
    Ok(out)
}

/// The definition of a schema with its tables.
pub(super) fn of_schema(
    session: &dyn FnContext,
    schema: &str,
    tables: &[Table],
    style: Style<'_>,
) -> PgResult<String> {
    let db = session.database_name();
    let mut out = start(style.namespace);
    let columns: Vec<Column> = tables.iter().flat_map(|t| t.columns.iter().cloned()).collect();
    out.push_str(&types_of(session, &columns)?);
    let schema_type = dotted(&["SchemaType", &db, schema]);
    let group = if style.forest { "sequence" } else { "all" };
    let _ = write!(out, "<xsd:complexType name=\"{schema_type}\">\n  <xsd:{group}>\n");
    for table in tables {
        let kind = if style.forest { "RowType" } else { "TableType" };
        let occurs = if style.forest { " minOccurs=\"0\" maxOccurs=\"unbounded\"" } else { "" };
        let _ = writeln!(
            out,
            "    <xsd:element name=\"{}\" type=\"{}\"{occurs}/>",
            from_identifier(&table.name, true, false),
            dotted(&[kind, &db, schema, &table.name])
        );
    }
    let _ = write!(out, "  </xsd:{group}>\n</xsd:complexType>\n\n");
    let element = from_identifier(schema, true, false);
    let _ = write!(out, "<xsd:element name=\"{element}\" type=\"{schema_type}\"/>\n\n");
    out.push_str(END);
    Ok(out)
}

/// The definition of the database with its schemas.
pub(super) fn of_database(
    session: &dyn FnContext,
    schemas: &[String],
    tables: &[Table],
    style: Style<'_>,
) -> PgResult<String> {
    let db = session.database_name();
    let mut out = start(style.namespace);
    let columns: Vec<Column> = tables.iter().flat_map(|t| t.columns.iter().cloned()).collect();
    out.push_str(&types_of(session, &columns)?);
    let catalog_type = dotted(&["CatalogType", &db]);
    let _ = write!(out, "<xsd:complexType name=\"{catalog_type}\">\n  <xsd:all>\n");
    for schema in schemas {
        let _ = writeln!(
            out,
            "    <xsd:element name=\"{}\" type=\"{}\"/>",
            from_identifier(schema, true, false),
            dotted(&["SchemaType", &db, schema])
        );
    }
    out.push_str("  </xsd:all>\n</xsd:complexType>\n\n");
    let element = from_identifier(&db, true, false);
    let _ = write!(out, "<xsd:element name=\"{element}\" type=\"{catalog_type}\"/>\n\n");
    out.push_str(END);
    Ok(out)
}

/// Definitions of the types of columns, each once, and of the types below domains.
fn types_of(session: &dyn FnContext, columns: &[Column]) -> PgResult<String> {
    let catalog = session_catalog(session)?;
    let mut all: Vec<Oid> = Vec::new();
    let mut add = |typ: Oid| {
        if !all.contains(&typ) {
            all.push(typ);
        }
    };
    columns.iter().for_each(|(_, typ)| add(*typ));
    for (_, typ) in columns {
        let mut row = catalog.get_type(*typ)?;
        while row.typtype == 'd' {
            row = catalog.get_type(row.basetype)?;
        }
        add(row.oid);
    }
    let mut out = String::new();
    for typ in all {
        out.push_str(&type_definition(session, typ)?);
        out.push('\n');
    }
    Ok(out)
}

fn type_name(session: &dyn FnContext, typ: Oid) -> PgResult<String> {
    Ok(match typ {
        t::BPCHAR => "CHAR",
        t::VARCHAR => "VARCHAR",
        t::NUMERIC => "NUMERIC",
        t::INT4 => "INTEGER",
        t::INT2 => "SMALLINT",
        t::INT8 => "BIGINT",
        t::FLOAT4 => "REAL",
        t::FLOAT8 => "DOUBLE",
        t::BOOL => "BOOLEAN",
        t::TIME => "TIME",
        t::TIMETZ => "TIME_WTZ",
        t::TIMESTAMP => "TIMESTAMP",
        t::TIMESTAMPTZ => "TIMESTAMP_WTZ",
        t::DATE => "DATE",
        t::XML => "XML",
        _ => {
            let catalog = session_catalog(session)?;
            let row = catalog.get_type(typ)?;
            let kind = if row.typtype == 'd' { "Domain" } else { "UDT" };
            let schema = catalog.namespace_name(row.namespace)?.unwrap_or_default();
            return Ok(dotted(&[kind, &session.database_name(), &schema, &row.name]));
        }
    }
    .to_string())
}

/// A type's name with its type modifier.
fn sized_type_name(session: &dyn FnContext, typ: Oid, typmod: i32) -> PgResult<String> {
    let name = type_name(session, typ)?;
    Ok(match typ {
        _ if typmod < 0 => name,
        t::BPCHAR | t::VARCHAR => format!("{name}_{}", typmod - 4),
        t::NUMERIC => {
            format!("{name}_{}_{}", ((typmod - 4) >> 16) & 0xffff, (typmod - 4) & 0xffff)
        }
        t::TIME | t::TIMETZ | t::TIMESTAMP | t::TIMESTAMPTZ => format!("{name}_{typmod}"),
        _ => name,
    })
}

fn type_definition(session: &dyn FnContext, typ: Oid) -> PgResult<String> {
    if typ == t::XML {
        return Ok("<xsd:complexType mixed=\"true\">\n  <xsd:sequence>\n    <xsd:any \
                   name=\"element\" minOccurs=\"0\" maxOccurs=\"unbounded\" \
                   processContents=\"skip\"/>\n  </xsd:sequence>\n</xsd:complexType>\n"
            .to_string());
    }
    let simple =
        |base: &str| format!("  <xsd:restriction base=\"xsd:{base}\"></xsd:restriction>\n");
    let lined =
        |base: &str| format!("  <xsd:restriction base=\"xsd:{base}\">\n  </xsd:restriction>\n");
    let bounded = |base: &str, max: i64, min: i64| {
        format!(
            "  <xsd:restriction base=\"xsd:{base}\">\n    <xsd:maxInclusive value=\"{max}\"/>\n    \
             <xsd:minInclusive value=\"{min}\"/>\n  </xsd:restriction>\n"
        )
    };
    let pattern = |base: &str, pattern: &str| {
        format!(
            "  <xsd:restriction base=\"xsd:{base}\">\n    <xsd:pattern value=\"{pattern}\"/>\n  \
             </xsd:restriction>\n"
        )
    };
    const DATE: &str = r"\p{Nd}{4}-\p{Nd}{2}-\p{Nd}{2}";
    const TIME: &str = r"\p{Nd}{2}:\p{Nd}{2}:\p{Nd}{2}(.\p{Nd}+)?";
    const ZONE: &str = r"(\+|-)\p{Nd}{2}:\p{Nd}{2}";
    let body = match typ {
        t::BPCHAR | t::VARCHAR | t::TEXT => lined("string"),
        t::BYTEA if is_base64(session) => lined("base64Binary"),
        t::BYTEA => lined("hexBinary"),
        t::NUMERIC => String::new(),
        t::INT2 => bounded("short", i16::MAX.into(), i16::MIN.into()),
        t::INT4 => bounded("int", i32::MAX.into(), i32::MIN.into()),
        t::INT8 => bounded("long", i64::MAX, i64::MIN),
        t::FLOAT4 => simple("float"),
        t::FLOAT8 => simple("double"),
        t::BOOL => simple("boolean"),
        t::TIME => pattern("time", TIME),
        t::TIMETZ => pattern("time", &format!("{TIME}{ZONE}")),
        t::TIMESTAMP => pattern("dateTime", &format!("{DATE}T{TIME}")),
        t::TIMESTAMPTZ => pattern("dateTime", &format!("{DATE}T{TIME}{ZONE}")),
        t::DATE => pattern("date", DATE),
        _ => {
            let catalog = session_catalog(session)?;
            let mut row = catalog.get_type(typ)?;
            if row.typtype == 'd' {
                let mut typmod = -1;
                while row.typtype == 'd' {
                    if typmod < 0 {
                        typmod = row.typmod;
                    }
                    row = catalog.get_type(row.basetype)?;
                }
                let base = sized_type_name(session, row.oid, typmod)?;
                format!("  <xsd:restriction base=\"{base}\"/>\n")
            } else {
                String::new()
            }
        }
    };
    let name = type_name(session, typ)?;
    Ok(format!("<xsd:simpleType name=\"{name}\">\n{body}</xsd:simpleType>\n"))
}
