//! CREATE VIEW.
use crate::{UtilityContext, creation};
use catalog::{
    CatalogRead, NewColumn, NewRelation, RelationDesc, RowBuilder, acl,
    acl::ObjectKind,
    depend::{DependencyKind, ObjectAddress},
    schema::{index, pg_class, pg_rewrite},
};
use error::{PgError, PgResult, bail, err};
use nodes::{CmdType, Query};
use parser::ast::{DefArg, DefElem, ViewCheckOption, ViewStmt};
use types::{Datum, Oid};

/// Makes or replaces a view.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &ViewStmt) -> PgResult<()> {
    let mut acx = cx.analyze_context();
    let query = analyzer::analyze_inner(&mut acx, &stmt.query, true)?;
    check_query(&query)?;
    let mut view = stmt.view.clone();
    if view.relpersistence == parser::ast::RelPersistence::Unlogged {
        bail!(SYNTAX_ERROR, "views cannot be unlogged because they do not have storage");
    }
    if view.relpersistence == parser::ast::RelPersistence::Permanent && uses_temporary(cx, &query)?
    {
        view.relpersistence = parser::ast::RelPersistence::Temp;
        cx.notice(PgError::notice(format!("view \"{}\" will be a temporary view", view.relname)));
    }
    let columns = columns(cx, &query, &stmt.aliases)?;
    let place = creation::place_of(cx, &view)?;
    let mut options = stmt.options.clone();
    let check_option = match stmt.with_check_option {
        ViewCheckOption::None => None,
        ViewCheckOption::Local => Some("local"),
        ViewCheckOption::Cascaded => Some("cascaded"),
    };
    if let Some(word) = check_option {
        options.push(DefElem::new("check_option", Some(DefArg::String(word.to_owned())), -1));
    }
    if options.iter().any(|o| o.defname == "check_option") {
        return Err(error::not_supported!("WITH CHECK OPTION"));
    }
    let reloptions = creation::reloptions(creation::OptionKind::View, &options)?;
    let query = rename_targets(query, &columns);
    if stmt.replace
        && let Some(oid) = cx.catalog.lookup_relation(place.namespace, &view.relname)?
    {
        return replace(cx, oid, &columns, &query, &reloptions);
    }
    let mut new = NewRelation::new(&view.relname, place.namespace, cx.user(), 'v', columns);
    new.persistence = place.persistence;
    new.reloptions = reloptions;
    let created = cx.catalog.create_relation(&new)?;
    cx.services.command_counter_increment()?;
    define_rule(cx, created.oid, &query)
}

fn check_query(query: &Query) -> PgResult<()> {
    if query.command_type == CmdType::Utility {
        bail!(FEATURE_NOT_SUPPORTED, "views must not contain SELECT INTO");
    }
    if query.has_modifying_cte {
        bail!(FEATURE_NOT_SUPPORTED, "views must not contain data-modifying statements in WITH");
    }
    Ok(())
}

/// Whether the query reads a temporary relation.
fn uses_temporary(cx: &UtilityContext<'_>, query: &Query) -> PgResult<bool> {
    let Some(temp) = cx.catalog.temp_namespace() else { return Ok(false) };
    let mut references = catalog::depend::References::default();
    references.add_query(query, &mut Vec::new());
    for object in references.into_objects() {
        if object.class == pg_class::RELID
            && cx.catalog.relation(object.object)?.is_some_and(|r| r.namespace == temp)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The view's columns.
pub(crate) fn columns(
    cx: &UtilityContext<'_>,
    query: &Query,
    aliases: &[String],
) -> PgResult<Vec<NewColumn>> {
    let targets: Vec<_> = query.target_list.iter().filter(|t| !t.resjunk).collect();
    if aliases.len() > targets.len() {
        bail!(SYNTAX_ERROR, "CREATE VIEW specifies more column names than columns");
    }
    let mut columns: Vec<NewColumn> = Vec::with_capacity(targets.len());
    for (i, target) in targets.iter().enumerate() {
        let name = match aliases.get(i) {
            Some(alias) => alias.clone(),
            None => target.resname.clone().unwrap_or_else(|| "?column?".to_owned()),
        };
        let e = &target.expr;
        crate::column::check_name(&name)?;
        crate::column::check_type(cx, &name, e.typ())?;
        if columns.iter().any(|c| c.name == name) {
            bail!(DUPLICATE_COLUMN, "column \"{name}\" specified more than once");
        }
        let collatable = cx.catalog.get_type(e.typ())?.collation.is_valid();
        if collatable && !e.collation().is_valid() {
            return Err(err!(
                INDETERMINATE_COLLATION,
                "could not determine which collation to use for view column \"{name}\""
            )
            .hint("Use the COLLATE clause to set the collation explicitly."));
        }
        columns.push(NewColumn::new(&name, e.typ(), e.typmod(), e.collation()));
    }
    Ok(columns)
}

/// The query's columns are named as the view's.
fn rename_targets(mut query: Query, columns: &[NewColumn]) -> Query {
    let mut names = columns.iter();
    for target in query.target_list.iter_mut().filter(|t| !t.resjunk) {
        target.resname = names.next().map(|c| c.name.clone());
    }
    query
}

/// The rule that makes a relation a view.
pub(crate) fn define_rule(cx: &UtilityContext<'_>, view: Oid, query: &Query) -> PgResult<()> {
    let oid = cx.catalog.alloc_oid(pg_rewrite::RELID)?;
    RowBuilder::new(pg_rewrite::RELID)
        .set(pg_rewrite::OID, oid)
        .set(pg_rewrite::RULENAME, "_RETURN")
        .set(pg_rewrite::EV_CLASS, view)
        .set(pg_rewrite::EV_TYPE, '1')
        .set(pg_rewrite::EV_ENABLED, 'O')
        .set(pg_rewrite::IS_INSTEAD, true)
        .set(pg_rewrite::EV_QUAL, "<>")
        .set(pg_rewrite::EV_ACTION, nodes::stored::to_stored(&vec![query])?)
        .insert(cx.catalog)?;
    let this = ObjectAddress::new(pg_rewrite::RELID, oid);
    let on = ObjectAddress::relation(view);
    cx.catalog.record_dependency(this, on, DependencyKind::Internal)?;
    cx.catalog.record_query_dependencies(this, query, DependencyKind::Normal)?;
    cx.catalog.set_class_flag(view, pg_class::RELHASRULES, true)?;
    cx.catalog.invalidate_relation(view)?;
    cx.services.command_counter_increment()
}

/// CREATE OR REPLACE: the columns that are there must stay, more may follow.
fn replace(
    cx: &UtilityContext<'_>,
    oid: Oid,
    columns: &[NewColumn],
    query: &Query,
    reloptions: &[String],
) -> PgResult<()> {
    cx.lock(oid, 8)?;
    let view = cx.catalog.get_relation(oid)?;
    if view.relkind != 'v' {
        return Err(err!(WRONG_OBJECT_TYPE, "\"{}\" is not a view", view.name));
    }
    acl::check_owner(cx.catalog, ObjectKind::View, &view.name, view.owner, cx.user())?;
    cx.services.check_relation_not_in_use(oid, "CREATE OR REPLACE VIEW")?;
    check_columns(cx, &view, columns)?;
    for column in &columns[view.attrs.len()..] {
        cx.catalog.add_column(oid, column)?;
    }
    let options = match reloptions.is_empty() {
        true => Datum::Null,
        false => catalog::csv::text_array(reloptions),
    };
    cx.catalog.set_by_oid(pg_class::RELID, oid, &[(pg_class::RELOPTIONS, options)])?;
    let key = [Datum::Oid(oid), Datum::text("_RETURN")];
    for row in cx.catalog.delete_by_key(index::PG_REWRITE_REL_RULENAME_INDEX, &key)? {
        let rule = ObjectAddress::new(pg_rewrite::RELID, row.oid(pg_rewrite::OID));
        cx.catalog.delete_dependencies_of(rule, None)?;
    }
    cx.services.command_counter_increment()?;
    define_rule(cx, oid, query)
}

fn check_columns(
    cx: &UtilityContext<'_>,
    view: &RelationDesc,
    columns: &[NewColumn],
) -> PgResult<()> {
    if columns.len() < view.attrs.len() {
        bail!(INVALID_TABLE_DEFINITION, "cannot drop columns from view");
    }
    for (old, new) in view.attrs.iter().zip(columns) {
        if old.name != new.name {
            return Err(err!(
                INVALID_TABLE_DEFINITION,
                "cannot change name of view column \"{}\" to \"{}\"",
                old.name,
                new.name
            )
            .hint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead."));
        }
        if old.typ != new.typ || old.typmod != new.typmod {
            bail!(
                INVALID_TABLE_DEFINITION,
                "cannot change data type of view column \"{}\" from {} to {}",
                old.name,
                cx.catalog.format_type(old.typ, Some(old.typmod))?,
                cx.catalog.format_type(new.typ, Some(new.typmod))?
            );
        }
        if old.collation != new.collation {
            let name = |oid: Oid| -> PgResult<String> {
                Ok(cx.catalog.lookup_collation(oid)?.map_or_else(String::new, |c| c.name.clone()))
            };
            bail!(
                INVALID_TABLE_DEFINITION,
                "cannot change collation of view column \"{}\" from \"{}\" to \"{}\"",
                old.name,
                name(old.collation)?,
                name(new.collation)?
            );
        }
    }
    Ok(())
}
