//! SQL identifiers as XML names and back (SQL/XML's `_xHHHH_` escapes).

/// Characters that may start an XML name.
pub fn is_name_start(c: char) -> bool {
    matches!(c, 'A'..='Z' | 'a'..='z' | '_' | ':' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}'
        | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// Characters that may stand in an XML name.
pub fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '0'..='9' | '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}'
            | '\u{203f}'..='\u{2040}')
}

/// An identifier as an XML name. `fully_escaped` also escapes colons and a leading `xml`.
pub fn from_identifier(ident: &str, fully_escaped: bool, escape_period: bool) -> String {
    let mut out = String::with_capacity(ident.len());
    for (i, c) in ident.char_indices() {
        let rest = &ident[i..];
        let reserved = rest.get(..3).is_some_and(|p| p.eq_ignore_ascii_case("xml"));
        let special = (c == ':' && (i == 0 || fully_escaped))
            || (c == '_' && rest[1..].starts_with('x'))
            || (fully_escaped && i == 0 && reserved)
            || (escape_period && c == '.');
        let allowed = if i == 0 { is_name_start(c) } else { is_name_char(c) };
        let escaped = special || !allowed;
        if escaped {
            out.push_str(&format!("_x{:04X}_", c as u32));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(from_identifier("a b", false, false), "a_x0020_b");
        assert_eq!(from_identifier("xmlfoo", true, false), "_x0078_mlfoo");
        assert_eq!(from_identifier("_xa:1", true, false), "_x005F_xa_x003A_1");
        assert_eq!(from_identifier("1a.b", false, true), "_x0031_a_x002E_b");
    }
}
