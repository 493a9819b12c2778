//! What indexes, their columns and access methods can do: pg_indexam_has_property and its kin.
use super::catalog;
use catalog::{Catalog, CatalogRead, IndexDesc};
use error::PgResult;
use fmgr::Registry;
use types::{Datum, Oid};

/// What an access method's indexes can do, as PostgreSQL's answer it.
struct Abilities {
    name: &'static str,
    order: bool,
    unique: bool,
    multi_column: bool,
    exclude: bool,
    include: bool,
    clusterable: bool,
    backward: bool,
    index_scan: bool,
    search_array: bool,
    search_nulls: bool,
}

const NONE: Abilities = Abilities {
    name: "",
    order: false,
    unique: false,
    multi_column: false,
    exclude: false,
    include: false,
    clusterable: false,
    backward: false,
    index_scan: true,
    search_array: false,
    search_nulls: false,
};

const METHODS: [Abilities; 6] = [
    Abilities {
        name: "btree",
        order: true,
        unique: true,
        multi_column: true,
        exclude: true,
        include: true,
        clusterable: true,
        backward: true,
        search_array: true,
        search_nulls: true,
        ..NONE
    },
    Abilities { name: "hash", exclude: true, backward: true, ..NONE },
    Abilities {
        name: "gist",
        multi_column: true,
        exclude: true,
        include: true,
        clusterable: true,
        search_nulls: true,
        ..NONE
    },
    Abilities { name: "spgist", exclude: true, include: true, search_nulls: true, ..NONE },
    Abilities { name: "gin", multi_column: true, index_scan: false, ..NONE },
    Abilities { name: "brin", multi_column: true, index_scan: false, search_nulls: true, ..NONE },
];

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("pg_indexam_has_property", |cx, a| {
        let able = abilities(catalog(cx)?, a[0].as_oid())?;
        Ok(answer(able.and_then(|able| of_method(able, a[1].as_str()))))
    });
    r.scalar("pg_index_has_property", |cx, a| {
        let catalog = catalog(cx)?;
        let Some(relation) = catalog.relation(a[0].as_oid())? else { return Ok(Datum::Null) };
        let Some(index) = &relation.index else { return Ok(Datum::Null) };
        let able = abilities(catalog, index.am)?;
        Ok(answer(able.and_then(|able| of_index(able, a[1].as_str()))))
    });
    r.scalar("pg_index_column_has_property", |cx, a| {
        let catalog = catalog(cx)?;
        let Some(relation) = catalog.relation(a[0].as_oid())? else { return Ok(Datum::Null) };
        let Some(index) = &relation.index else { return Ok(Datum::Null) };
        let column = usize::try_from(a[1].as_i32()).ok().and_then(|n| n.checked_sub(1));
        let Some(column) = column.filter(|at| *at < index.columns.len()) else {
            return Ok(Datum::Null);
        };
        of_column(catalog, index, column, a[2].as_str()).map(answer)
    });
}

fn answer(property: Option<bool>) -> Datum {
    property.map_or(Datum::Null, Datum::Bool)
}

fn abilities(catalog: &Catalog, am: Oid) -> PgResult<Option<&'static Abilities>> {
    let name = catalog.access_method_name(am)?;
    Ok(METHODS.iter().find(|m| m.name == name))
}

fn of_method(able: &Abilities, property: &str) -> Option<bool> {
    Some(match property.to_ascii_lowercase().as_str() {
        "can_order" => able.order,
        "can_unique" => able.unique,
        "can_multi_col" => able.multi_column,
        "can_exclude" => able.exclude,
        "can_include" => able.include,
        _ => return None,
    })
}

fn of_index(able: &Abilities, property: &str) -> Option<bool> {
    Some(match property.to_ascii_lowercase().as_str() {
        "clusterable" => able.clusterable,
        "index_scan" => able.index_scan,
        "bitmap_scan" => true,
        "backward_scan" => able.backward,
        _ => return None,
    })
}

fn of_column(
    catalog: &Catalog,
    index: &IndexDesc,
    at: usize,
    property: &str,
) -> PgResult<Option<bool>> {
    let Some(able) = abilities(catalog, index.am)? else { return Ok(None) };
    let column = &index.columns[at];
    let key = at < index.n_key;
    // INCLUDE columns have no order and are never searched, which is an answer and not an absence.
    let ordered = |yes: bool| match key {
        true => Some(able.order && yes),
        false => None,
    };
    Ok(match property.to_ascii_lowercase().as_str() {
        "asc" => ordered(!column.desc),
        "desc" => ordered(column.desc),
        "nulls_first" => ordered(column.nulls_first),
        "nulls_last" => ordered(!column.nulls_first),
        "orderable" => Some(key && able.order),
        "distance_orderable" if !key => Some(false),
        "distance_orderable" => Some(orders_by_distance(catalog, able, column.opfamily)?),
        "returnable" => Some(returnable(catalog, able, index, at)?),
        "search_array" => key.then_some(able.search_array),
        "search_nulls" => key.then_some(able.search_nulls),
        _ => None,
    })
}

/// Whether the operator family has ordering operators.
fn orders_by_distance(catalog: &Catalog, able: &Abilities, family: Oid) -> PgResult<bool> {
    let can = matches!(able.name, "gist" | "spgist");
    Ok(can && catalog.amops_of_family(family)?.iter().any(|op| op.purpose == 'o'))
}

/// Whether an index-only scan can give the column back.
fn returnable(catalog: &Catalog, able: &Abilities, index: &IndexDesc, at: usize) -> PgResult<bool> {
    const GIST_FETCH: i16 = 9;
    const GIST_COMPRESS: i16 = 3;
    let column = &index.columns[at];
    Ok(match able.name {
        "btree" => true,
        "gist" if at >= index.n_key => true,
        "gist" => {
            let procs = catalog.amprocs_of_family(column.opfamily)?;
            let has = |num: i16| procs.iter().any(|p| p.left == column.opcintype && p.num == num);
            has(GIST_FETCH) || !has(GIST_COMPRESS)
        }
        // SP-GiST classes of the core all rebuild what they hold, save polygons kept as boxes.
        "spgist" => at >= index.n_key || column.opcintype != types::type_oid::POLYGON,
        _ => false,
    })
}
