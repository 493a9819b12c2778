//! Access control lists: aclitem values, defaults by object kind, and the checks with their messages.
use crate::read::CatalogRead;
use crate::rows::AclItem;
use error::{PgError, PgResult, bail, err};
use nodes::acl as bit;
use types::{ArrayValue, Datum, Oid, type_oid as t};

/// Kinds of objects that have privileges (and owners).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ObjectKind {
    Table,
    Sequence,
    View,
    MatView,
    ForeignTable,
    Index,
    PartitionedIndex,
    Column,
    Database,
    Function,
    Procedure,
    Aggregate,
    Routine,
    Language,
    LargeObject,
    Schema,
    Tablespace,
    Type,
    Domain,
    ForeignDataWrapper,
    ForeignServer,
    Parameter,
    Operator,
    OperatorClass,
    OperatorFamily,
    Collation,
    Conversion,
    EventTrigger,
    Extension,
    Publication,
    Subscription,
    Statistics,
    TextSearchDictionary,
    TextSearchConfiguration,
}

impl ObjectKind {
    /// The kind of a relation, for messages.
    pub fn of_relkind(relkind: char) -> ObjectKind {
        match relkind {
            'S' => ObjectKind::Sequence,
            'v' => ObjectKind::View,
            'm' => ObjectKind::MatView,
            'f' => ObjectKind::ForeignTable,
            'i' | 'I' => ObjectKind::Index,
            'c' => ObjectKind::Type,
            _ => ObjectKind::Table,
        }
    }

    /// The kind of a function, for messages.
    pub fn of_prokind(prokind: char) -> ObjectKind {
        match prokind {
            'p' => ObjectKind::Procedure,
            'a' => ObjectKind::Aggregate,
            _ => ObjectKind::Function,
        }
    }

    /// The noun in messages.
    pub fn noun(self) -> &'static str {
        match self {
            ObjectKind::Table => "table",
            ObjectKind::Sequence => "sequence",
            ObjectKind::View => "view",
            ObjectKind::MatView => "materialized view",
            ObjectKind::ForeignTable => "foreign table",
            ObjectKind::Index | ObjectKind::PartitionedIndex => "index",
            ObjectKind::Column => "column",
            ObjectKind::Database => "database",
            ObjectKind::Function => "function",
            ObjectKind::Procedure => "procedure",
            ObjectKind::Aggregate => "aggregate",
            ObjectKind::Routine => "routine",
            ObjectKind::Language => "language",
            ObjectKind::LargeObject => "large object",
            ObjectKind::Schema => "schema",
            ObjectKind::Tablespace => "tablespace",
            ObjectKind::Type => "type",
            ObjectKind::Domain => "domain",
            ObjectKind::ForeignDataWrapper => "foreign-data wrapper",
            ObjectKind::ForeignServer => "foreign server",
            ObjectKind::Parameter => "parameter",
            ObjectKind::Operator => "operator",
            ObjectKind::OperatorClass => "operator class",
            ObjectKind::OperatorFamily => "operator family",
            ObjectKind::Collation => "collation",
            ObjectKind::Conversion => "conversion",
            ObjectKind::EventTrigger => "event trigger",
            ObjectKind::Extension => "extension",
            ObjectKind::Publication => "publication",
            ObjectKind::Subscription => "subscription",
            ObjectKind::Statistics => "statistics object",
            ObjectKind::TextSearchDictionary => "text search dictionary",
            ObjectKind::TextSearchConfiguration => "text search configuration",
        }
    }
}

/// Privileges with their letters, in the order aclitems print them.
const LETTERS: &[(char, u64, &str)] = &[
    ('a', bit::INSERT, "INSERT"),
    ('r', bit::SELECT, "SELECT"),
    ('w', bit::UPDATE, "UPDATE"),
    ('d', bit::DELETE, "DELETE"),
    ('D', bit::TRUNCATE, "TRUNCATE"),
    ('x', bit::REFERENCES, "REFERENCES"),
    ('t', bit::TRIGGER, "TRIGGER"),
    ('X', bit::EXECUTE, "EXECUTE"),
    ('U', bit::USAGE, "USAGE"),
    ('C', bit::CREATE, "CREATE"),
    ('T', bit::CREATE_TEMP, "TEMPORARY"),
    ('c', bit::CONNECT, "CONNECT"),
    ('s', bit::SET, "SET"),
    ('A', bit::ALTER_SYSTEM, "ALTER SYSTEM"),
    ('m', bit::MAINTAIN, "MAINTAIN"),
];

/// The SQL name of a single privilege bit.
pub fn privilege_name(privilege: u64) -> &'static str {
    LETTERS.iter().find(|(_, b, _)| *b == privilege).map_or("", |(_, _, name)| name)
}

/// The bit of a privilege's SQL name (any case); `TEMP` is `TEMPORARY`.
pub fn privilege_bit(name: &str) -> Option<u64> {
    if name.eq_ignore_ascii_case("temp") {
        return Some(bit::CREATE_TEMP);
    }
    LETTERS.iter().find(|(_, _, n)| n.eq_ignore_ascii_case(name)).map(|(_, b, _)| *b)
}

/// All privileges that a kind of object has.
pub fn all_privileges(kind: ObjectKind) -> u64 {
    match kind {
        ObjectKind::Column => bit::INSERT | bit::SELECT | bit::UPDATE | bit::REFERENCES,
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MatView
        | ObjectKind::ForeignTable
        | ObjectKind::Index
        | ObjectKind::PartitionedIndex => {
            bit::INSERT
                | bit::SELECT
                | bit::UPDATE
                | bit::DELETE
                | bit::TRUNCATE
                | bit::REFERENCES
                | bit::TRIGGER
                | bit::MAINTAIN
        }
        ObjectKind::Sequence => bit::USAGE | bit::SELECT | bit::UPDATE,
        ObjectKind::Database => bit::CREATE | bit::CREATE_TEMP | bit::CONNECT,
        ObjectKind::Function
        | ObjectKind::Procedure
        | ObjectKind::Aggregate
        | ObjectKind::Routine => bit::EXECUTE,
        ObjectKind::Language
        | ObjectKind::Type
        | ObjectKind::Domain
        | ObjectKind::ForeignDataWrapper
        | ObjectKind::ForeignServer => bit::USAGE,
        ObjectKind::LargeObject => bit::SELECT | bit::UPDATE,
        ObjectKind::Schema => bit::USAGE | bit::CREATE,
        ObjectKind::Tablespace => bit::CREATE,
        ObjectKind::Parameter => bit::SET | bit::ALTER_SYSTEM,
        _ => 0,
    }
}

/// The privileges an object has while its ACL column is NULL.
pub fn default_acl(kind: ObjectKind, owner: Oid) -> Vec<AclItem> {
    let public = match kind {
        ObjectKind::Database => bit::CREATE_TEMP | bit::CONNECT,
        ObjectKind::Function
        | ObjectKind::Procedure
        | ObjectKind::Aggregate
        | ObjectKind::Routine => bit::EXECUTE,
        ObjectKind::Language | ObjectKind::Type | ObjectKind::Domain => bit::USAGE,
        _ => 0,
    };
    let all = if kind == ObjectKind::Column { 0 } else { all_privileges(kind) };
    let mut acl = Vec::new();
    if public != 0 {
        acl.push(AclItem {
            grantee: Oid::INVALID,
            grantor: owner,
            privs: public,
            grant_options: 0,
        });
    }
    if all != 0 {
        acl.push(AclItem { grantee: owner, grantor: owner, privs: all, grant_options: 0 });
    }
    acl
}

/// An aclitem as it is held: grantee, grantor, privileges, grant options, each a little-endian u32.
pub fn item_to_datum(item: &AclItem) -> Datum {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&item.grantee.0.to_le_bytes());
    bytes[4..8].copy_from_slice(&item.grantor.0.to_le_bytes());
    bytes[8..12].copy_from_slice(&(item.privs as u32).to_le_bytes());
    bytes[12..].copy_from_slice(&(item.grant_options as u32).to_le_bytes());
    Datum::bytes(&bytes)
}

/// The inverse of [`item_to_datum`].
pub fn item_from_datum(datum: &Datum) -> AclItem {
    let word = |at: usize| {
        let b = datum.as_bytes().get(at..at + 4).and_then(|b| <[u8; 4]>::try_from(b).ok());
        b.map_or(0, u32::from_le_bytes)
    };
    AclItem {
        grantee: Oid(word(0)),
        grantor: Oid(word(4)),
        privs: u64::from(word(8)),
        grant_options: u64::from(word(12)),
    }
}

/// An aclitem[].
pub fn to_datum(acl: &[AclItem]) -> Datum {
    let elems = acl.iter().map(item_to_datum).collect();
    Datum::Array(ArrayValue::from_elems(t::ACLITEM, elems).into())
}

/// An ACL column's value.
pub fn from_datum(datum: &Datum) -> Option<Vec<AclItem>> {
    match datum {
        Datum::Array(array) => Some(array.elems.iter().map(item_from_datum).collect()),
        _ => None,
    }
}

fn parse_letters(text: &str) -> Option<(u64, u64)> {
    let (mut privs, mut options, mut last) = (0, 0, 0);
    for c in text.chars() {
        if c == '*' {
            options |= last;
            continue;
        }
        let (_, b, _) = LETTERS.iter().find(|(l, _, _)| *l == c)?;
        last = *b;
        privs |= b;
    }
    Some((privs, options))
}

/// ACLs of the facts, whose roles all come from bootstrap.
pub(crate) fn parse_builtin(text: &str) -> Vec<AclItem> {
    let role = |name: &str| match name {
        "postgres" => Oid(10),
        "pg_monitor" => Oid(3373),
        "pg_read_all_stats" => Oid(3375),
        "pg_database_owner" => Oid(6171),
        _ => Oid::INVALID,
    };
    crate::csv::array_elements(text)
        .into_iter()
        .flatten()
        .filter_map(|item| {
            let (grantee, rest) = item.split_once('=')?;
            let (letters, grantor) = rest.split_once('/')?;
            let (privs, grant_options) = parse_letters(letters)?;
            Some(AclItem { grantee: role(grantee), grantor: role(grantor), privs, grant_options })
        })
        .collect()
}

/// A role name at the start of `text` (quoted if needed) and what follows it.
fn take_name(text: &str) -> PgResult<(String, &str)> {
    let mut name = String::new();
    let mut quoted = false;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if quoted && matches!(chars.peek(), Some((_, '"'))) => {
                chars.next();
                name.push('"');
            }
            '"' => quoted = !quoted,
            c if quoted || c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii() => name.push(c),
            _ => return Ok((name, &text[at..])),
        }
    }
    if quoted {
        bail!(
            INVALID_TEXT_REPRESENTATION,
            "invalid aclitem syntax: unterminated quoted identifier"
        );
    }
    Ok((name, ""))
}

/// aclitem in: `[group|user] grantee=privileges[/grantor]`. Without a grantor the bootstrap superuser
/// is meant and a WARNING is due, which is returned.
pub fn item_input(catalog: &dyn CatalogRead, text: &str) -> PgResult<(AclItem, Option<PgError>)> {
    let role = |name: &str| -> PgResult<Oid> {
        match catalog.lookup_role_by_name(name)? {
            Some(role) => Ok(role.oid),
            None => Err(err!(UNDEFINED_OBJECT, "role \"{name}\" does not exist")),
        }
    };
    let (mut name, mut rest) = take_name(text.trim_start())?;
    if !rest.starts_with('=') {
        if name != "group" && name != "user" {
            return Err(err!(INVALID_TEXT_REPRESENTATION, "unrecognized key word: \"{name}\"")
                .hint("ACL key word must be \"group\" or \"user\"."));
        }
        (name, rest) = take_name(rest.trim_start())?;
        if name.is_empty() {
            return Err(err!(INVALID_TEXT_REPRESENTATION, "missing name")
                .hint("A name must follow the \"group\" or \"user\" key word."));
        }
    }
    let Some(rest) = rest.strip_prefix('=') else {
        bail!(INVALID_TEXT_REPRESENTATION, "missing \"=\" sign");
    };
    let end = rest.find(|c: char| !c.is_ascii_alphabetic() && c != '*').unwrap_or(rest.len());
    let Some((privs, grant_options)) = parse_letters(&rest[..end]) else {
        let all: String = LETTERS.iter().map(|(c, _, _)| *c).collect();
        return Err(err!(
            INVALID_TEXT_REPRESENTATION,
            "invalid mode character: must be one of \"{all}\""
        ));
    };
    let grantee = if name.is_empty() { Oid::INVALID } else { role(&name)? };
    let rest = &rest[end..];
    let (grantor, rest, warning) = match rest.strip_prefix('/') {
        Some(rest) => {
            let (grantor, rest) = take_name(rest)?;
            if grantor.is_empty() {
                bail!(INVALID_TEXT_REPRESENTATION, "a name must follow the \"/\" sign");
            }
            (role(&grantor)?, rest, None)
        }
        None => {
            let warning = PgError::warning(
                error::SqlState::INVALID_GRANTOR,
                "defaulting grantor to user ID 10",
            );
            (Oid(10), rest, Some(warning))
        }
    };
    if !rest.trim().is_empty() {
        bail!(INVALID_TEXT_REPRESENTATION, "extra garbage at the end of the ACL specification");
    }
    Ok((AclItem { grantee, grantor, privs, grant_options }, warning))
}

/// aclitem out.
pub fn item_output(catalog: &dyn CatalogRead, item: &AclItem) -> PgResult<String> {
    let name = |oid: Oid| -> PgResult<String> {
        Ok(match catalog.lookup_role(oid)? {
            Some(role) => quote_role(&role.name),
            None => oid.to_string(),
        })
    };
    let mut out = if item.grantee.is_valid() { name(item.grantee)? } else { String::new() };
    out.push('=');
    for (letter, b, _) in LETTERS {
        if item.privs & b != 0 {
            out.push(*letter);
        }
        if item.grant_options & b != 0 {
            out.push('*');
        }
    }
    out.push('/');
    out.push_str(&name(item.grantor)?);
    Ok(out)
}

fn quote_role(name: &str) -> String {
    if name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        name.to_string()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// Privileges (of those in `mask`) that `role` holds by `acl`, its memberships and ownership.
pub fn privileges_of(
    catalog: &dyn CatalogRead,
    acl: &[AclItem],
    role: Oid,
    owner: Oid,
    mask: u64,
) -> PgResult<u64> {
    if is_superuser(catalog, role)? {
        return Ok(mask);
    }
    let mut held = 0;
    for item in acl {
        if item.privs & mask & !held == 0 {
            continue;
        }
        let applies = !item.grantee.is_valid()
            || item.grantee == role
            || catalog.has_role_privileges(role, item.grantee)?;
        if applies {
            held |= item.privs & mask;
        }
    }
    let _ = owner;
    Ok(held)
}

/// Grant options (of those in `mask`) that `role` holds; the owner has all of them.
pub fn grant_options_of(
    catalog: &dyn CatalogRead,
    acl: &[AclItem],
    role: Oid,
    owner: Oid,
    mask: u64,
) -> PgResult<u64> {
    if catalog.has_role_privileges(role, owner)? {
        return Ok(mask);
    }
    let mut held = 0;
    for item in acl {
        if item.grantee.is_valid()
            && item.grant_options & mask & !held != 0
            && catalog.has_role_privileges(role, item.grantee)?
        {
            held |= item.grant_options & mask;
        }
    }
    Ok(held)
}

/// Whether a role is a superuser.
pub fn is_superuser(catalog: &dyn CatalogRead, role: Oid) -> PgResult<bool> {
    Ok(catalog.lookup_role(role)?.is_some_and(|r| r.superuser))
}

/// `permission denied for table x`.
#[cold]
pub fn permission_denied(kind: ObjectKind, name: &str) -> PgError {
    match kind {
        ObjectKind::Column => err!(INSUFFICIENT_PRIVILEGE, "permission denied for column {name}"),
        kind => err!(INSUFFICIENT_PRIVILEGE, "permission denied for {} {name}", kind.noun()),
    }
}

/// `must be owner of table x`.
#[cold]
pub fn not_owner(kind: ObjectKind, name: &str) -> PgError {
    match kind {
        ObjectKind::Column => err!(INSUFFICIENT_PRIVILEGE, "must be owner of relation {name}"),
        kind => err!(INSUFFICIENT_PRIVILEGE, "must be owner of {} {name}", kind.noun()),
    }
}

/// Raises unless `role` has all privileges in `mask` (`any`: one of them).
pub fn check(
    catalog: &dyn CatalogRead,
    kind: ObjectKind,
    name: &str,
    acl: Option<&[AclItem]>,
    owner: Oid,
    role: Oid,
    mask: u64,
) -> PgResult<()> {
    let held = match acl {
        Some(acl) => privileges_of(catalog, acl, role, owner, mask)?,
        None => privileges_of(catalog, &default_acl(kind, owner), role, owner, mask)?,
    };
    if held & mask == mask { Ok(()) } else { Err(permission_denied(kind, name)) }
}

/// Raises unless `role` owns the object (is a member of its owner, or superuser).
pub fn check_owner(
    catalog: &dyn CatalogRead,
    kind: ObjectKind,
    name: &str,
    owner: Oid,
    role: Oid,
) -> PgResult<()> {
    if catalog.has_role_privileges(role, owner)? { Ok(()) } else { Err(not_owner(kind, name)) }
}

/// Adds privileges (and grant options) for a grantee to an ACL, merging with what is there.
pub fn grant(acl: &mut Vec<AclItem>, add: &AclItem) {
    match acl.iter_mut().find(|i| i.grantee == add.grantee && i.grantor == add.grantor) {
        Some(item) => {
            item.privs |= add.privs;
            item.grant_options |= add.grant_options;
        }
        None => acl.push(add.clone()),
    }
}

/// Takes privileges (their grant options only, if `options_only`) from a grantee, and with CASCADE what
/// the grantee passed on; without it such grants are an error.
pub fn revoke(
    acl: &mut Vec<AclItem>,
    remove: &AclItem,
    options_only: bool,
    cascade: bool,
    owner: Oid,
) -> PgResult<()> {
    let Some(item) =
        acl.iter_mut().find(|i| i.grantee == remove.grantee && i.grantor == remove.grantor)
    else {
        return Ok(());
    };
    let before = item.grant_options;
    item.grant_options &= !remove.privs;
    if !options_only {
        item.privs &= !remove.privs;
    }
    let lost = before & !item.grant_options;
    acl.retain(|i| i.privs != 0);
    if lost == 0 || remove.grantee == owner {
        return Ok(());
    }
    // Grant options may still come from another grantor.
    let still: u64 =
        acl.iter().filter(|i| i.grantee == remove.grantee).fold(0, |all, i| all | i.grant_options);
    let lost = lost & !still;
    let dependent: Vec<AclItem> = acl
        .iter()
        .filter(|i| i.grantor == remove.grantee && i.privs & lost != 0)
        .cloned()
        .collect();
    if dependent.is_empty() {
        return Ok(());
    }
    if !cascade {
        return Err(err!(DEPENDENT_OBJECTS_STILL_EXIST, "dependent privileges exist")
            .hint("Use CASCADE to revoke them too."));
    }
    for item in dependent {
        let gone = AclItem { privs: item.privs & lost, grant_options: 0, ..item };
        revoke(acl, &gone, false, true, owner)?;
    }
    Ok(())
}

/// Replaces the owner in an ACL: what the old owner had or granted is the new one's.
pub fn change_owner(acl: &[AclItem], old: Oid, new: Oid) -> Vec<AclItem> {
    let swap = |oid: Oid| if oid == old { new } else { oid };
    let mut out: Vec<AclItem> = Vec::new();
    for item in acl {
        let changed =
            AclItem { grantee: swap(item.grantee), grantor: swap(item.grantor), ..item.clone() };
        grant(&mut out, &changed);
    }
    out
}
