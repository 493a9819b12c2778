//! Type names as written.
use super::{Expr, ParseLoc, node};

node! {
    /// A type reference: `pg_catalog.numeric(10,2)[]`, `tab.col%TYPE`, `SETOF t`.
    pub struct TypeName {
        /// Qualified name; SQL-spelled types come as `pg_catalog.<internal name>`.
        pub names: Vec<String>,
        pub setof: bool,
        /// `%TYPE`: `names` is then a column's name.
        pub pct_type: bool,
        pub typmods: Vec<Expr>,
        /// Prespecified typmod (interval fields), -1 otherwise.
        pub typemod: i32,
        /// One entry a dimension, -1 for `[]`.
        pub array_bounds: Vec<i32>,
        pub location: ParseLoc,
    }
}

impl TypeName {
    /// A plain name without modifiers.
    pub fn from_names(names: Vec<String>, location: ParseLoc) -> Self {
        TypeName {
            names,
            setof: false,
            pct_type: false,
            typmods: Vec::new(),
            typemod: -1,
            array_bounds: Vec::new(),
            location,
        }
    }

    /// `pg_catalog.name`, as SQL spellings (`integer`) are translated.
    pub fn system(name: &str, location: ParseLoc) -> Self {
        Self::from_names(vec!["pg_catalog".to_owned(), name.to_owned()], location)
    }
}
