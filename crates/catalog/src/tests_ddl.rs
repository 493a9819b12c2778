//! Creating and dropping objects.
use crate::schema::*;
use crate::tests::{begin, store};
use crate::*;
use parking_lot::Mutex;
use types::{Oid, type_oid as t};

const PUBLIC: Oid = Oid(2200);
const OWNER: Oid = Oid(10);

fn table(c: &Catalog, name: &str, columns: &[(&str, Oid)]) -> Oid {
    let columns = columns.iter().map(|(n, typ)| NewColumn::new(n, *typ, -1, Oid::INVALID));
    let new = NewRelation::new(name, PUBLIC, OWNER, 'r', columns.collect());
    c.create_relation(&new).unwrap().oid
}

fn index(c: &Catalog, name: &str, table: Oid, attnum: i16, unique: bool) -> Oid {
    let attr = c.get_relation(table).unwrap().attr(attnum).unwrap().clone();
    let opclass = c.default_opclass(attr.typ, Oid(403)).unwrap().unwrap();
    let column = NewIndexColumn {
        attnum,
        name: attr.name,
        typ: attr.typ,
        typmod: -1,
        collation: Oid::INVALID,
        opclass: opclass.oid,
        desc: false,
        nulls_first: false,
    };
    let new = NewIndex {
        oid: Oid::INVALID,
        name: name.into(),
        table,
        am: Oid(403),
        owner: OWNER,
        tablespace: Oid::INVALID,
        columns: vec![column],
        n_key: 1,
        unique,
        nulls_not_distinct: false,
        primary: false,
        exclusion: false,
        immediate: true,
        valid: true,
        ready: true,
        exprs: Vec::new(),
        predicate: Vec::new(),
        reloptions: Vec::new(),
        partitioned: false,
        parent: Oid::INVALID,
        for_constraint: false,
    };
    c.create_index(&new).unwrap().0
}

fn drop_objects(
    c: &Catalog,
    objects: &[ObjectAddress],
    how: DropBehavior,
) -> Result<Vec<String>, error::PgError> {
    let notices = Mutex::new(Vec::new());
    c.perform_deletion(objects, how, false, &|n| {
        let detail = n.0.detail.clone().map(|d| format!("\n{d}")).unwrap_or_default();
        notices.lock().push(format!("{}{detail}", n.message()));
    })?;
    Ok(notices.into_inner())
}

fn check_ddl(c: &Catalog) {
    let counts = || {
        [
            pg_class::RELID,
            pg_attribute::RELID,
            pg_type::RELID,
            pg_depend::RELID,
            pg_constraint::RELID,
        ]
        .map(|r| c.all_rows(r).unwrap().len())
    };
    let before = counts();
    let a = table(c, "a", &[("id", t::INT4), ("v", t::TEXT)]);
    let desc = c.get_relation(a).unwrap();
    assert_eq!(desc.attrs.len(), 2);
    assert_eq!(c.type_in_path("a").unwrap().unwrap().relid, a);
    assert_eq!(c.type_in_path("_a").unwrap().unwrap().elem, desc.reltype);
    index(c, "a_id", a, 1, true);
    assert_eq!(c.get_relation(a).unwrap().indexes.len(), 1);
    let error = c.create_relation(&NewRelation::new("a", PUBLIC, OWNER, 'r', Vec::new()));
    assert_eq!(error.unwrap_err().message(), "relation \"a\" already exists");

    let b = table(c, "b", &[("aid", t::INT4), ("row", desc.reltype)]);
    let fk = Constraint {
        key: vec![1],
        fkey: vec![1],
        frelid: a,
        fupdtype: 'a',
        fdeltype: 'a',
        fmatchtype: 's',
        indid: c.relation_in_path("a_id").unwrap().unwrap(),
        ..Constraint::blank("b_aid_fkey", PUBLIC, 'f', b)
    };
    c.create_constraint(&fk).unwrap();
    assert_eq!(c.get_relation(a).unwrap().referencing.len(), 1);
    assert_eq!(c.get_relation(b).unwrap().constraints[0].name, "b_aid_fkey");

    let both = [ObjectAddress::relation(a)];
    let error = drop_objects(c, &both, DropBehavior::Restrict).unwrap_err();
    assert_eq!(error.message(), "cannot drop table a because other objects depend on it");
    assert_eq!(
        error.0.detail.as_deref(),
        Some(
            "column row of table b depends on type a\nconstraint b_aid_fkey on table b depends on table a"
        )
    );
    assert_eq!(
        error.0.hint.as_deref(),
        Some("Use DROP ... CASCADE to drop the dependent objects too.")
    );
    let notices = drop_objects(c, &both, DropBehavior::Cascade).unwrap();
    assert_eq!(
        notices,
        ["drop cascades to 2 other objects\ndrop cascades to column row of table b\n\
          drop cascades to constraint b_aid_fkey on table b"]
    );
    assert_eq!(c.relation_in_path("a").unwrap(), None);
    let b_desc = c.get_relation(b).unwrap();
    assert!(b_desc.attrs[1].dropped && b_desc.constraints.is_empty());
    assert!(
        drop_objects(c, &[ObjectAddress::relation(b)], DropBehavior::Restrict).unwrap().is_empty()
    );
    assert_eq!(counts(), before);
}

#[test]
fn tables_come_and_go_in_memory() {
    check_ddl(&Catalog::in_memory());
}

#[test]
fn tables_come_and_go_in_the_key_space() {
    let store = store();
    let catalog = Catalog::new(CatalogShared::open(store.clone()), image::POSTGRES_DB);
    let txn = begin(&catalog, &store);
    check_ddl(&catalog);
    let kept = table(&catalog, "kept", &[("x", t::INT8)]);
    txn.commit().unwrap();
    catalog.set_transaction(None).unwrap();
    let other = Catalog::new(catalog.shared().clone(), image::POSTGRES_DB);
    let txn = begin(&other, &store);
    assert_eq!(other.relation_in_path("kept").unwrap(), Some(kept));
    assert!(other.relation_version(kept) > 0);
    let notices = drop_objects(&other, &[ObjectAddress::relation(kept)], DropBehavior::Restrict);
    assert!(notices.unwrap().is_empty());
    assert_eq!(other.relation_in_path("kept").unwrap(), None);
    txn.abort();
    other.set_transaction(None).unwrap();
    let _txn = begin(&other, &store);
    assert_eq!(other.relation_in_path("kept").unwrap(), Some(kept));
    // Databases do not see each other's tables.
    let template = Catalog::new(catalog.shared().clone(), image::TEMPLATE1);
    let _txn = begin(&template, &store);
    assert_eq!(template.relation_in_path("kept").unwrap(), None);
}

#[test]
fn schemas_drop_with_their_contents() {
    let c = Catalog::in_memory();
    let s = c.create_namespace("s", OWNER).unwrap();
    let error = c.create_namespace("s", OWNER).unwrap_err();
    assert_eq!(error.message(), "schema \"s\" already exists");
    let new =
        NewRelation::new("t", s, OWNER, 'r', vec![NewColumn::new("x", t::INT4, -1, Oid::INVALID)]);
    c.create_relation(&new).unwrap();
    let this = [ObjectAddress::namespace(s)];
    let error = drop_objects(&c, &this, DropBehavior::Restrict).unwrap_err();
    assert_eq!(error.0.detail.as_deref(), Some("table s.t depends on schema s"));
    let notices = drop_objects(&c, &this, DropBehavior::Cascade).unwrap();
    assert_eq!(notices, ["drop cascades to table s.t"]);
    assert_eq!(c.lookup_namespace("s").unwrap(), None);
}

#[test]
fn parts_are_dropped_through_their_owner() {
    let c = Catalog::in_memory();
    let a = table(&c, "a", &[("id", t::INT4)]);
    let typ = c.get_relation(a).unwrap().reltype;
    let error = drop_objects(&c, &[ObjectAddress::typ(typ)], DropBehavior::Restrict).unwrap_err();
    assert_eq!(error.message(), "cannot drop type a because table a requires it");
    assert_eq!(error.0.hint.as_deref(), Some("You can drop table a instead."));
}

#[test]
fn array_types_move_out_of_the_way() {
    let c = Catalog::in_memory();
    table(&c, "x", &[("id", t::INT4)]);
    table(&c, "_x", &[("id", t::INT4)]);
    let elem = c.type_in_path("x").unwrap().unwrap();
    assert_eq!(c.get_type(elem.array).unwrap().name, "__x");
}

#[test]
fn privileges() {
    let c = Catalog::in_memory();
    let role = Oid(20000);
    RowBuilder::new(pg_authid::RELID)
        .set(pg_authid::OID, role)
        .set(pg_authid::ROLNAME, "joe")
        .set(pg_authid::ROLSUPER, false)
        .set(pg_authid::ROLINHERIT, true)
        .set(pg_authid::ROLCREATEROLE, false)
        .set(pg_authid::ROLCREATEDB, false)
        .set(pg_authid::ROLCANLOGIN, true)
        .set(pg_authid::ROLREPLICATION, false)
        .set(pg_authid::ROLBYPASSRLS, false)
        .set(pg_authid::ROLCONNLIMIT, -1)
        .insert(&c)
        .unwrap();
    use acl::ObjectKind::Table;
    let select = nodes::acl::SELECT;
    let denied = acl::check(&c, Table, "a", None, OWNER, role, select).unwrap_err();
    assert_eq!(denied.message(), "permission denied for table a");
    assert_eq!(denied.sqlstate(), error::SqlState::INSUFFICIENT_PRIVILEGE);
    let mut list = acl::default_acl(Table, OWNER);
    acl::grant(
        &mut list,
        &AclItem { grantee: role, grantor: OWNER, privs: select, grant_options: 0 },
    );
    acl::check(&c, Table, "a", Some(&list), OWNER, role, select).unwrap();
    let text = acl::item_output(&c, &list[1]).unwrap();
    assert_eq!(text, "joe=r/postgres");
    assert_eq!(acl::item_input(&c, &text).unwrap().0, list[1]);
    assert_eq!(acl::from_datum(&acl::to_datum(&list)).unwrap(), list);
    let error = acl::item_input(&c, "nobody=r/postgres").unwrap_err();
    assert_eq!(error.message(), "role \"nobody\" does not exist");
    // The database's owner is in pg_database_owner; joe is not.
    assert!(!c.has_role_privileges(role, Oid(6171)).unwrap());
    assert!(c.is_member_of(OWNER, Oid(6171), MembershipKind::Inherit).unwrap());
    assert!(c.is_member_of(Oid(3373), Oid(3375), MembershipKind::Member).unwrap());
}

#[test]
fn comments_follow_their_object() {
    let c = Catalog::in_memory();
    let a = table(&c, "a", &[("id", t::INT4)]);
    let column = ObjectAddress::column(a, 1);
    let comments = || c.all_rows(pg_description::RELID).unwrap().len();
    let before = comments();
    c.set_comment(column, Some("key")).unwrap();
    assert_eq!(comments(), before + 1);
    assert_eq!(c.comment(column).unwrap().as_deref(), Some("key"));
    drop_objects(&c, &[ObjectAddress::relation(a)], DropBehavior::Restrict).unwrap();
    assert_eq!(c.comment(column).unwrap(), None);
    assert_eq!(comments(), before);
}

#[test]
fn databases_are_copies_of_their_template() {
    let store = store();
    let shared = CatalogShared::open(store.clone());
    let template = Catalog::new(shared.clone(), image::TEMPLATE1);
    let txn = begin(&template, &store);
    let kept = table(&template, "kept", &[("x", t::INT8)]);
    let sid = template.get_relation(kept).unwrap().storage_id;
    txn.commit().unwrap();
    template.set_transaction(None).unwrap();

    let c = Catalog::new(shared.clone(), image::POSTGRES_DB);
    let txn = begin(&c, &store);
    let new = NewDatabase {
        oid: Oid::INVALID,
        name: "d".into(),
        owner: OWNER,
        template: image::TEMPLATE1,
        encoding: 6,
        istemplate: false,
        allowconn: true,
        connlimit: -1,
        tablespace: Oid(1663),
        locprovider: 'c',
        collate: "C".into(),
        ctype: "C".into(),
        locale: None,
    };
    let oid = c.create_database(&new).unwrap();
    txn.commit().unwrap();
    c.set_transaction(None).unwrap();

    let d = Catalog::new(shared.clone(), oid);
    let txn = begin(&d, &store);
    assert_eq!(d.all_rows(pg_proc::RELID).unwrap().len(), 3413);
    let desc = d.get_relation(kept).unwrap();
    assert_ne!(desc.storage_id, sid);
    table(&d, "own", &[("x", t::INT8)]);
    txn.commit().unwrap();
    d.set_transaction(None).unwrap();

    let txn = begin(&c, &store);
    assert_eq!(c.relation_in_path("own").unwrap(), None);
    c.drop_database(oid).unwrap();
    txn.commit().unwrap();
    c.set_transaction(None).unwrap();
    let _txn = begin(&c, &store);
    assert!(c.lookup_database_by_name("d").unwrap().is_none());
    let gone = Catalog::new(shared, oid);
    let _txn = begin(&gone, &store);
    assert!(gone.lookup_type(t::INT4).is_err());
}

#[test]
fn columns_can_be_granted() {
    let c = Catalog::in_memory();
    let a = table(&c, "a", &[("id", t::INT4), ("v", t::TEXT)]);
    let role = Oid(3373);
    let info = |cols: &[i16]| nodes::RTEPermissionInfo {
        relid: a,
        inh: true,
        required_perms: nodes::acl::SELECT,
        check_as_user: role,
        selected_cols: cols.to_vec(),
        inserted_cols: Vec::new(),
        updated_cols: Vec::new(),
    };
    let error = c.check_query_permissions(&[info(&[1])]).unwrap_err();
    assert_eq!(error.message(), "permission denied for table a");
    let item =
        AclItem { grantee: role, grantor: OWNER, privs: nodes::acl::SELECT, grant_options: 0 };
    c.set_column_acl(a, 1, OWNER, Some(&[item])).unwrap();
    c.check_query_permissions(&[info(&[1])]).unwrap();
    c.check_query_permissions(&[info(&[])]).unwrap();
    assert!(c.check_query_permissions(&[info(&[0])]).is_err());
    assert!(c.check_query_permissions(&[info(&[1, 2])]).is_err());
}

#[test]
fn enum_labels_keep_their_order_by_oid() {
    let c = Catalog::in_memory();
    let new = NewType {
        typtype: 'e',
        category: 'E',
        defined: true,
        ..NewType::new("mood", PUBLIC, OWNER)
    };
    let (typ, _) = c.create_type_with_array(&new).unwrap();
    c.add_enum_labels(typ, &["a".into(), "d".into()]).unwrap();
    c.insert_enum_label(typ, "c", 1).unwrap();
    c.insert_enum_label(typ, "b", 1).unwrap();
    c.insert_enum_label(typ, "first", 0).unwrap();
    c.insert_enum_label(typ, "last", 5).unwrap();
    let labels = c.enum_labels(typ).unwrap();
    let names: Vec<&str> = labels.iter().map(|l| l.2.as_str()).collect();
    assert_eq!(names, ["first", "a", "b", "c", "d", "last"]);
    assert!(labels.windows(2).all(|w| w[0].0 < w[1].0));
}

fn select_from(relid: Oid) -> nodes::Query {
    let rte = depend::relation_rte(relid);
    let var = nodes::Var {
        varno: 1,
        varattno: 1,
        vartype: t::INT4,
        vartypmod: -1,
        varcollid: Oid::INVALID,
        varnullingrels: Vec::new(),
        varlevelsup: 0,
        varreturningtype: nodes::VarReturningType::Default,
        varnosyn: 0,
        varattnosyn: 0,
        location: -1,
    };
    nodes::Query {
        rtable: vec![rte],
        jointree: nodes::FromExpr {
            fromlist: vec![nodes::JoinTreeNode::RangeTblRef(1)],
            quals: None,
        },
        target_list: vec![nodes::TargetEntry {
            expr: nodes::Expr::Var(var),
            resno: 1,
            resname: Some("id".into()),
            ressortgroupref: 0,
            resorigtbl: relid,
            resorigcol: 1,
            resjunk: false,
        }],
        ..nodes::Query::default()
    }
}

#[test]
fn views_and_sequences_follow_their_tables() {
    let c = Catalog::in_memory();
    let a = table(&c, "a", &[("id", t::INT4), ("v", t::TEXT)]);
    let columns = vec![NewColumn::new("id", t::INT4, -1, Oid::INVALID)];
    let view = c.create_relation(&NewRelation::new("vw", PUBLIC, OWNER, 'v', columns)).unwrap().oid;
    let rule = RewriteRule {
        oid: Oid::INVALID,
        name: "_RETURN".into(),
        event: '1',
        enabled: 'O',
        instead: true,
        qual: None,
        actions: std::sync::Arc::new(vec![select_from(a)]),
    };
    c.store_rule(view, &rule).unwrap();
    assert_eq!(c.get_relation(view).unwrap().rules.len(), 1);

    let seq = c.create_relation(&NewRelation::new("a_id_seq", PUBLIC, OWNER, 'S', Vec::new()));
    let seq = seq.unwrap().oid;
    let row = SequenceRow {
        relid: seq,
        typ: t::INT4,
        start: 1,
        increment: 1,
        max: 100,
        min: 1,
        cache: 1,
        cycle: false,
    };
    c.store_sequence(&row).unwrap();
    assert_eq!(c.sequence(seq).unwrap(), Some(row));
    let column = ObjectAddress::column(a, 1);
    c.record_dependency(ObjectAddress::relation(seq), column, DependencyKind::Auto).unwrap();
    assert_eq!(c.owned_sequences(a, Some(1)).unwrap(), [(seq, 1, false)]);
    assert_eq!(c.sequence_owner(seq).unwrap(), Some((a, 1, false)));

    let error = drop_objects(&c, &[column], DropBehavior::Restrict).unwrap_err();
    assert_eq!(
        error.message(),
        "cannot drop column id of table a because other objects depend on it"
    );
    assert_eq!(error.0.detail.as_deref(), Some("view vw depends on column id of table a"));
    // The other column is in nobody's way.
    drop_objects(&c, &[ObjectAddress::column(a, 2)], DropBehavior::Restrict).unwrap();
    let notices = drop_objects(&c, &[ObjectAddress::relation(a)], DropBehavior::Cascade).unwrap();
    assert_eq!(notices, ["drop cascades to view vw"]);
    assert_eq!(c.relation_in_path("a_id_seq").unwrap(), None);
    assert_eq!(c.sequence(seq).unwrap(), None);
    assert_eq!(c.all_rows(pg_depend::RELID).unwrap().len(), 0);
}

#[test]
fn concurrent_changes_of_one_row_add_up() {
    let store = store();
    let shared = CatalogShared::open(store.clone());
    let first = Catalog::new(shared.clone(), image::POSTGRES_DB);
    let txn = begin(&first, &store);
    let a = table(&first, "a", &[("id", t::INT4)]);
    txn.commit().unwrap();
    let txn = begin(&first, &store);
    first.set_class_flag(a, pg_class::RELHASINDEX, true).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let second = Catalog::new(shared.clone(), image::POSTGRES_DB);
            let txn = begin(&second, &store);
            // Waits for the other session, then changes what that one left.
            second.set_class_flag(a, pg_class::RELHASRULES, true).unwrap();
            txn.commit().unwrap();
        });
        let waits = || store.locks().snapshot_of_locks().iter().any(|row| !row.granted);
        while !waits() && !waiting.is_finished() {
            std::thread::yield_now();
        }
        txn.commit().unwrap();
    });
    let _txn = begin(&first, &store);
    let row = first.row_by_oid(pg_class::RELID, a).unwrap().unwrap();
    assert!(row.values[pg_class::RELHASINDEX].as_bool());
    assert!(row.values[pg_class::RELHASRULES].as_bool());
}
