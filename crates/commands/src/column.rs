//! Column definitions: types, serial, identity, generated columns, NULL-ness.
use crate::UtilityContext;
use crate::constraint_attrs::ConstraintAttrs;
use catalog::{CatalogRead, NewColumn, RelationDesc};
use error::{PgResult, bail, err};
use parser::ast::{
    ColumnDef, ConstrType, Constraint, DefElem, GeneratedKind, GeneratedWhen, TypeName,
};
use std::sync::Arc;
use types::{Oid, type_oid as t};

/// A column to be, with what is done about it once the table is there.
pub(crate) struct Column {
    pub(crate) new: NewColumn,
    pub(crate) location: i32,
    /// DEFAULT or generation expression, raw.
    pub(crate) default: Option<parser::ast::Expr>,
    /// An analysed default (LIKE INCLUDING DEFAULTS).
    pub(crate) cooked_default: Option<nodes::Expr>,
    /// serial.
    pub(crate) serial: bool,
    /// Options of the sequence of an identity column.
    pub(crate) identity_options: Vec<DefElem>,
    /// Name of the NOT NULL constraint, if one was given.
    pub(crate) not_null_name: Option<String>,
    pub(crate) not_null_no_inherit: bool,
    /// The parent whose generation expression `cooked_default` is, over that table's columns.
    pub(crate) generated_of: Option<Arc<RelationDesc>>,
    /// The identity is that of the partitioned table, whose sequence it shares.
    pub(crate) inherited_identity: bool,
}

impl Column {
    /// A column that becomes an identity column.
    pub(crate) fn of_identity(new: NewColumn, identity_options: Vec<DefElem>) -> Column {
        Column {
            new,
            location: -1,
            default: None,
            cooked_default: None,
            serial: false,
            identity_options,
            not_null_name: None,
            not_null_no_inherit: false,
            generated_of: None,
            inherited_identity: false,
        }
    }
}

/// Type, typmod and collation of a column.
pub(crate) fn column_type(
    cx: &UtilityContext<'_>,
    def: &ColumnDef,
    type_name: &TypeName,
) -> PgResult<(Oid, i32, Oid)> {
    let mut acx = cx.analyze_context();
    let a = analyzer::Analyzer::new(&mut acx);
    let (typ, typmod) = a.typename_type(type_name)?;
    crate::attribute::check_usage(cx, typ.oid)?;
    if type_name.setof {
        return Err(err!(
            INVALID_TABLE_DEFINITION,
            "column \"{}\" cannot be declared SETOF",
            def.colname
        )
        .at(type_name.location));
    }
    let collation = a.column_def_collation(def.coll_clause.as_ref(), &typ, def.location)?;
    check_type(cx, &def.colname, typ.oid)?;
    Ok((typ.oid, typmod, collation))
}

/// Pseudo-types make no columns.
pub(crate) fn check_type(cx: &UtilityContext<'_>, column: &str, typ: Oid) -> PgResult<()> {
    let row = cx.catalog.get_type(typ)?;
    if row.typtype == 'p' {
        bail!(
            INVALID_TABLE_DEFINITION,
            "column \"{column}\" has pseudo-type {}",
            cx.catalog.format_type(typ, None)?
        );
    }
    Ok(())
}

/// serial, bigserial and smallserial are no types but integers with a sequence.
fn serial_type(name: &TypeName) -> Option<&'static str> {
    let [word] = name.names.as_slice() else { return None };
    if name.pct_type {
        return None;
    }
    match word.as_str() {
        "smallserial" | "serial2" => Some("int2"),
        "serial" | "serial4" => Some("int4"),
        "bigserial" | "serial8" => Some("int8"),
        _ => None,
    }
}

/// pg_attribute.attstorage of a STORAGE clause.
pub(crate) fn storage_letter(cx: &UtilityContext<'_>, typ: Oid, word: &str) -> PgResult<char> {
    let row = cx.catalog.get_type(typ)?;
    let letter = match word.to_ascii_lowercase().as_str() {
        "plain" => 'p',
        "external" => 'e',
        "extended" => 'x',
        "main" => 'm',
        "default" => row.storage,
        _ => bail!(INVALID_PARAMETER_VALUE, "invalid storage type \"{word}\""),
    };
    if letter != 'p' && row.storage == 'p' {
        bail!(
            FEATURE_NOT_SUPPORTED,
            "column data type {} can only have storage PLAIN",
            cx.catalog.format_type(typ, None)?
        );
    }
    Ok(letter)
}

/// pg_attribute.attcompression of a COMPRESSION clause.
pub(crate) fn compression_letter(cx: &UtilityContext<'_>, typ: Oid, word: &str) -> PgResult<char> {
    if word == "default" {
        return Ok('\0');
    }
    if cx.catalog.get_type(typ)?.storage == 'p' {
        bail!(
            FEATURE_NOT_SUPPORTED,
            "column data type {} does not support compression",
            cx.catalog.format_type(typ, None)?
        );
    }
    match word {
        "pglz" => Ok('p'),
        "lz4" => Ok('l'),
        _ => Err(err!(INVALID_PARAMETER_VALUE, "invalid compression method \"{word}\"")),
    }
}

/// Columns may not be named as system columns are.
pub(crate) fn check_name(name: &str) -> PgResult<()> {
    if matches!(name, "ctid" | "xmin" | "cmin" | "xmax" | "cmax" | "tableoid") {
        bail!(DUPLICATE_COLUMN, "column name \"{name}\" conflicts with a system column name");
    }
    Ok(())
}

/// Reads a definition. Constraints that are the table's (checks, keys, foreign keys) go to
/// `constraints`, naming this column.
pub(crate) fn read(
    cx: &UtilityContext<'_>,
    table: &str,
    def: &ColumnDef,
    constraints: &mut Vec<Constraint>,
) -> PgResult<Column> {
    check_name(&def.colname)?;
    if !def.fdwoptions.is_empty() {
        return Err(error::not_supported!("OPTIONS of a column"));
    }
    let Some(type_name) = &def.type_name else {
        return Err(error::not_supported!("columns of typed tables"));
    };
    let serial = serial_type(type_name);
    let (typ, typmod, collation) = match serial {
        Some(base) => {
            if !type_name.array_bounds.is_empty() {
                return Err(err!(FEATURE_NOT_SUPPORTED, "array of serial is not implemented")
                    .at(type_name.location));
            }
            let base = TypeName::system(base, type_name.location);
            column_type(cx, def, &base)?
        }
        None => column_type(cx, def, type_name)?,
    };
    let mut new = NewColumn::new(&def.colname, typ, typmod, collation);
    new.ndims = type_name.array_bounds.len() as i16;
    if let Some(word) = &def.storage_name {
        new.storage = Some(storage_letter(cx, typ, word)?);
    }
    if let Some(word) = &def.compression {
        new.compression = compression_letter(cx, typ, word)?;
    }
    let mut column = Column {
        new,
        location: def.location,
        default: None,
        cooked_default: None,
        serial: serial.is_some(),
        identity_options: Vec::new(),
        not_null_name: None,
        not_null_no_inherit: false,
        generated_of: None,
        inherited_identity: false,
    };
    column.new.not_null = serial.is_some();
    Reader { table, column: &mut column, saw_null: false, saw_not_null: serial.is_some() }
        .constraints(def, constraints)?;
    Ok(column)
}

/// Reads what PARTITION OF or OF says about a column that the parent or type has.
pub(crate) fn read_known(
    table: &str,
    def: &ColumnDef,
    new: NewColumn,
    constraints: &mut Vec<Constraint>,
) -> PgResult<Column> {
    let mut column = Column::of_identity(new, Vec::new());
    column.location = def.location;
    Reader { table, column: &mut column, saw_null: false, saw_not_null: false }
        .constraints(def, constraints)?;
    Ok(column)
}

/// Goes through a column's constraints.
struct Reader<'a> {
    table: &'a str,
    column: &'a mut Column,
    saw_null: bool,
    saw_not_null: bool,
}

impl Reader<'_> {
    fn conflict(&self, what: &str, location: i32) -> error::PgError {
        err!(
            SYNTAX_ERROR,
            "{what} for column \"{}\" of table \"{}\"",
            self.column.new.name,
            self.table
        )
        .at(location)
    }

    fn constraints(&mut self, def: &ColumnDef, out: &mut Vec<Constraint>) -> PgResult<()> {
        let attributes = ConstraintAttrs::group(&def.constraints)?;
        for (constraint, attrs) in attributes {
            self.one(constraint, attrs, out)?;
        }
        let c = &*self.column;
        let has_default = c.default.is_some() && c.new.generated == '\0';
        let kinds = [has_default || c.serial, c.new.identity != '\0', c.new.generated != '\0'];
        let fault = match kinds {
            [true, true, _] => "both default and identity specified",
            [true, _, true] => "both default and generation expression specified",
            [_, true, true] => "both identity and generation expression specified",
            _ => return Ok(()),
        };
        Err(self.conflict(fault, self.column.location))
    }

    fn one(
        &mut self,
        c: &Constraint,
        attrs: ConstraintAttrs,
        out: &mut Vec<Constraint>,
    ) -> PgResult<()> {
        let name = self.column.new.name.clone();
        match c.contype {
            ConstrType::Null => {
                if self.saw_not_null {
                    return Err(self.conflict("conflicting NULL/NOT NULL declarations", c.location));
                }
                self.saw_null = true;
            }
            ConstrType::NotNull => {
                if self.saw_null {
                    return Err(self.conflict("conflicting NULL/NOT NULL declarations", c.location));
                }
                self.saw_not_null = true;
                self.column.new.not_null = true;
                if self.column.not_null_name.is_none() {
                    self.column.not_null_name = c.conname.clone();
                }
                self.column.not_null_no_inherit |= c.is_no_inherit;
            }
            ConstrType::Default => {
                if self.column.default.is_some() || self.column.serial {
                    return Err(self.conflict("multiple default values specified", c.location));
                }
                self.column.default = c.raw_expr.clone();
            }
            ConstrType::Identity => {
                if self.column.new.identity != '\0' {
                    return Err(self.conflict("multiple identity specifications", c.location));
                }
                if self.saw_null {
                    return Err(self.conflict("conflicting NULL/NOT NULL declarations", c.location));
                }
                if !matches!(self.column.new.typ, t::INT2 | t::INT4 | t::INT8) {
                    bail!(
                        INVALID_PARAMETER_VALUE,
                        "identity column type must be smallint, integer, or bigint"
                    );
                }
                self.column.new.identity = match c.generated_when {
                    Some(GeneratedWhen::ByDefault) => 'd',
                    _ => 'a',
                };
                self.column.identity_options = c.options.clone();
                self.saw_not_null = true;
                self.column.new.not_null = true;
            }
            ConstrType::Generated => {
                if self.column.new.generated != '\0' {
                    return Err(self.conflict("multiple generation clauses specified", c.location));
                }
                self.column.new.generated = match c.generated_kind {
                    Some(GeneratedKind::Stored) => 's',
                    _ => 'v',
                };
                if self.column.new.generated == 'v' {
                    return Err(error::not_supported!("virtual generated columns"));
                }
                self.column.default = c.raw_expr.clone();
            }
            ConstrType::Check
            | ConstrType::Primary
            | ConstrType::Unique
            | ConstrType::Foreign
            | ConstrType::Exclusion => {
                let mut c = c.clone();
                attrs.apply(&mut c);
                match c.contype {
                    ConstrType::Foreign => c.fk_attrs = vec![name],
                    ConstrType::Check => {}
                    _ => c.keys = vec![name],
                }
                out.push(c);
            }
            _ => {}
        }
        Ok(())
    }
}
