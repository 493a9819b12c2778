//! Rows and keys as error DETAILs show them.
use crate::Cx;
use catalog::{
    IndexDesc, RelationDesc,
    acl::{self, ObjectKind},
};
use error::PgResult;
use fmgr::{CallContext, CallSite};
use types::{Datum, Oid, type_oid};

/// Bytes of a value shown in `Failing row contains`.
const MAX_FIELD: usize = 64;

/// Whether the user may see the table's rows in an error message.
fn may_see(cx: &Cx<'_>, rel: &RelationDesc) -> PgResult<bool> {
    let user = cx.catalog.current_user();
    let result = acl::check(
        cx.catalog,
        ObjectKind::Table,
        &rel.name,
        rel.acl.as_deref(),
        rel.owner,
        user,
        nodes::acl::SELECT,
    );
    Ok(result.is_ok())
}

fn output(cx: &Cx<'_>, typ: Oid, value: &Datum, out: &mut Vec<u8>) -> PgResult<()> {
    if value.is_null() {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    cx.session.type_output(typ, value, out)
}

/// `Failing row contains (1, null).`; `None` if the user may not see the row.
pub(crate) fn describe_row(
    cx: &Cx<'_>,
    rel: &RelationDesc,
    row: &[Datum],
) -> PgResult<Option<String>> {
    if !may_see(cx, rel)? {
        return Ok(None);
    }
    let mut text = String::from("Failing row contains (");
    let mut first = true;
    for (attr, value) in rel.attrs.iter().zip(row).filter(|(a, _)| !a.dropped) {
        if !std::mem::replace(&mut first, false) {
            text.push_str(", ");
        }
        if attr.generated == 'v' {
            text.push_str("virtual");
            continue;
        }
        let mut field = Vec::new();
        output(cx, attr.typ, value, &mut field)?;
        let field = String::from_utf8_lossy(&field);
        if field.len() <= MAX_FIELD {
            text.push_str(&field);
        } else {
            let mut end = MAX_FIELD;
            while !field.is_char_boundary(end) {
                end -= 1;
            }
            text.push_str(&field[..end]);
            text.push_str("...");
        }
    }
    text.push_str(").");
    Ok(Some(text))
}

/// `(a, b)=(1, 2)` for columns of a row; `None` if the user may not see it.
pub(crate) fn describe_columns(
    cx: &Cx<'_>,
    rel: &RelationDesc,
    columns: &[i16],
    values: &[Datum],
) -> PgResult<Option<String>> {
    if !may_see(cx, rel)? {
        return Ok(None);
    }
    let names: Vec<&str> =
        columns.iter().filter_map(|c| rel.attr(*c)).map(|a| a.name.as_str()).collect();
    let types: Vec<Oid> = columns.iter().filter_map(|c| rel.attr(*c)).map(|a| a.typ).collect();
    Ok(Some(pair(cx, &names, &types, values)?))
}

fn pair(
    cx: &Cx<'_>,
    names: &[impl AsRef<str>],
    types: &[Oid],
    values: &[Datum],
) -> PgResult<String> {
    let mut text = Vec::new();
    for (n, (typ, value)) in types.iter().zip(values).enumerate() {
        if n > 0 {
            text.extend_from_slice(b", ");
        }
        output(cx, *typ, value, &mut text)?;
    }
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    Ok(format!("({})=({})", names.join(", "), String::from_utf8_lossy(&text)))
}

/// `(a, lower(b))=(1, x)` for an index key.
pub(crate) fn describe_key(
    cx: &Cx<'_>,
    rel: &RelationDesc,
    index: &IndexDesc,
    values: &[Datum],
) -> PgResult<Option<String>> {
    if !may_see(cx, rel)? {
        return Ok(None);
    }
    let mut names = Vec::new();
    let mut types = Vec::new();
    for (n, column) in index.columns.iter().take(index.n_key).enumerate() {
        names.push(match rel.attr(column.attnum) {
            Some(attr) => attr.name.clone(),
            None => column_definition(cx, index, n).unwrap_or_else(|| column.name.clone()),
        });
        types.push(column.typ);
    }
    Ok(Some(pair(cx, &names, &types, values)?))
}

/// An expression column as pg_get_indexdef(index, column, pretty) prints it.
fn column_definition(cx: &Cx<'_>, index: &IndexDesc, column: usize) -> Option<String> {
    const PG_GET_INDEXDEF_COLUMN: Oid = Oid(2507);
    let info = cx.session.resolve_function(PG_GET_INDEXDEF_COLUMN).ok()?;
    let site = CallSite {
        arg_types: vec![type_oid::OID, type_oid::INT4, type_oid::BOOL],
        ret_type: type_oid::TEXT,
        ret_typmod: -1,
        ..CallSite::default()
    };
    let mut cache = None;
    let mut call =
        CallContext { session: cx.session, site: &site, cache: &mut cache, in_aggregate: false };
    let mut args = [Datum::Oid(index.oid), Datum::Int4(column as i32 + 1), Datum::Bool(true)];
    match info.call(&mut call, &mut args) {
        Ok(Datum::Bytes(text)) => Some(String::from_utf8_lossy(&text).into_owned()),
        _ => None,
    }
}
