//! Malformed input of every kind; encoders against pgwire's decoders.
use crate::{backend::*, frame::*, frontend::*, startup::*, *};
use bytes::BytesMut;
use error::{Severity, SqlState, err};
use pgwire::messages::{DecodeContext, Message, ProtocolVersion, data, response};
use proptest::prelude::*;

fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    out.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    out.extend_from_slice(body);
    out
}

fn violation(tag: u8, body: &[u8]) {
    let e = FrontendMessage::decode(Frame { tag, body }).expect_err("malformed");
    assert_eq!(e.sqlstate(), SqlState::PROTOCOL_VIOLATION, "{}", tag as char);
}

fn need(buffer: &[u8]) -> usize {
    match next_frame(buffer, Phase::Ready, &FrameLimits::default()) {
        Ok(NextFrame::Need(n)) => n,
        other => panic!("{other:?}"),
    }
}

#[test]
fn frames_are_cut_exactly() {
    let mut buffer = frame(b'Q', b"SELECT 1\0");
    buffer.extend(frame(b'S', b""));
    let Ok(NextFrame::Ready(f)) = next_frame(&buffer, Phase::Ready, &FrameLimits::default()) else {
        panic!()
    };
    assert_eq!((f.tag, f.body, f.wire_length()), (b'Q', &b"SELECT 1\0"[..], 14));
    assert_eq!(need(&buffer[..13]), 14);
    assert_eq!(need(b""), 5);
}

#[test]
fn lengths_outside_limits_are_fatal() {
    for bad in [[0u8, 0, 0, 0], [0, 0, 0, 3], [0xff, 0xff, 0xff, 0xff], [0x40, 0, 0, 0]] {
        for tag in [b'd', b'Q'] {
            let buffer = [tag, bad[0], bad[1], bad[2], bad[3]];
            let e = next_frame(&buffer, Phase::Ready, &FrameLimits::default()).expect_err("bad");
            assert_eq!(e.0.severity, Severity::Fatal);
        }
    }
    let sync = [b'S', 0, 0, 0x40, 0];
    assert!(next_frame(&sync, Phase::Ready, &FrameLimits::default()).is_err());
}

#[test]
fn before_authentication_only_short_password_messages_pass() {
    let limits = FrameLimits::default();
    assert!(next_frame(&frame(b'Q', b"x\0"), Phase::Authentication, &limits).is_err());
    assert!(next_frame(b"B", Phase::Authentication, &limits).is_err());
    assert!(next_frame(&[b'p', 0, 1, 0, 1], Phase::Authentication, &limits).is_err());
    assert!(next_frame(&frame(b'p', b"pw\0"), Phase::Authentication, &limits).is_ok());
    assert!(next_frame(&frame(b'p', b"pw\0"), Phase::Ready, &limits).is_err());
}

#[test]
fn embedded_nul_and_leftover_bytes_are_refused() {
    violation(b'Q', b"SELECT 1\0Q\0\0\0\x0dSELECT 2\0");
    violation(b'Q', b"SELECT 1");
    violation(b'Q', b"");
    violation(b'S', b"12345678");
    violation(b'H', b"x");
    violation(b'X', b"x");
    violation(b'c', b"x");
    violation(b'f', b"no terminator");
    violation(b'E', b"portal\0\0\0\0\0extra");
}

#[test]
fn truncated_messages_are_refused() {
    let mut bind = b"p\0s\0".to_vec();
    bind.extend_from_slice(&[0, 1, 0, 1, 0, 1, 0, 0, 0, 4, 1, 2, 3, 4, 0, 1, 0, 1]);
    let parse = b"s\0SELECT $1\0\0\x01\0\0\0\x17".to_vec();
    let execute = b"p\0\0\0\0\x05".to_vec();
    for (tag, body) in [(b'B', bind), (b'P', parse), (b'E', execute)] {
        assert!(FrontendMessage::decode(Frame { tag, body: &body }).is_ok());
        for end in 0..body.len() {
            violation(tag, &body[..end]);
        }
    }
}

#[test]
fn bind_lengths_and_counts_are_checked() {
    let long = [0, 0, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 1, 0, 0];
    violation(b'B', &long);
    let negative = [0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe, 0, 0];
    violation(b'B', &negative);
    // Two formats for three parameters.
    let mut body = vec![0, 0, 0, 2, 0, 0, 0, 0, 0, 3];
    body.extend_from_slice(&[0xff; 12]);
    body.extend_from_slice(&[0, 0]);
    let e = FrontendMessage::decode(Frame { tag: b'B', body: &body }).expect_err("formats");
    assert_eq!(e.message(), "bind message has 2 parameter formats but 3 parameters");
}

#[test]
fn bind_gives_views() {
    let body = [
        b'p', 0, b's', 0, 0, 1, 0, 1, 0, 2, 0, 0, 0, 2, 7, 8, 0xff, 0xff, 0xff, 0xff, 0, 2, 0, 1,
        0, 0,
    ];
    let Ok(FrontendMessage::Bind(b)) = FrontendMessage::decode(Frame { tag: b'B', body: &body })
    else {
        panic!()
    };
    assert_eq!((b.portal, b.statement), (&b"p"[..], &b"s"[..]));
    let params: Vec<_> = b.params.iter().collect();
    assert_eq!(params, [Some(&[7u8, 8][..]), None]);
    assert_eq!(b.param_formats.get(1).ok(), Some(Format::Binary));
    assert_eq!(b.result_formats.get(0).ok(), Some(Format::Binary));
    assert_eq!(b.result_formats.get(1).ok(), Some(Format::Text));
    assert_eq!(FormatCodes::TEXT.get(9).ok(), Some(Format::Text));
}

#[test]
fn describe_and_close_check_their_subtype() {
    violation(b'D', b"Xname\0");
    violation(b'C', b"Xname\0");
    assert!(FrontendMessage::decode(Frame { tag: b'D', body: b"Pname\0" }).is_ok());
}

#[test]
fn function_call_is_decoded() {
    let body = [0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 1, 9, 0, 1];
    let Ok(FrontendMessage::FunctionCall(f)) =
        FrontendMessage::decode(Frame { tag: b'F', body: &body })
    else {
        panic!()
    };
    assert_eq!((f.function, f.args.len(), f.result_format), (5, 1, 1));
}

#[test]
fn invalid_utf8_is_reported_not_replaced() {
    let e = utf8(b"ab\xff").expect_err("not UTF-8");
    assert_eq!(e.sqlstate(), SqlState::CHARACTER_NOT_IN_REPERTOIRE);
    assert_eq!(e.message(), "invalid byte sequence for encoding \"UTF8\": 0xff");
    let e = utf8(b"\xe2\x28\xa1").expect_err("not UTF-8");
    assert_eq!(e.message(), "invalid byte sequence for encoding \"UTF8\": 0xe2 0x28 0xa1");
}

fn startup(version: u32, body: &[u8]) -> error::PgResult<StartupPacket> {
    let mut packet = (body.len() as u32 + 8).to_be_bytes().to_vec();
    packet.extend_from_slice(&version.to_be_bytes());
    packet.extend_from_slice(body);
    assert_eq!(startup_length(&packet)?, Some(packet.len()));
    decode_startup(&packet)
}

fn parameters(version: u32, body: &[u8]) -> StartupParameters {
    match startup(version, body) {
        Ok(StartupPacket::Startup(p)) => p,
        other => panic!("{other:?}"),
    }
}

#[test]
fn startup_takes_settings_and_defaults_the_database() {
    let p = parameters(PROTOCOL_3_0, b"user\0bob\0DateStyle\0German\0\0");
    assert_eq!((p.user.as_str(), p.database.as_str()), ("bob", "bob"));
    assert_eq!(p.settings, [("DateStyle".to_owned(), "German".to_owned())]);
    assert!(!p.needs_negotiation());
}

#[test]
fn negotiation_never_answers_newer_than_asked() {
    let p = parameters((3 << 16) | 1, b"user\0a\0\0");
    assert_eq!(p.version, PROTOCOL_3_0);
    let p = parameters((3 << 16) | 9999, b"user\0a\0_pq_.test\0on\0\0");
    assert_eq!(p.version, PROTOCOL_3_2);
    assert!(p.needs_negotiation());
    let mut out = Vec::new();
    negotiate_protocol_version(&mut out, &p);
    assert_eq!(&out[..13], [b'v', 0, 0, 0, 22, 0, 3, 0, 2, 0, 0, 0, 1]);
    assert_eq!(&out[13..], b"_pq_.test\0");
}

#[test]
fn startup_refuses_bad_versions_and_layouts() {
    assert!(startup(2 << 16, b"user\0a\0\0").is_err());
    let e = startup(4 << 16, b"user\0a\0\0").expect_err("4.0");
    assert_eq!(e.message(), "unsupported frontend protocol 4.0: server supports 3.0 to 3.2");
    for body in [&b"user\0a\0"[..], b"user\0a", b"user\0a\0\0more", b""] {
        assert!(startup(PROTOCOL_3_0, body).is_err(), "{body:?}");
    }
    let e = startup(PROTOCOL_3_0, b"database\0x\0\0").expect_err("no user");
    assert_eq!(e.sqlstate(), SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
    assert!(startup_length(&[0, 0, 0, 7]).is_err());
    assert!(startup_length(&[0x7f, 0, 0, 0]).is_err());
}

#[test]
fn ssl_gss_and_cancel_are_recognised() {
    assert_eq!(startup((1234 << 16) | 5679, b"").ok(), Some(StartupPacket::SslRequest));
    assert_eq!(startup((1234 << 16) | 5680, b"").ok(), Some(StartupPacket::GssEncRequest));
    assert_eq!(
        startup((1234 << 16) | 5678, &[0, 0, 0, 9, 1, 2, 3, 4]).ok(),
        Some(StartupPacket::Cancel { process_id: 9, secret: vec![1, 2, 3, 4] })
    );
    assert!(startup((1234 << 16) | 5678, &[0, 0, 0, 9]).is_err());
}

#[test]
fn errors_carry_all_fields_and_a_character_position() {
    let mut out = Vec::new();
    let e = err!(UNDEFINED_COLUMN, "nul\0inside").hint("h").at(5).context("inner").context("outer");
    error_response(&mut out, &e, Some("ääx y"));
    let mut buffer = BytesMut::from(&out[..]);
    let context = DecodeContext::new(ProtocolVersion::PROTOCOL3_0);
    let decoded = response::ErrorResponse::decode(&mut buffer, &context).unwrap().unwrap();
    let get = |c| decoded.fields.iter().find(|f| f.0 == c).map(|f| f.1.as_str());
    assert_eq!(get(b'V'), Some("ERROR"));
    assert_eq!(get(b'C'), Some("42703"));
    assert_eq!(get(b'M'), Some("nul"));
    assert_eq!(get(b'P'), Some("4"));
    assert_eq!(get(b'W'), Some("inner\nouter"));
    assert!(buffer.is_empty());
}

#[test]
fn rows_are_built_in_place() {
    let mut out = vec![b'?'];
    let mut row = RowEncoder::begin(&mut out, 3);
    row.field(b"abc");
    row.null();
    row.field_with::<()>(|o| {
        o.extend_from_slice(b"12345");
        Ok(())
    })
    .unwrap();
    row.end();
    let mut buffer = BytesMut::from(&out[1..]);
    let context = DecodeContext::new(ProtocolVersion::PROTOCOL3_0);
    let decoded = data::DataRow::decode(&mut buffer, &context).unwrap().unwrap();
    assert_eq!(decoded.field_count, 3);
    assert_eq!(&decoded.data[..], b"\0\0\0\x03abc\xff\xff\xff\xff\0\0\0\x0512345");

    let mut row = RowEncoder::begin(&mut out, 1);
    row.field(b"half");
    row.abandon();
    assert_eq!(out.len(), 1 + 5 + 2 + 7 + 4 + 9);
}

#[test]
fn descriptions_round_trip() {
    let mut out = Vec::new();
    let field = FieldDescription {
        name: "a",
        table: 1,
        column: 2,
        type_id: 70000,
        type_len: -1,
        typmod: 5,
        format: Format::Binary,
    };
    row_description(&mut out, [field].into_iter());
    parameter_description(&mut out, [70000u32, 23].into_iter());
    let mut buffer = BytesMut::from(&out[..]);
    let context = DecodeContext::new(ProtocolVersion::PROTOCOL3_0);
    let decoded = data::RowDescription::decode(&mut buffer, &context).unwrap().unwrap();
    assert_eq!((decoded.fields[0].type_id, decoded.fields[0].format_code), (70000, 1));
    let decoded = data::ParameterDescription::decode(&mut buffer, &context).unwrap().unwrap();
    assert_eq!(decoded.types, [70000, 23]);
}

proptest! {
    #[test]
    fn no_body_panics(tag in any::<u8>(), body in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(FrontendMessage::Bind(b)) = FrontendMessage::decode(Frame { tag, body: &body }) {
            prop_assert_eq!(b.params.iter().count(), b.params.len());
        }
    }

    #[test]
    fn no_bind_panics(mut body in proptest::collection::vec(0u8..6, 0..60)) {
        body.insert(0, 0);
        body.insert(0, 0);
        let _ = FrontendMessage::decode(Frame { tag: b'B', body: &body });
    }

    #[test]
    fn no_buffer_panics(buffer in proptest::collection::vec(any::<u8>(), 0..64)) {
        let limits = FrameLimits::default();
        let _ = next_frame(&buffer, Phase::Ready, &limits);
        let _ = next_frame(&buffer, Phase::Authentication, &limits);
        let _ = startup_length(&buffer);
        let _ = decode_startup(&buffer);
        let _ = utf8(&buffer);
    }

    #[test]
    fn no_startup_panics(body in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = startup(PROTOCOL_3_2, &body);
    }
}
