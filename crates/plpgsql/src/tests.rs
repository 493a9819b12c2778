//! Tests of what needs no session: tokens, names, conditions.
use crate::{
    condition,
    namespace::{self, LabelKind, NsKind},
    token::{self, Kind},
};
use error::SqlState;

#[test]
fn labels_and_assignments_are_tokens() {
    let (tokens, error) =
        token::tokens("<<outer>> x := 'a''b' || $1..5;", &Default::default()).unwrap();
    assert!(error.is_none());
    let texts: Vec<&str> = tokens.iter().map(|t| t.text.as_str()).collect();
    assert_eq!(texts, ["<<", "outer", ">>", "x", ":=", "a'b", "||", "$1", "..", "5", ";", ""]);
    assert_eq!(tokens[5].kind, Kind::Str);
}

#[test]
fn inner_names_hide_outer_ones() {
    let mut ns = None;
    namespace::push(&mut ns, NsKind::Label(LabelKind::Block), "f");
    namespace::push(&mut ns, NsKind::Var(1), "x");
    namespace::push(&mut ns, NsKind::Label(LabelKind::Block), "inner");
    namespace::push(&mut ns, NsKind::Rec(2), "x");
    assert_eq!(namespace::lookup(&ns, false, &["x"]), Some((NsKind::Rec(2), 1)));
    assert_eq!(namespace::lookup(&ns, false, &["f", "x"]), Some((NsKind::Var(1), 2)));
    assert_eq!(namespace::lookup(&ns, false, &["x", "a"]), Some((NsKind::Rec(2), 1)));
    assert_eq!(namespace::lookup(&ns, true, &["y"]), None);
}

#[test]
fn a_class_catches_its_members() {
    let class = condition::by_name("data_exception").unwrap()[0];
    assert!(condition::matches(SqlState::DIVISION_BY_ZERO, class));
    assert!(!condition::matches(SqlState::UNIQUE_VIOLATION, class));
    assert!(condition::by_name("no_such_thing").is_err());
}
