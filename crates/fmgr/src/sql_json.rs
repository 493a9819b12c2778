//! The SQL/JSON machinery that the executor calls; implemented by `functions`.
use crate::FnContext;
use error::PgResult;
use nodes::{JsonValueType, JsonWrapper};
use types::{Datum, Oid};

/// A value of PASSING.
#[derive(Clone, Debug)]
pub struct PathVariable<'a> {
    /// Its name, without `$`.
    pub name: &'a str,
    /// Its SQL type.
    pub typ: Oid,
    /// Its value.
    pub value: Datum,
}

/// A jsonpath about to be evaluated over a document.
pub struct PathCall<'a> {
    /// The session.
    pub session: &'a dyn FnContext,
    /// The jsonb document.
    pub document: &'a Datum,
    /// The jsonpath.
    pub path: &'a Datum,
    /// PASSING.
    pub variables: &'a [PathVariable<'a>],
    /// The JSON_TABLE column concerned, for error messages.
    pub column: Option<&'a str>,
    /// Errors of the path give [`PathResult::Failed`] instead of being raised.
    pub soft: bool,
}

/// What a path gave.
#[derive(Clone, Debug, PartialEq)]
pub enum PathResult<T> {
    /// A value.
    Found(T),
    /// No item.
    Empty,
    /// An error that was not to be raised.
    Failed,
}

/// The SQL/JSON machinery.
pub trait SqlJson: Sync {
    /// JSON_EXISTS.
    fn path_exists(&self, call: &PathCall<'_>) -> PgResult<PathResult<bool>>;
    /// JSON_QUERY: jsonb.
    fn path_query(&self, call: &PathCall<'_>, wrapper: JsonWrapper) -> PgResult<PathResult<Datum>>;
    /// JSON_VALUE: jsonb, or text if `as_text`; NULL for a JSON null.
    fn path_value(&self, call: &PathCall<'_>, as_text: bool) -> PgResult<PathResult<Datum>>;
    /// The rows of a JSON_TABLE path: jsonb values.
    fn path_rows(&self, call: &PathCall<'_>) -> PgResult<PathResult<Vec<Datum>>>;
    /// A jsonb value (or NULL) as a value of any type, as jsonb_populate_record() makes its fields.
    fn populate(
        &self,
        session: &dyn FnContext,
        value: &Datum,
        typ: Oid,
        typmod: i32,
        omit_quotes: bool,
    ) -> PgResult<Datum>;
    /// Assignment to a subscripted jsonb value. Of each subscript: its text, and whether it is an
    /// integer. NULLs stand for an empty container and for a JSON null.
    fn assign(&self, container: &Datum, path: &[(String, bool)], value: &Datum) -> PgResult<Datum>;
    /// IS JSON over text, json or jsonb.
    fn is_json(&self, value: &Datum, typ: Oid, item: JsonValueType, unique: bool)
    -> PgResult<bool>;
    /// JSON(text WITH UNIQUE KEYS).
    fn parse_unique(&self, text: &Datum, jsonb: bool) -> PgResult<Datum>;
    /// JSON_OBJECT over keys and values in turn.
    fn build_object(
        &self,
        session: &dyn FnContext,
        types: &[Oid],
        values: &[Datum],
        options: ConstructorOptions,
    ) -> PgResult<Datum>;
    /// JSON_ARRAY.
    fn build_array(
        &self,
        session: &dyn FnContext,
        types: &[Oid],
        values: &[Datum],
        options: ConstructorOptions,
    ) -> PgResult<Datum>;
    /// JSON_SCALAR of a non-NULL value.
    fn scalar(
        &self,
        session: &dyn FnContext,
        typ: Oid,
        value: &Datum,
        jsonb: bool,
    ) -> PgResult<Datum>;
}

/// What a constructor was told.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConstructorOptions {
    /// jsonb rather than json.
    pub jsonb: bool,
    /// ABSENT ON NULL.
    pub absent_on_null: bool,
    /// WITH UNIQUE KEYS.
    pub unique: bool,
}
