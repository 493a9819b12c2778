//! Values checked against PostgreSQL 18.
use super::*;
use crate::numeric as n;

fn num(text: &str) -> Varlena {
    n::input(text, -1).unwrap()
}

fn text(v: &Varlena) -> String {
    let mut out = Vec::new();
    n::output(v, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn text_round_trip() {
    for (t, want) in [
        ("0", "0"),
        ("-0.00", "0.00"),
        ("1234567.8900", "1234567.8900"),
        ("1e10", "10000000000"),
        ("1.5e-7", "0.00000015"),
        (".5", "0.5"),
        ("5.", "5"),
        ("NaN", "NaN"),
        ("-inf", "-Infinity"),
        ("0xff", "255"),
        ("1_000.5", "1000.5"),
        ("12345678901234567890123456789.000001", "12345678901234567890123456789.000001"),
    ] {
        assert_eq!(text(&num(t)), want);
    }
    for bad in ["", ".", "1e", "1__0", "x", "- 1", "1 2", "-nan"] {
        assert!(n::input(bad, -1).is_err(), "{bad}");
    }
}

#[test]
fn arithmetic() {
    let check = |got: PgResult<Varlena>, want: &str| assert_eq!(text(&got.unwrap()), want);
    check(n::add(&num("999999999999.99"), &num("0.01")), "1000000000000.00");
    check(
        n::sub(&num("1"), &num("1.000000000000000000000000000000001")),
        "-0.000000000000000000000000000000001",
    );
    check(
        n::mul(&num("123456789012345678901234567890"), &num("-9.87")),
        "-1218518507551851850755185185074.30",
    );
    check(n::div(&num("1"), &num("3")), "0.33333333333333333333");
    check(n::div(&num("100"), &num("7.5")), "13.3333333333333333");
    check(
        n::div(
            &num("123456789012345678901234567890123456789"),
            &num("98765432109876543210987.654321"),
        ),
        "1249999988609375.000142",
    );
    check(n::modulo(&num("-7.5"), &num("2")), "-1.5");
    check(n::div_trunc(&num("-7.5"), &num("2")), "-3");
    check(n::round(&num("2.5"), 0, true), "3");
    check(n::round(&num("-1254.999"), -2, true), "-1300");
    check(n::round(&num("9999.9999"), 3, true), "10000.000");
    check(n::round(&num("5500"), -4, true), "10000");
    check(n::ceil(&num("-0.5")), "0");
    check(n::floor(&num("-0.5")), "-1");
    check(n::gcd(&num("12.5"), &num("7.5")), "2.5");
    check(n::lcm(&num("12"), &num("18")), "36");
    check(n::factorial(20), "2432902008176640000");
    check(n::trim_scale(&num("1.2300")), "1.23");
}

#[test]
fn functions() {
    let check = |got: PgResult<Varlena>, want: &str| assert_eq!(text(&got.unwrap()), want);
    check(n::sqrt(&num("2")), "1.414213562373095");
    check(n::sqrt(&num("1e20")), "10000000000.00000");
    check(n::exp(&num("1")), "2.7182818284590452");
    check(n::exp(&num("-10.5")), "0.00002753644934974716");
    check(n::ln(&num("2")), "0.6931471805599453");
    check(n::ln(&num("1e100")), "230.25850929940457");
    check(n::log(&num("10"), &num("1000")), "3.0000000000000000");
    check(n::log(&num("2.0"), &num("64")), "6.0000000000000000");
    check(n::power(&num("2"), &num("100")), "1267650600228229401496703205376");
    check(n::power(&num("2"), &num("0.5")), "1.4142135623730950");
    check(n::power(&num("1.0001"), &num("-12345")), "0.2909981762202375");
}

#[test]
fn modifiers() {
    let typmod = n::typmod_in(&[5, 2]).unwrap();
    assert_eq!(text(&n::input("123.456", typmod).unwrap()), "123.46");
    let e = n::input("1234.5", typmod).unwrap_err();
    assert_eq!(
        e.0.detail.as_deref(),
        Some("A field with precision 5, scale 2 must round to an absolute value less than 10^3.")
    );
    assert_eq!(n::typmod_out(n::typmod_in(&[3, -2]).unwrap()), "(3,-2)");
    assert_eq!(text(&n::input("12345", n::typmod_in(&[3, -2]).unwrap()).unwrap()), "12300");
    assert_eq!(text(&n::apply_typmod_stored(&num("1.5"), typmod).unwrap()), "1.50");
}

#[test]
fn hashes() {
    assert_eq!(n::hash(&num("12.50")) as i32, -1617707945);
}

#[test]
fn keys_order_as_values() {
    let sorted = [
        "-Infinity",
        "-1e50",
        "-100000001",
        "-100000000",
        "-10000.5",
        "-10000",
        "-1",
        "-0.5",
        "-0.00001",
        "0",
        "0.00001",
        "0.5",
        "1",
        "1.0001",
        "9999",
        "10000",
        "10000.5",
        "1e50",
        "Infinity",
        "NaN",
    ];
    let key = |t: &str| {
        let mut k = Vec::new();
        n::encode_key(&mut k, &num(t));
        k
    };
    for pair in sorted.windows(2) {
        assert!(key(pair[0]) < key(pair[1]), "{pair:?}");
        assert_eq!(n::cmp(&num(pair[0]), &num(pair[1])), Ordering::Less, "{pair:?}");
    }
    assert_eq!(key("1.50"), key("1.5"));
}

#[test]
fn sums() {
    let mut s = NumericSum::new(true);
    for t in ["1.5", "-2.25", "1000000", "3"] {
        s.add(&num(t)).unwrap();
    }
    assert_eq!(text(&s.sum().unwrap().unwrap()), "1000002.25");
    assert_eq!(text(&s.avg().unwrap().unwrap()), "250000.562500000000");
    assert_eq!(text(&s.variance(true, false).unwrap().unwrap()), "249999625005.01562500");
    s.remove(&num("-2.25")).unwrap();
    assert_eq!(text(&s.sum().unwrap().unwrap()), "1000004.5");
    let mut neg = NumericSum::new(false);
    neg.add(&num("-12345678")).unwrap();
    neg.add(&num("1.5")).unwrap();
    assert_eq!(text(&neg.sum().unwrap().unwrap()), "-12345676.5");
}

#[test]
fn conversions() {
    assert_eq!(text(&n::from_f64(0.1).unwrap()), "0.1");
    assert_eq!(text(&n::from_f64(1.5e20).unwrap()), "150000000000000000000");
    assert_eq!(n::to_int::<i32>(&num("2.5")).unwrap(), 3);
    assert_eq!(n::to_int::<i16>(&num("32768")).unwrap_err().message(), "smallint out of range");
    assert_eq!(n::to_f64(&num("12345.678901234567")).unwrap(), 12345.678901234567);
    assert_eq!(Num::from_scaled(-1234567, 3).to_string(), "-1234.567");
}
