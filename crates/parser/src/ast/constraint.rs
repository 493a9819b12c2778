//! Column and table constraints as written.
use super::{DefElem, Expr, IndexElem, ParseLoc, RangeVar, kind, node};

kind! {
    pub enum ConstrType {
        Null,
        NotNull,
        Default,
        Identity,
        Generated,
        Check,
        Primary,
        Unique,
        Exclusion,
        Foreign,
        /// The attributes apply to the constraint before them (column constraints).
        AttrDeferrable,
        AttrNotDeferrable,
        AttrDeferred,
        AttrImmediate,
        AttrEnforced,
        AttrNotEnforced,
    }

    /// ALWAYS or BY DEFAULT.
    pub enum GeneratedWhen { Always, ByDefault }

    /// STORED or VIRTUAL.
    pub enum GeneratedKind { Stored, Virtual }

    /// `confupdtype` and `confdeltype`.
    #[derive(Default)]
    pub enum FkAction { #[default] NoAction, Restrict, Cascade, SetNull, SetDefault }

    /// `confmatchtype`.
    #[derive(Default)]
    pub enum FkMatchType { #[default] Simple, Full, Partial }
}

impl FkAction {
    /// The catalog's letter.
    pub fn as_char(self) -> char {
        match self {
            FkAction::NoAction => 'a',
            FkAction::Restrict => 'r',
            FkAction::Cascade => 'c',
            FkAction::SetNull => 'n',
            FkAction::SetDefault => 'd',
        }
    }
}

impl FkMatchType {
    /// The catalog's letter.
    pub fn as_char(self) -> char {
        match self {
            FkMatchType::Simple => 's',
            FkMatchType::Full => 'f',
            FkMatchType::Partial => 'p',
        }
    }
}

node! {
    /// An element of EXCLUDE: column WITH operator.
    pub struct ExclusionElem {
        pub elem: IndexElem,
        pub operator: Vec<String>,
    }

    pub struct Constraint {
        pub contype: ConstrType,
        pub conname: Option<String>,
        pub deferrable: bool,
        pub initdeferred: bool,
        pub is_enforced: bool,
        /// NOT VALID.
        pub skip_validation: bool,
        pub initially_valid: bool,
        pub is_no_inherit: bool,
        /// CHECK, DEFAULT, GENERATED.
        pub raw_expr: Option<Expr>,
        pub generated_when: Option<GeneratedWhen>,
        pub generated_kind: Option<GeneratedKind>,
        pub nulls_not_distinct: bool,
        /// Columns of UNIQUE, PRIMARY KEY, NOT NULL.
        pub keys: Vec<String>,
        pub without_overlaps: bool,
        pub including: Vec<String>,
        pub exclusions: Vec<ExclusionElem>,
        /// WITH (…) of index constraints, sequence options of IDENTITY.
        pub options: Vec<DefElem>,
        /// USING INDEX name.
        pub indexname: Option<String>,
        /// USING INDEX TABLESPACE name.
        pub indexspace: Option<String>,
        pub access_method: Option<String>,
        pub where_clause: Option<Expr>,
        pub pktable: Option<RangeVar>,
        pub fk_attrs: Vec<String>,
        pub pk_attrs: Vec<String>,
        pub fk_with_period: bool,
        pub pk_with_period: bool,
        pub fk_matchtype: FkMatchType,
        pub fk_upd_action: FkAction,
        pub fk_del_action: FkAction,
        pub fk_del_set_cols: Vec<String>,
        pub location: ParseLoc,
    }
}

impl Constraint {
    /// A constraint of this kind with nothing set.
    pub fn new(contype: ConstrType, location: ParseLoc) -> Self {
        Constraint {
            contype,
            conname: None,
            deferrable: false,
            initdeferred: false,
            is_enforced: true,
            skip_validation: false,
            initially_valid: true,
            is_no_inherit: false,
            raw_expr: None,
            generated_when: None,
            generated_kind: None,
            nulls_not_distinct: false,
            keys: Vec::new(),
            without_overlaps: false,
            including: Vec::new(),
            exclusions: Vec::new(),
            options: Vec::new(),
            indexname: None,
            indexspace: None,
            access_method: None,
            where_clause: None,
            pktable: None,
            fk_attrs: Vec::new(),
            pk_attrs: Vec::new(),
            fk_with_period: false,
            pk_with_period: false,
            fk_matchtype: FkMatchType::Simple,
            fk_upd_action: FkAction::NoAction,
            fk_del_action: FkAction::NoAction,
            fk_del_set_cols: Vec::new(),
            location,
        }
    }
}
