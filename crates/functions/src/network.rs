//! inet, cidr, macaddr, macaddr8: comparison, containment, parts, arithmetic.
use error::{PgResult, bail, err};
use fmgr::Registry;
use types::{
    Datum, Varlena, hash,
    network::{IPV4, Inet},
};

fn inet(bytes: &[u8]) -> Inet {
    Inet::decode(bytes)
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> Varlena {
    let mut out = Vec::new();
    write(&mut out);
    Varlena::new(&out)
}

/// Whether `a` lies within `b`; `strict`: and is smaller.
fn within(a: &Inet, b: &Inet, strict: bool) -> bool {
    a.family == b.family
        && if strict { a.bits > b.bits } else { a.bits >= b.bits }
        && a.compare_prefix(b, b.bits).is_eq()
}

fn netmask(v: &Inet) -> Inet {
    let full = Inet { addr: [0xff; 16], ..*v };
    Inet { bits: v.max_bits(), addr: trimmed(full.with_host(false)), ..*v }
}

fn hostmask(v: &Inet) -> Inet {
    let mask = netmask(v);
    let mut addr = mask.addr;
    addr.iter_mut().for_each(|b| *b = !*b);
    Inet { addr: trimmed(Inet { addr, ..mask }), ..mask }
}

/// IPv4 uses the first four bytes only.
fn trimmed(v: Inet) -> [u8; 16] {
    let mut addr = [0; 16];
    addr[..v.size()].copy_from_slice(v.address());
    addr
}

fn set_masklen(v: Inet, bits: i32, cidr: bool) -> PgResult<Varlena> {
    let bits = if bits == -1 { i32::from(v.max_bits()) } else { bits };
    if !(0..=i32::from(v.max_bits())).contains(&bits) {
        bail!(INVALID_PARAMETER_VALUE, "invalid mask length: {bits}");
    }
    let v = Inet { bits: bits as u8, ..v };
    Ok(if cidr { v.with_host(false) } else { v }.encode())
}

fn zip(a: &[u8], b: &[u8], name: &str, f: impl Fn(u8, u8) -> u8) -> PgResult<Varlena> {
    let (x, y) = (inet(a), inet(b));
    if x.family != y.family {
        bail!(INVALID_PARAMETER_VALUE, "cannot {name} inet values of different sizes");
    }
    let mut addr = [0; 16];
    for (i, byte) in addr.iter_mut().take(x.size()).enumerate() {
        *byte = f(x.addr[i], y.addr[i]);
    }
    Ok(Inet { bits: x.bits.max(y.bits), addr, ..x }.encode())
}

fn value(v: &Inet) -> u128 {
    v.address().iter().fold(0, |n, b| n << 8 | u128::from(*b))
}

fn add(v: Inet, by: i128) -> PgResult<Varlena> {
    let out_of_range = || err!(NUMERIC_VALUE_OUT_OF_RANGE, "result is out of range");
    let sum = if by >= 0 {
        value(&v).checked_add(by as u128)
    } else {
        value(&v).checked_sub(by.unsigned_abs())
    };
    let sum = sum.ok_or_else(out_of_range)?;
    let size = v.size();
    if size == 4 && sum > u128::from(u32::MAX) {
        return Err(out_of_range());
    }
    let mut addr = [0; 16];
    addr[..size].copy_from_slice(&sum.to_be_bytes()[16 - size..]);
    Ok(Inet { addr, ..v }.encode())
}

fn difference(a: Inet, b: Inet) -> PgResult<i64> {
    if a.family != b.family {
        bail!(INVALID_PARAMETER_VALUE, "cannot subtract inet values of different sizes");
    }
    let (x, y) = (value(&a), value(&b));
    let magnitude = i128::try_from(x.abs_diff(y)).ok().map(|d| if x >= y { d } else { -d });
    magnitude
        .and_then(|d| i64::try_from(d).ok())
        .ok_or_else(|| err!(NUMERIC_VALUE_OUT_OF_RANGE, "result is out of range"))
}

/// The smallest network that holds both.
fn merge(a: Inet, b: Inet) -> PgResult<Varlena> {
    if a.family != b.family {
        bail!(INVALID_PARAMETER_VALUE, "cannot merge addresses from different families");
    }
    let mut bits = a.bits.min(b.bits);
    while a.compare_prefix(&b, bits).is_ne() {
        bits -= 1;
    }
    Ok(Inet { bits, ..a }.with_host(false).encode())
}

/// cidr shortened to the bytes that its mask covers.
fn abbreviated(v: &Inet, out: &mut Vec<u8>) {
    if v.family != IPV4 {
        return abbreviated_ipv6(v, out);
    }
    let shown = usize::from(v.bits).div_ceil(8).max(1);
    for (i, byte) in v.addr[..shown].iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        out.extend_from_slice(byte.to_string().as_bytes());
    }
    out.extend_from_slice(format!("/{}", v.bits).as_bytes());
}

/// The words that the mask covers, the longest run of zeros left out.
fn abbreviated_ipv6(v: &Inet, out: &mut Vec<u8>) {
    let bytes = v.with_host(false).addr;
    if v.bits == 0 {
        return out.extend_from_slice(b"::/0");
    }
    let words = usize::from(v.bits).div_ceil(16).max(2);
    let word = |i: usize| u16::from_be_bytes([bytes[2 * i], bytes[2 * i + 1]]);
    // As in PostgreSQL a run goes on over other words until it is the longest.
    let (mut start, mut length, mut run_start, mut run) = (0, 0, 0, 0);
    for i in 0..words {
        if word(i) == 0 {
            if run == 0 {
                run_start = i;
            }
            run += 1;
        } else if run > length {
            (start, length, run) = (run_start, run, 0);
        }
    }
    if run > length {
        (start, length) = (run_start, run);
    }
    let is_ipv4 = length != words
        && start == 0
        && (length == 6
            || length == 5 && word(5) == 0xffff
            || length == 7 && bytes[14] != 0 && bytes[15] != 1);
    let first = out.len();
    for i in 0..words {
        if (start..start + length).contains(&i) {
            if i == start {
                out.push(b':');
            }
            if i == words - 1 {
                out.push(b':');
            }
        } else if is_ipv4 && i > 5 {
            out.push(if i == 6 { b':' } else { b'.' });
            out.extend_from_slice(bytes[2 * i].to_string().as_bytes());
            if i != 7 || v.bits > 120 {
                out.extend_from_slice(format!(".{}", bytes[2 * i + 1]).as_bytes());
            }
        } else {
            if out.len() > first {
                out.push(b':');
            }
            out.extend_from_slice(format!("{:x}", word(i)).as_bytes());
        }
    }
    out.extend_from_slice(format!("/{}", v.bits).as_bytes());
}

fn map_bytes(a: &[u8], b: &[u8], f: impl Fn(u8, u8) -> u8) -> Varlena {
    let bytes: Vec<u8> = a.iter().zip(b).map(|(x, y)| f(*x, *y)).collect();
    Varlena::new(&bytes)
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    comparisons! { r,
        "network_eq" "network_ne" "network_lt" "network_le" "network_gt" "network_ge":
            as_bytes, as_bytes, |a, b| inet(a).compare(&inet(b));
        "macaddr_eq" "macaddr_ne" "macaddr_lt" "macaddr_le" "macaddr_gt" "macaddr_ge":
            as_bytes, as_bytes, |a, b| a.cmp(b);
        "macaddr8_eq" "macaddr8_ne" "macaddr8_lt" "macaddr8_le" "macaddr8_gt" "macaddr8_ge":
            as_bytes, as_bytes, |a, b| a.cmp(b);
    }
    binary! { r,
        "network_cmp": as_bytes, as_bytes => Int4, |a, b| inet(a).compare(&inet(b)) as i32;
        "macaddr_cmp": as_bytes, as_bytes => Int4, |a, b| a.cmp(b) as i32;
        "macaddr8_cmp": as_bytes, as_bytes => Int4, |a, b| a.cmp(b) as i32;
        "network_sub": as_bytes, as_bytes => Bool, |a, b| within(&inet(a), &inet(b), true);
        "network_subeq": as_bytes, as_bytes => Bool, |a, b| within(&inet(a), &inet(b), false);
        "network_sup": as_bytes, as_bytes => Bool, |a, b| within(&inet(b), &inet(a), true);
        "network_supeq": as_bytes, as_bytes => Bool, |a, b| within(&inet(b), &inet(a), false);
        "network_overlap": as_bytes, as_bytes => Bool,
            |a, b| within(&inet(a), &inet(b), false) || within(&inet(b), &inet(a), false);
        "inet_same_family": as_bytes, as_bytes => Bool, |a, b| inet(a).family == inet(b).family;
        "inet_set_masklen": as_bytes, as_i32 => Bytes, |a, n| set_masklen(inet(a), n, false)?;
        "cidr_set_masklen": as_bytes, as_i32 => Bytes, |a, n| set_masklen(inet(a), n, true)?;
        "inetand": as_bytes, as_bytes => Bytes, |a, b| zip(a, b, "AND", |x, y| x & y)?;
        "inetor": as_bytes, as_bytes => Bytes, |a, b| zip(a, b, "OR", |x, y| x | y)?;
        "inetpl": as_bytes, as_i64 => Bytes, |a, n| add(inet(a), i128::from(n))?;
        "inetmi_int8": as_bytes, as_i64 => Bytes, |a, n| add(inet(a), -i128::from(n))?;
        "inetmi": as_bytes, as_bytes => Int8, |a, b| difference(inet(a), inet(b))?;
        "inet_merge": as_bytes, as_bytes => Bytes, |a, b| merge(inet(a), inet(b))?;
        "hashinetextended": as_bytes, as_i64 => Int8, |a, s| hash::bytes_extended(a, s as u64) as i64;
        "hashmacaddrextended": as_bytes, as_i64 => Int8, |a, s| hash::bytes_extended(a, s as u64) as i64;
        "hashmacaddr8extended": as_bytes, as_i64 => Int8, |a, s| hash::bytes_extended(a, s as u64) as i64;
        "macaddr_and": as_bytes, as_bytes => Bytes, |a, b| map_bytes(a, b, |x, y| x & y);
        "macaddr_or": as_bytes, as_bytes => Bytes, |a, b| map_bytes(a, b, |x, y| x | y);
        "macaddr8_and": as_bytes, as_bytes => Bytes, |a, b| map_bytes(a, b, |x, y| x & y);
        "macaddr8_or": as_bytes, as_bytes => Bytes, |a, b| map_bytes(a, b, |x, y| x | y);
    }
    unary! { r,
        "hashinet": as_bytes => Int4, |a| inet(a).hash() as i32;
        "hashmacaddr": as_bytes => Int4, |a| hash::bytes(a) as i32;
        "hashmacaddr8": as_bytes => Int4, |a| hash::bytes(a) as i32;
        "network_network": as_bytes => Bytes, |a| inet(a).with_host(false).encode();
        "inet_to_cidr": as_bytes => Bytes, |a| inet(a).with_host(false).encode();
        "network_broadcast": as_bytes => Bytes, |a| inet(a).with_host(true).encode();
        "network_netmask": as_bytes => Bytes, |a| netmask(&inet(a)).encode();
        "network_hostmask": as_bytes => Bytes, |a| hostmask(&inet(a)).encode();
        "network_masklen": as_bytes => Int4, |a| i32::from(inet(a).bits);
        "network_family": as_bytes => Int4, |a| if inet(a).family == IPV4 { 4 } else { 6 };
        "network_host": as_bytes => Bytes, |a| text(|out| inet(a).host_output(out));
        "network_show": as_bytes => Bytes, |a| text(|out| inet(a).output(true, out));
        "inet_abbrev": as_bytes => Bytes, |a| text(|out| inet(a).output(false, out));
        "cidr_abbrev": as_bytes => Bytes, |a| text(|out| abbreviated(&inet(a), out));
        "inetnot": as_bytes => Bytes, |a| {
            let v = inet(a);
            let mut addr = v.addr;
            addr.iter_mut().for_each(|b| *b = !*b);
            Inet { addr: trimmed(Inet { addr, ..v }), ..v }.encode()
        };
        "macaddr_not": as_bytes => Bytes, |a| map_bytes(a, a, |x, _| !x);
        "macaddr8_not": as_bytes => Bytes, |a| map_bytes(a, a, |x, _| !x);
        "macaddr_trunc": as_bytes => Bytes, |a| Varlena::new(&[a[0], a[1], a[2], 0, 0, 0]);
        "macaddr8_trunc": as_bytes => Bytes, |a| Varlena::new(&[a[0], a[1], a[2], 0, 0, 0, 0, 0]);
        "macaddr8_set7bit": as_bytes => Bytes, |a| {
            Varlena::new(&[a[0] | 2, a[1], a[2], a[3], a[4], a[5], a[6], a[7]])
        };
        "macaddrtomacaddr8": as_bytes => Bytes, |a| {
            Varlena::new(&[a[0], a[1], a[2], 0xff, 0xfe, a[3], a[4], a[5]])
        };
    }
    r.scalar("macaddr8tomacaddr", |_cx, a| match a[0].as_bytes() {
        [a, b, c, 0xff, 0xfe, d, e, f] => Ok(Datum::bytes(&[*a, *b, *c, *d, *e, *f])),
        _ => Err(err!(
            NUMERIC_VALUE_OUT_OF_RANGE,
            "macaddr8 data out of range to convert to macaddr"
        )
        .hint("Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr.")),
    });
    for (name, larger) in [("network_larger", true), ("network_smaller", false)] {
        if larger {
            r.scalar(name, |_cx, a| {
                let second = inet(a[0].as_bytes()).compare(&inet(a[1].as_bytes())).is_le();
                Ok(a[usize::from(second)].take())
            });
        } else {
            r.scalar(name, |_cx, a| {
                let second = inet(a[0].as_bytes()).compare(&inet(a[1].as_bytes())).is_ge();
                Ok(a[usize::from(second)].take())
            });
        }
    }
}
