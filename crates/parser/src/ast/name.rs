//! Names of relations and roles as written.
use super::{ParseLoc, kind, node};

kind! {
    /// `relpersistence` of a relation to be created.
    #[derive(Default)]
    pub enum RelPersistence {
        /// `p`
        #[default]
        Permanent,
        /// `u`
        Unlogged,
        /// `t`
        Temp,
    }
}

impl RelPersistence {
    /// The letter in `pg_class.relpersistence`.
    pub fn as_char(self) -> char {
        match self {
            RelPersistence::Permanent => 'p',
            RelPersistence::Unlogged => 'u',
            RelPersistence::Temp => 't',
        }
    }
}

node! {
    /// `AS name (columns)`.
    pub struct Alias {
        pub aliasname: String,
        pub colnames: Vec<String>,
    }

    /// A relation's name in a statement, with its alias where one is allowed.
    pub struct RangeVar {
        pub catalogname: Option<String>,
        pub schemaname: Option<String>,
        pub relname: String,
        /// False after ONLY.
        pub inh: bool,
        pub relpersistence: RelPersistence,
        pub alias: Option<Box<Alias>>,
        pub location: ParseLoc,
    }
}

impl RangeVar {
    /// An unaliased name, inheritance on.
    pub fn new(schemaname: Option<String>, relname: impl Into<String>, location: ParseLoc) -> Self {
        RangeVar {
            catalogname: None,
            schemaname,
            relname: relname.into(),
            inh: true,
            relpersistence: RelPersistence::Permanent,
            alias: None,
            location,
        }
    }

    /// `schema.name` or `name`, unquoted, as in most messages.
    pub fn display_name(&self) -> String {
        match (&self.catalogname, &self.schemaname) {
            (Some(c), Some(s)) => format!("{c}.{s}.{}", self.relname),
            (None, Some(s)) => format!("{s}.{}", self.relname),
            _ => self.relname.clone(),
        }
    }

    /// The parts as a qualified name list.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::with_capacity(3);
        names.extend(self.catalogname.clone());
        names.extend(self.schemaname.clone());
        names.push(self.relname.clone());
        names
    }
}

kind! {
    /// How a role is designated.
    pub enum RoleSpecType {
        /// By name.
        CString,
        /// CURRENT_ROLE
        CurrentRole,
        /// CURRENT_USER
        CurrentUser,
        /// SESSION_USER
        SessionUser,
        /// PUBLIC
        Public,
    }
}

node! {
    /// A role as written.
    pub struct RoleSpec {
        pub roletype: RoleSpecType,
        /// Set for [`RoleSpecType::CString`].
        pub rolename: Option<String>,
        pub location: ParseLoc,
    }
}
