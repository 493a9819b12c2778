//! The names that are in scope at a place of the body.
use std::sync::Arc;

/// What a label belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LabelKind {
    Block,
    Loop,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NsKind {
    Label(LabelKind),
    /// Number of a scalar variable.
    Var(usize),
    /// Number of a record variable.
    Rec(usize),
}

/// A name; the innermost comes first.
#[derive(Debug)]
pub(crate) struct NsItem {
    pub(crate) kind: NsKind,
    pub(crate) name: String,
    pub(crate) outer: Namespace,
}

/// The names from the innermost outwards.
pub(crate) type Namespace = Option<Arc<NsItem>>;

/// Adds a name.
pub(crate) fn push(ns: &mut Namespace, kind: NsKind, name: &str) {
    *ns = Some(Arc::new(NsItem { kind, name: name.to_owned(), outer: ns.take() }));
}

/// What the first one or two of some dotted names mean, and how many of them that took.
pub(crate) fn lookup(ns: &Namespace, local: bool, names: &[&str]) -> Option<(NsKind, usize)> {
    let first = *names.first()?;
    let mut level = ns.clone();
    loop {
        let mut at = level.clone();
        let label = loop {
            let item = at?;
            match item.kind {
                NsKind::Label(_) => break item,
                // A scalar has no fields: `scalar.x` means something else.
                NsKind::Var(_) if names.len() > 1 => {}
                kind if item.name == first => return Some((kind, 1)),
                _ => {}
            }
            at = item.outer.clone();
        };
        if names.len() > 1 && label.name == first {
            let mut at = level;
            while let Some(item) = at.filter(|i| !matches!(i.kind, NsKind::Label(_))) {
                let fits = !(matches!(item.kind, NsKind::Var(_)) && names.len() > 2);
                if item.name == names[1] && fits {
                    return Some((item.kind, 2));
                }
                at = item.outer.clone();
            }
        }
        if local {
            return None;
        }
        level = label.outer.clone();
    }
}

/// A label around this place.
pub(crate) fn lookup_label(ns: &Namespace, name: &str) -> Option<LabelKind> {
    let mut at = ns.clone();
    while let Some(item) = at {
        if let NsKind::Label(kind) = item.kind
            && item.name == name
        {
            return Some(kind);
        }
        at = item.outer.clone();
    }
    None
}

/// Whether a loop is around this place.
pub(crate) fn inside_loop(ns: &Namespace) -> bool {
    let mut at = ns.clone();
    while let Some(item) = at {
        if item.kind == NsKind::Label(LabelKind::Loop) {
            return true;
        }
        at = item.outer.clone();
    }
    false
}
