//! inet, cidr, macaddr and macaddr8.
//!
//! A stored inet or cidr is the family (2 IPv4, 3 IPv6), the netmask's length and the address.
use crate::{Varlena, binary::BinaryReader, hash, invalid_syntax};
use error::{PgResult, bail, err};
use std::{
    cmp::Ordering,
    io::Write as _,
    net::{Ipv4Addr, Ipv6Addr},
};

/// Family byte of IPv4.
pub const IPV4: u8 = 2;
/// Family byte of IPv6.
pub const IPV6: u8 = 3;

/// An inet or cidr value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inet {
    /// [`IPV4`] or [`IPV6`].
    pub family: u8,
    /// Bits of the network part.
    pub bits: u8,
    /// The address, in the first 4 or all 16 bytes.
    pub addr: [u8; 16],
}

impl Inet {
    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Inet {
        let mut addr = [0; 16];
        let (family, bits) = (bytes.first().copied(), bytes.get(1).copied());
        let rest = bytes.get(2..).unwrap_or(&[]);
        let n = rest.len().min(16);
        addr[..n].copy_from_slice(&rest[..n]);
        Inet { family: family.unwrap_or(IPV4), bits: bits.unwrap_or(0), addr }
    }

    /// The stored form.
    pub fn encode(&self) -> Varlena {
        let mut buf = [0; 18];
        (buf[0], buf[1]) = (self.family, self.bits);
        buf[2..].copy_from_slice(&self.addr);
        Varlena::new(&buf[..2 + self.size()])
    }

    /// Bytes of the address.
    pub fn size(&self) -> usize {
        if self.family == IPV4 { 4 } else { 16 }
    }

    /// Bits of the address.
    pub fn max_bits(&self) -> u8 {
        self.size() as u8 * 8
    }

    /// The address.
    pub fn address(&self) -> &[u8] {
        &self.addr[..self.size()]
    }

    /// The same with the host part zeroed (or filled).
    pub fn with_host(mut self, fill: bool) -> Inet {
        let size = self.size();
        for (i, byte) in self.addr[..size].iter_mut().enumerate() {
            let keep = (i32::from(self.bits) - 8 * i as i32).clamp(0, 8) as u32;
            let mask = !(0xffu32 >> keep) as u8;
            *byte = if fill { *byte | !mask } else { *byte & mask };
        }
        self
    }

    /// Whether the host part is zero.
    pub fn is_network(&self) -> bool {
        self.with_host(false) == *self
    }

    /// Order of the first `bits` bits.
    pub fn compare_prefix(&self, other: &Inet, bits: u8) -> Ordering {
        let cut = |v: &Inet| Inet { bits, ..*v }.with_host(false).addr;
        cut(self).cmp(&cut(other))
    }

    /// Order: family, common network part, mask length, address.
    pub fn compare(&self, other: &Inet) -> Ordering {
        self.family.cmp(&other.family).then_with(|| {
            self.compare_prefix(other, self.bits.min(other.bits))
                .then(self.bits.cmp(&other.bits))
                .then_with(|| self.address().cmp(other.address()))
        })
    }

    /// Hash.
    pub fn hash(&self) -> u32 {
        hash::bytes(&self.encode())
    }

    /// Appends the address alone.
    pub fn host_output(&self, out: &mut Vec<u8>) {
        let a = &self.addr;
        if self.family == IPV4 {
            let _ = write!(out, "{}.{}.{}.{}", a[0], a[1], a[2], a[3]);
        } else {
            ipv6_output(*a, out);
        }
    }

    /// Text out; an inet shows the mask only if it is not the whole address.
    pub fn output(&self, is_cidr: bool, out: &mut Vec<u8>) {
        self.host_output(out);
        if is_cidr || self.bits != self.max_bits() {
            let _ = write!(out, "/{}", self.bits);
        }
    }
}

fn ipv6_output(a: [u8; 16], out: &mut Vec<u8>) {
    let words: Vec<u16> = a.chunks_exact(2).map(|w| u16::from_be_bytes([w[0], w[1]])).collect();
    // The longest run of zeros, the first of equals, at least two words.
    let (mut best, mut best_len, mut i) = (8, 1, 0);
    while i < 8 {
        let len = words[i..].iter().take_while(|w| **w == 0).count();
        if len > best_len {
            (best, best_len) = (i, len);
        }
        i += len.max(1);
    }
    let mut i = 0;
    while i < 8 {
        if i == best {
            out.extend_from_slice(b"::");
            i += best_len;
            continue;
        }
        if i > 0 && i != best + best_len {
            out.push(b':');
        }
        // IPv4 within IPv6 is shown as such.
        let embedded = i == 6
            && best == 0
            && (best_len == 6
                || best_len == 7 && words[7] != 1
                || best_len == 5 && words[5] == 0xffff);
        if embedded {
            let _ = write!(out, "{}.{}.{}.{}", a[12], a[13], a[14], a[15]);
            return;
        }
        let _ = write!(out, "{:x}", words[i]);
        i += 1;
    }
}

/// inet or cidr in.
pub fn inet_input(text: &str, is_cidr: bool) -> PgResult<Inet> {
    let name = if is_cidr { "cidr" } else { "inet" };
    let invalid = || invalid_syntax(name, text);
    let value = if text.contains(':') { parse_ipv6(text) } else { parse_ipv4(text, is_cidr) }
        .ok_or_else(invalid)?;
    if is_cidr && !value.is_network() {
        return Err(err!(INVALID_TEXT_REPRESENTATION, "invalid cidr value: \"{text}\"")
            .detail("Value has bits set to right of mask."));
    }
    Ok(value)
}

fn parse_bits(text: &str, max: u8) -> Option<u8> {
    let ok = !text.is_empty()
        && text.bytes().all(|c| c.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|b| ok && *b <= max)
}

fn parse_ipv4(text: &str, is_cidr: bool) -> Option<Inet> {
    let (host, mask) = match text.split_once('/') {
        Some((host, mask)) => (host, Some(mask)),
        None => (text, None),
    };
    let mut addr = [0; 16];
    let mut n = 0;
    for part in host.split('.') {
        let ok = !part.is_empty() && part.len() <= 3 && part.bytes().all(|c| c.is_ascii_digit());
        if !ok || n == 4 {
            return None;
        }
        addr[n] = part.parse().ok()?;
        n += 1;
    }
    let bits = match mask {
        Some(mask) => parse_bits(mask, 32)?,
        None if is_cidr => {
            // By class of the address, but no shorter than what was written.
            let class = match addr[0] {
                240.. => 32,
                224.. => 8,
                192.. => 24,
                128.. => 16,
                _ => 8,
            };
            let written = 8 * n as u8;
            let mut bits = class.max(written);
            if bits == 8 && addr[0] == 224 {
                bits = 4;
            }
            bits
        }
        None => 32,
    };
    // An inet needs all four parts unless a mask says what is meant.
    if n < 4 && !is_cidr && mask.is_none_or(|_| usize::from(bits / 8) > n) {
        return None;
    }
    Some(Inet { family: IPV4, bits, addr })
}

fn parse_ipv6(text: &str) -> Option<Inet> {
    let (host, mask) = match text.split_once('/') {
        Some((host, mask)) => (host, Some(mask)),
        None => (text, None),
    };
    // Before a mask PostgreSQL overlooks a colon too much.
    let loose = mask.and(host.strip_suffix(':')).filter(|h| !h.ends_with(':'));
    let addr = loose.unwrap_or(host).parse::<Ipv6Addr>().ok()?.octets();
    let bits = mask.map_or(Some(128), |m| parse_bits(m, 128))?;
    Some(Inet { family: IPV6, bits, addr })
}

/// From the wire.
pub fn inet_recv(buf: &[u8], is_cidr: bool) -> PgResult<Inet> {
    let name = if is_cidr { "cidr" } else { "inet" };
    let mut r = BinaryReader::new(buf);
    let (family, bits, _cidr, size) = (r.u8()?, r.u8()?, r.u8()?, r.u8()?);
    if family != IPV4 && family != IPV6 {
        bail!(INVALID_BINARY_REPRESENTATION, "invalid address family in external \"{name}\" value");
    }
    let mut v = Inet { family, bits, addr: [0; 16] };
    if bits > v.max_bits() {
        bail!(INVALID_BINARY_REPRESENTATION, "invalid bits in external \"{name}\" value");
    }
    if usize::from(size) != v.size() {
        bail!(INVALID_BINARY_REPRESENTATION, "invalid length in external \"{name}\" value");
    }
    let n = v.size();
    v.addr[..n].copy_from_slice(r.bytes(n)?);
    if is_cidr && !v.is_network() {
        return Err(err!(INVALID_BINARY_REPRESENTATION, "invalid external \"cidr\" value")
            .detail("Value has bits set to right of mask."));
    }
    Ok(v)
}

/// To the wire.
pub fn inet_send(v: &Inet, is_cidr: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(&[v.family, v.bits, is_cidr as u8, v.size() as u8]);
    out.extend_from_slice(v.address());
}

/// From std's address type.
pub fn from_ipv4(addr: Ipv4Addr) -> Inet {
    let mut full = [0; 16];
    full[..4].copy_from_slice(&addr.octets());
    Inet { family: IPV4, bits: 32, addr: full }
}

/// macaddr in: six bytes in one of the usual groupings.
pub fn macaddr_input(text: &str) -> PgResult<[u8; 6]> {
    let t = text.trim_matches(crate::is_space);
    let (bytes, seps) = mac_bytes(t).ok_or_else(|| invalid_syntax("macaddr", text))?;
    let uniform = seps.is_uniform(6);
    match (<[u8; 6]>::try_from(bytes), uniform) {
        (Ok(mac), true) => Ok(mac),
        _ => Err(invalid_syntax("macaddr", text)),
    }
}

/// macaddr8 in: six bytes (widened with ff:fe) or eight.
pub fn macaddr8_input(text: &str) -> PgResult<[u8; 8]> {
    let t = text.trim_matches(crate::is_space);
    let (bytes, _) = mac_bytes(t).ok_or_else(|| invalid_syntax("macaddr8", text))?;
    match bytes[..] {
        [a, b, c, d, e, f] => Ok([a, b, c, 0xff, 0xfe, d, e, f]),
        [a, b, c, d, e, f, g, h] => Ok([a, b, c, d, e, f, g, h]),
        _ => Err(invalid_syntax("macaddr8", text)),
    }
}

struct Separators {
    kind: Option<char>,
    positions: Vec<usize>,
}

impl Separators {
    /// None, after each byte, after each two bytes (with dots or hyphens), or in the middle.
    fn is_uniform(&self, bytes: usize) -> bool {
        let every = |n: usize| -> Vec<usize> { (1..bytes).filter(|i| i % n == 0).collect() };
        let p = &self.positions;
        match self.kind {
            None => true,
            Some('.') => *p == every(2),
            Some('-') => *p == every(1) || *p == every(2) || *p == every(3),
            _ => *p == every(1) || *p == every(3),
        }
    }
}

fn mac_bytes(text: &str) -> Option<(Vec<u8>, Separators)> {
    let mut bytes = Vec::new();
    let mut seps = Separators { kind: None, positions: Vec::new() };
    let mut high: Option<u8> = None;
    for c in text.chars() {
        match c {
            ':' | '-' | '.' => {
                // A single digit may stand for a byte between colons.
                if high.is_some() || bytes.is_empty() || seps.kind.is_some_and(|k| k != c) {
                    return None;
                }
                seps.kind = Some(c);
                seps.positions.push(bytes.len());
            }
            _ => {
                let d = c.to_digit(16)? as u8;
                match high.take() {
                    None => high = Some(d),
                    Some(h) => bytes.push(h << 4 | d),
                }
            }
        }
    }
    let trailing = seps.positions.last() == Some(&bytes.len());
    (high.is_none() && !trailing).then_some((bytes, seps))
}

/// macaddr and macaddr8 out.
pub fn mac_output(bytes: &[u8], out: &mut Vec<u8>) {
    for (i, b) in bytes.iter().enumerate() {
        let _ = write!(out, "{}{b:02x}", if i > 0 { ":" } else { "" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str, cidr: bool) -> String {
        let mut out = Vec::new();
        Inet::decode(&inet_input(text, cidr).unwrap().encode()).output(cidr, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn addresses() {
        for (text, cidr, want) in [
            ("10.1.2.3/8", false, "10.1.2.3/8"),
            ("192.168.1.1", false, "192.168.1.1"),
            ("10", true, "10.0.0.0/8"),
            ("192.168.1", true, "192.168.1.0/24"),
            ("10.1.2.3", true, "10.1.2.3/32"),
            ("::1", false, "::1"),
            ("::ffff:1.2.3.4", false, "::ffff:1.2.3.4"),
            ("2001:db8::/32", true, "2001:db8::/32"),
            ("1:0:0:2:0:0:0:3", false, "1:0:0:2::3"),
        ] {
            assert_eq!(show(text, cidr), want);
        }
        assert!(inet_input("10.1.2.3/8", true).is_err());
        assert!(inet_input("10.1", false).is_err());
    }

    #[test]
    fn macs() {
        for text in [
            "08:00:2b:01:02:03",
            "08-00-2b-01-02-03",
            "08002b:010203",
            "0800.2b01.0203",
            "08002b010203",
        ] {
            assert_eq!(macaddr_input(text).unwrap(), [8, 0, 0x2b, 1, 2, 3], "{text}");
        }
        assert_eq!(macaddr8_input("08:00:2b:01:02:03").unwrap(), [8, 0, 0x2b, 0xff, 0xfe, 1, 2, 3]);
    }
}
