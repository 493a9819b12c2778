//! Values, undo and messages against what PostgreSQL 18 prints.
use crate::*;
use std::sync::Arc;

fn session() -> Settings {
    Settings::new(Arc::new(ClusterSettings::default()))
}

fn user(action: SetAction) -> SetOptions {
    SetOptions::statement(action, false)
}

fn set(s: &mut Settings, name: &str, value: &str) {
    s.set(name, value, user(SetAction::Set), &mut NoHooks).unwrap();
}

fn failure(name: &str, value: &str) -> (String, String, String) {
    let e = session().set(name, value, user(SetAction::Set), &mut NoHooks).expect_err(name);
    (
        e.sqlstate().to_string(),
        e.message().to_owned(),
        e.0.hint.clone().or(e.0.detail.clone()).unwrap_or_default(),
    )
}

#[test]
fn show_uses_units_as_postgresql_does() {
    let mut s = session();
    for (name, value, shown) in [
        ("work_mem", "1.5MB", "1536kB"),
        ("work_mem", "131072", "128MB"),
        ("work_mem", "4GB", "4GB"),
        ("statement_timeout", "60000", "1min"),
        ("statement_timeout", "0", "0"),
        ("statement_timeout", "1500ms", "1500ms"),
        ("temp_buffers", "8MB", "8MB"),
        ("vacuum_cost_delay", "0.5", "500us"),
        ("vacuum_cost_delay", "20ms", "20ms"),
        ("seq_page_cost", "1.25", "1.25"),
        ("seq_page_cost", "1e10", "1e+10"),
        ("extra_float_digits", "3.4", "3"),
        ("synchronous_commit", "true", "on"),
        ("client_min_messages", "DEBUG", "debug2"),
        ("application_name", "a\u{e4}", "a\\xc3\\xa4"),
        ("client_encoding", "unicode", "UTF8"),
        ("enable_sort", "of", "off"),
    ] {
        set(&mut s, name, value);
        assert_eq!(s.show(name).unwrap(), shown, "{name} = {value}");
    }
    assert_eq!(s.show("log_file_mode").unwrap(), "0600");
    assert_eq!(s.show("server_version").unwrap(), "18.6");
    assert_eq!(s.show("max_stack_depth").unwrap(), "2MB");
    assert_eq!(s.show("transaction_isolation").unwrap(), "read committed");
}

#[test]
fn refusals_have_postgresql_messages() {
    let t = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(
        failure("work_mem", "12xx"),
        t(
            "22023",
            "invalid value for parameter \"work_mem\": \"12xx\"",
            "Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\"."
        )
    );
    assert_eq!(
        failure("work_mem", "1"),
        t(
            "22023",
            "1 kB is outside the valid range for parameter \"work_mem\" (64 kB .. 2147483647 kB)",
            ""
        )
    );
    assert_eq!(
        failure("seq_page_cost", "-1").1,
        "-1 is outside the valid range for parameter \"seq_page_cost\" (0 .. 1.79769e+308)"
    );
    assert_eq!(failure("statement_timeout", "99999999999999").2, "Value exceeds integer range.");
    assert_eq!(
        failure("bytea_output", "foo"),
        t(
            "22023",
            "invalid value for parameter \"bytea_output\": \"foo\"",
            "Available values: escape, hex."
        )
    );
    assert_eq!(failure("enable_sort", "3").1, "parameter \"enable_sort\" requires a Boolean value");
    assert_eq!(failure("port", "1").0, "55P02");
    assert_eq!(failure("fsync", "off").1, "parameter \"fsync\" cannot be changed now");
    assert_eq!(failure("server_version", "1").1, "parameter \"server_version\" cannot be changed");
    assert_eq!(failure("deadlock_timeout", "1").0, "42501");
    assert_eq!(failure("foo", "3").0, "42704");
    assert_eq!(failure("a b.c", "3").0, "42602");
    assert_eq!(failure("plpgsql.foo", "1").2, "\"plpgsql\" is a reserved prefix.");
    assert_eq!(failure("search_path", "a,,b").2, "List syntax is invalid.");
    assert_eq!(failure("datestyle", "foo").2, "Unrecognized key word: \"foo\".");
    assert_eq!(failure("datestyle", "iso, german").2, "Conflicting \"DateStyle\" specifications.");
}

#[test]
fn date_style_words_change_only_their_half() {
    let mut s = session();
    for (value, shown) in [
        ("German", "German, DMY"),
        ("iso", "ISO, DMY"),
        ("US", "ISO, MDY"),
        ("SQL, European", "SQL, DMY"),
        ("postgres, ymd", "Postgres, YMD"),
        ("default", "ISO, MDY"),
    ] {
        set(&mut s, "datestyle", value);
        assert_eq!(s.show("DateStyle").unwrap(), shown, "{value}");
    }
    assert_eq!(s.typed().date_style, DateStyle::default());
}

#[test]
fn set_is_undone_by_rollback_and_kept_by_commit() {
    let mut s = session();
    set(&mut s, "work_mem", "1MB");
    s.begin_level();
    set(&mut s, "work_mem", "2MB");
    s.end_level(1, false);
    assert_eq!(s.show("work_mem").unwrap(), "1MB");
    assert_eq!(s.typed().work_mem, 1024);
    s.begin_level();
    set(&mut s, "work_mem", "3MB");
    s.end_level(1, true);
    assert_eq!(s.typed().work_mem, 3072);
}

#[test]
fn set_local_ends_with_the_transaction() {
    let mut s = session();
    s.begin_level();
    set(&mut s, "work_mem", "1MB");
    s.set("work_mem", "2MB", user(SetAction::Local), &mut NoHooks).unwrap();
    assert_eq!(s.show("work_mem").unwrap(), "2MB");
    s.end_level(1, true);
    assert_eq!(s.show("work_mem").unwrap(), "1MB");
}

#[test]
fn savepoints_undo_their_own_part() {
    let mut s = session();
    s.begin_level();
    set(&mut s, "work_mem", "1MB");
    let sub = s.begin_level();
    set(&mut s, "work_mem", "2MB");
    s.set("work_mem", "5MB", user(SetAction::Local), &mut NoHooks).unwrap();
    s.end_level(sub, false);
    assert_eq!(s.show("work_mem").unwrap(), "1MB");
    let sub = s.begin_level();
    s.set("work_mem", "4MB", user(SetAction::Local), &mut NoHooks).unwrap();
    s.end_level(sub, true);
    assert_eq!(s.show("work_mem").unwrap(), "4MB");
    s.end_level(1, true);
    assert_eq!(s.show("work_mem").unwrap(), "1MB");
}

#[test]
fn function_level_restores_always() {
    let mut s = session();
    s.begin_level();
    let f = s.begin_level();
    s.set("work_mem", "2MB", user(SetAction::Save), &mut NoHooks).unwrap();
    s.end_level(f, true);
    assert_eq!(s.show("work_mem").unwrap(), "4MB");
    let f = s.begin_level();
    s.set("work_mem", "2MB", user(SetAction::Save), &mut NoHooks).unwrap();
    set(&mut s, "enable_sort", "off");
    s.end_level(f, true);
    s.end_level(1, true);
    assert_eq!(s.show("work_mem").unwrap(), "4MB");
    assert_eq!(s.show("enable_sort").unwrap(), "off");
}

#[test]
fn custom_settings_live_in_the_session() {
    let mut s = session();
    assert!(s.lookup("my.var").is_none());
    s.begin_level();
    set(&mut s, "my.Var", "x");
    assert_eq!(s.show("MY.var").unwrap(), "x");
    s.end_level(1, false);
    assert_eq!(s.show("my.var").unwrap(), "");
}

#[test]
fn changes_are_reported_and_versioned() {
    let mut s = session();
    assert_eq!(s.initial_reports().len(), 15);
    let version = s.plan_version();
    set(&mut s, "application_name", "x");
    set(&mut s, "search_path", "a, \"B\"");
    assert_ne!(s.plan_version(), version);
    assert_eq!(&s.typed().search_path[..], ["a", "B"]);
    let reports = s.take_reports();
    assert_eq!(reports[0], ("application_name", "x".to_owned()));
    assert_eq!(reports.len(), 2);
    assert!(!s.has_reports());
}

#[test]
fn reset_goes_back_to_the_session_default() {
    let mut s = session();
    let client = SetOptions { action: SetAction::Set, source: Source::Client, privileged: false };
    s.set_default("DateStyle", "German", client, &mut NoHooks).unwrap();
    set(&mut s, "DateStyle", "ISO, MDY");
    s.reset("datestyle", user(SetAction::Set), &mut NoHooks).unwrap();
    assert_eq!(s.show("DateStyle").unwrap(), "German, DMY");
    set(&mut s, "work_mem", "1MB");
    s.reset_all();
    assert_eq!(s.show("work_mem").unwrap(), "4MB");
    assert_eq!(s.show("DateStyle").unwrap(), "German, DMY");
}

#[test]
fn every_definition_parses_its_own_default() {
    for def in definition::all() {
        if def.vartype != VarType::Str && def.context != Context::Internal {
            let text = def.boot.format(def, true);
            if def.is_octal() {
                continue;
            }
            assert_eq!(Value::parse(def, &text).unwrap(), def.boot, "{}", def.name);
        }
        assert!(def.name.starts_with("plpgsql.") || !def.short_desc.is_empty(), "{}", def.name);
    }
    assert!(definition::all().len() > 400);
}

#[test]
fn configuration_files_are_read_with_includes() {
    let dir = std::env::temp_dir().join(format!("pglitedb-settings-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let main = dir.join("postgresql.conf");
    std::fs::write(
        &main,
        "# comment\nwork_mem = 8MB # tail\nsearch_path 'a, ''b\\'' \ninclude 'more.conf'\n",
    )
    .unwrap();
    std::fs::write(dir.join("more.conf"), "port=5433\n").unwrap();
    let items = config_file::read(&main).unwrap();
    let pairs: Vec<_> = items.iter().map(|i| (i.name.as_str(), i.value.as_str())).collect();
    assert_eq!(pairs, [("work_mem", "8MB"), ("search_path", "a, 'b'"), ("port", "5433")]);
    let auto = config_file::with_assignment(&items, "port", Some("it's"));
    assert!(auto.ends_with("search_path = 'a, ''b'''\nport = 'it''s'\n"), "{auto}");
    std::fs::write(&main, "work_mem = \n").unwrap();
    assert!(config_file::read(&main).is_err());
    std::fs::remove_dir_all(&dir).unwrap();
}
