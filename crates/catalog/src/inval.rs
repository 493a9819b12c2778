//! Which cache entries a change of a catalog row makes stale.
use crate::cache::Key;
use crate::schema::*;
use types::{Datum, Oid};

fn name(row: &[Datum], col: usize) -> Box<str> {
    row[col].as_str().into()
}

fn oid(row: &[Datum], col: usize) -> Oid {
    match &row[col] {
        Datum::Oid(oid) => *oid,
        _ => Oid::INVALID,
    }
}

/// Adds the keys that depend on a row of `catalog` (to be called with the old and the new row).
pub fn stale_keys(catalog: Oid, row: &[Datum], out: &mut Vec<Key>) {
    match catalog {
        pg_type::RELID => {
            out.push(Key::Type(oid(row, pg_type::OID)));
            out.push(Key::TypeName(oid(row, pg_type::TYPNAMESPACE), name(row, pg_type::TYPNAME)));
        }
        pg_proc::RELID => {
            out.push(Key::Proc(oid(row, pg_proc::OID)));
            out.push(Key::ProcName(name(row, pg_proc::PRONAME)));
        }
        pg_operator::RELID => {
            out.push(Key::Operator(oid(row, pg_operator::OID)));
            out.push(Key::OperatorName(name(row, pg_operator::OPRNAME)));
        }
        pg_cast::RELID => {
            out.push(Key::Cast(oid(row, pg_cast::CASTSOURCE), oid(row, pg_cast::CASTTARGET)));
        }
        pg_aggregate::RELID => {
            let func = oid(row, pg_aggregate::AGGFNOID);
            out.extend([Key::Aggregate(func), Key::Proc(func)]);
        }
        pg_opclass::RELID => {
            out.push(Key::Opclass(oid(row, pg_opclass::OID)));
            out.push(Key::OpclassOfAm(oid(row, pg_opclass::OPCMETHOD)));
        }
        pg_amop::RELID => {
            out.push(Key::AmopOfFamily(oid(row, pg_amop::AMOPFAMILY)));
            out.push(Key::AmopOfOperator(oid(row, pg_amop::AMOPOPR)));
        }
        pg_amproc::RELID => out.push(Key::AmprocOfFamily(oid(row, pg_amproc::AMPROCFAMILY))),
        pg_range::RELID => {
            out.push(Key::Range(oid(row, pg_range::RNGTYPID)));
            out.push(Key::RangeOfMultirange(oid(row, pg_range::RNGMULTITYPID)));
        }
        pg_collation::RELID => {
            out.push(Key::Collation(oid(row, pg_collation::OID)));
            let namespace = oid(row, pg_collation::COLLNAMESPACE);
            out.push(Key::CollationName(namespace, name(row, pg_collation::COLLNAME)));
        }
        pg_enum::RELID => out.push(Key::EnumLabels(oid(row, pg_enum::ENUMTYPID))),
        pg_namespace::RELID => {
            out.push(Key::Namespace(oid(row, pg_namespace::OID)));
            out.push(Key::NamespaceName(name(row, pg_namespace::NSPNAME)));
        }
        pg_language::RELID => out.push(Key::Language(name(row, pg_language::LANNAME))),
        pg_am::RELID => out.push(Key::AccessMethod(name(row, pg_am::AMNAME))),
        pg_statistic::RELID => {
            let relid = oid(row, pg_statistic::STARELID);
            let (att, inh) =
                (row[pg_statistic::STAATTNUM].as_i16(), row[pg_statistic::STAINHERIT].as_bool());
            out.push(Key::Statistic(relid, att, inh));
        }
        pg_authid::RELID => {
            out.push(Key::Role(oid(row, pg_authid::OID)));
            out.push(Key::RoleName(name(row, pg_authid::ROLNAME)));
            // Who is a superuser bears on what memberships give.
            out.push(Key::Memberships);
        }
        pg_auth_members::RELID => out.push(Key::Memberships),
        pg_database::RELID => {
            out.push(Key::Database(oid(row, pg_database::OID)));
            out.push(Key::DatabaseName(name(row, pg_database::DATNAME)));
            // pg_database_owner's member is the owner.
            out.push(Key::Memberships);
        }
        _ => relation_keys(catalog, row, out),
    }
}

fn relation_keys(catalog: Oid, row: &[Datum], out: &mut Vec<Key>) {
    let mut relation = |oid: Oid| {
        if oid.is_valid() {
            out.push(Key::Relation(oid));
        }
    };
    match catalog {
        pg_class::RELID => {
            relation(oid(row, pg_class::OID));
            let namespace = oid(row, pg_class::RELNAMESPACE);
            out.push(Key::RelationName(namespace, name(row, pg_class::RELNAME)));
        }
        pg_attribute::RELID => relation(oid(row, pg_attribute::ATTRELID)),
        pg_attrdef::RELID => relation(oid(row, pg_attrdef::ADRELID)),
        pg_index::RELID => {
            relation(oid(row, pg_index::INDRELID));
            relation(oid(row, pg_index::INDEXRELID));
        }
        pg_constraint::RELID => {
            relation(oid(row, pg_constraint::CONRELID));
            relation(oid(row, pg_constraint::CONFRELID));
            let typ = oid(row, pg_constraint::CONTYPID);
            if typ.is_valid() {
                out.push(Key::DomainConstraints(typ));
                out.push(Key::Type(typ));
            }
        }
        pg_rewrite::RELID => relation(oid(row, pg_rewrite::EV_CLASS)),
        pg_trigger::RELID => relation(oid(row, pg_trigger::TGRELID)),
        pg_policy::RELID => relation(oid(row, pg_policy::POLRELID)),
        pg_partitioned_table::RELID => relation(oid(row, pg_partitioned_table::PARTRELID)),
        pg_inherits::RELID => {
            let (child, parent) =
                (oid(row, pg_inherits::INHRELID), oid(row, pg_inherits::INHPARENT));
            relation(child);
            relation(parent);
            out.extend([Key::Children(parent), Key::Parents(child)]);
        }
        pg_statistic_ext::RELID => relation(oid(row, pg_statistic_ext::STXRELID)),
        pg_sequence::RELID => {
            let seq = oid(row, pg_sequence::SEQRELID);
            relation(seq);
            out.push(Key::Object(pg_sequence::RELID, seq));
        }
        _ => {
            if let Some(at) = CatalogSchema::get(catalog).and_then(|c| c.column("oid")) {
                out.push(Key::Object(catalog, oid(row, at)));
            }
        }
    }
}
