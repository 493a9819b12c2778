//! Encodings: text and its bytes, and the functions below the conversions.
use error::{PgResult, not_supported};
use fmgr::{CallContext, Registry};
use types::Datum;

pub(crate) fn register(r: &mut Registry) {
    r.scalar("test_bytea_to_text", |_cx, a| match std::str::from_utf8(a[0].as_bytes()) {
        Ok(text) => Ok(Datum::text(text)),
        // Text is valid by construction here; nothing lets an invalid one in.
        Err(_) => Err(not_supported!("text that is not valid in the database encoding")),
    });
    r.scalar("test_text_to_bytea", |_cx, a| Ok(Datum::bytes(a[0].as_bytes())));
    r.scalar("test_valid_server_encoding", |_cx, a| {
        let name: String =
            a[0].as_str().chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let client_only = [
            "sjis",
            "mskanji",
            "shiftjis",
            "big5",
            "win950",
            "windows950",
            "gbk",
            "win936",
            "windows936",
            "uhc",
            "win949",
            "windows949",
            "gb18030",
            "johab",
            "shiftjis2004",
        ];
        let name = name.to_ascii_lowercase();
        let known = settings::Encoding::from_name(&name).is_some();
        Ok(Datum::Bool(known && !client_only.contains(&name.as_str())))
    });
    for name in [
        "test_enc_setup",
        "test_enc_conversion",
        "test_mblen_func",
        "test_text_to_wchars",
        "test_wchars_to_text",
    ] {
        r.scalar(name, internals);
    }
}

/// The server works on text in UTF-8 only and has no such functions for other encodings.
fn internals(_cx: &mut CallContext<'_>, _a: &mut [Datum]) -> PgResult<Datum> {
    Err(not_supported!("functions on characters of single encodings"))
}
