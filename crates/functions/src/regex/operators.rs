//! ~, ~*, !~, !~*, substring(text FROM pattern).
use super::{Compiled, Flags};
use error::PgResult;
use fmgr::{CallContext, Registry};
use types::Datum;

/// The expression kept at a call site with what it was compiled from.
struct Cached {
    pattern: Vec<u8>,
    flags: Flags,
    regex: Compiled,
}

/// The compiled form of a pattern argument, reused as long as it does not change.
pub(super) fn compiled<'c>(
    cx: &'c mut CallContext<'_>,
    pattern: &Datum,
    flags: Flags,
) -> PgResult<&'c mut Compiled> {
    let bytes = pattern.as_bytes();
    let fresh = match cx.cache.as_ref().and_then(|c| c.downcast_ref::<Cached>()) {
        Some(cached) => cached.pattern != bytes || cached.flags != flags,
        None => true,
    };
    if fresh {
        let regex = Compiled::new(pattern.as_str(), flags)?;
        *cx.cache = Some(Box::new(Cached { pattern: bytes.to_vec(), flags, regex }));
    }
    match cx.cache.as_mut().and_then(|c| c.downcast_mut::<Cached>()) {
        Some(cached) => Ok(&mut cached.regex),
        None => unreachable!("invariant: the cache was just filled"),
    }
}

fn matches(cx: &mut CallContext<'_>, args: &[Datum], ignore_case: bool) -> PgResult<bool> {
    let flags = Flags { ignore_case, ..Flags::default() };
    compiled(cx, &args[1], flags)?.is_match(args[0].as_str())
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("textregexeq", |cx, a| matches(cx, a, false).map(Datum::Bool));
    r.scalar("textregexne", |cx, a| matches(cx, a, false).map(|m| Datum::Bool(!m)));
    r.scalar("texticregexeq", |cx, a| matches(cx, a, true).map(Datum::Bool));
    r.scalar("texticregexne", |cx, a| matches(cx, a, true).map(|m| Datum::Bool(!m)));
    r.scalar("nameregexeq", |cx, a| matches(cx, a, false).map(Datum::Bool));
    r.scalar("nameregexne", |cx, a| matches(cx, a, false).map(|m| Datum::Bool(!m)));
    r.scalar("nameicregexeq", |cx, a| matches(cx, a, true).map(Datum::Bool));
    r.scalar("nameicregexne", |cx, a| matches(cx, a, true).map(|m| Datum::Bool(!m)));
    r.scalar("textregexsubstr", |cx, a| {
        let text = a[0].as_str();
        let regex = compiled(cx, &a[1], Flags::default())?;
        // The first group if there is one, else the whole match.
        Ok(match regex.find_at(text, 0)? {
            None => Datum::Null,
            Some(found) => match found.groups.first() {
                Some(Some((start, end))) => Datum::text(&text[*start..*end]),
                Some(None) => Datum::Null,
                None => Datum::text(&text[found.start..found.end]),
            },
        })
    });
}
