//! A described plan as text, JSON, YAML or XML.
use super::{ExplainFormat, ExplainOptions, node::Described, node::Value};
use std::fmt::Write;

/// Renders the whole answer.
pub(super) fn render(
    options: &ExplainOptions,
    top: &Described,
    settings: &[(String, String)],
    summary: &[(&'static str, f64)],
) -> String {
    match options.format {
        ExplainFormat::Text => {
            let mut out = String::new();
            text(top, 0, &mut out);
            if options.settings && !settings.is_empty() {
                let list: Vec<String> =
                    settings.iter().map(|(n, v)| format!("{n} = '{v}'")).collect();
                let _ = writeln!(out, "Settings: {}", list.join(", "));
            }
            for (name, ms) in summary {
                let _ = writeln!(out, "{name}: {ms:.3} ms");
            }
            out.truncate(out.trim_end_matches('\n').len());
            out
        }
        ExplainFormat::Json => {
            let mut out = String::from("[\n  {\n    \"Plan\": ");
            json(top, 4, &mut out);
            if options.settings && !settings.is_empty() {
                out.push_str(",\n    \"Settings\": {");
                for (i, (n, v)) in settings.iter().enumerate() {
                    let sep = if i == 0 { "" } else { "," };
                    let _ = write!(out, "{sep}\n      {}: {}", quote(n), quote(v));
                }
                out.push_str("\n    }");
            }
            for (name, ms) in summary {
                let _ = write!(out, ",\n    \"{name}\": {ms:.3}");
            }
            out.push_str("\n  }\n]");
            out
        }
        ExplainFormat::Yaml => {
            let mut out = String::from("- Plan: ");
            yaml(top, 4, false, &mut out);
            if options.settings && !settings.is_empty() {
                out.push_str("\n  Settings: ");
                for (n, v) in settings {
                    let _ = write!(out, "\n    {n}: {}", quote(v));
                }
            }
            for (name, ms) in summary {
                let _ = write!(out, "\n  {name}: {ms:.3}");
            }
            out
        }
        ExplainFormat::Xml => {
            let mut out = String::from(
                "<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n  <Query>\n",
            );
            xml(top, 4, &mut out);
            if options.settings && !settings.is_empty() {
                out.push_str("    <Settings>\n");
                for (n, v) in settings {
                    let _ = writeln!(out, "      <{n}>{}</{n}>", escape(v));
                }
                out.push_str("    </Settings>\n");
            }
            for (name, ms) in summary {
                let tag = name.replace(' ', "-");
                let _ = writeln!(out, "    <{tag}>{ms:.3}</{tag}>");
            }
            out.push_str("  </Query>\n</explain>");
            out
        }
    }
}

fn pad(n: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', n));
}

/// `level` is the depth in PostgreSQL's sense: the top is 0, children are indented by six.
fn text(n: &Described, indent: usize, out: &mut String) {
    let mut indent = indent;
    if let Some(name) = &n.subplan_name {
        pad(indent * 2, out);
        out.push_str(name);
        out.push('\n');
        indent += 1;
    }
    if indent > 0 {
        pad(indent * 2, out);
        out.push_str("->  ");
        indent += 2;
    }
    out.push_str(&n.title);
    out.push('\n');
    indent += 1;
    for line in &n.lines {
        pad(indent * 2, out);
        out.push_str(line);
        out.push('\n');
    }
    for c in &n.children {
        text(c, indent, out);
    }
}

fn quote(s: &str) -> String {
    serde_json_quote(s)
}

fn serde_json_quote(s: &str) -> String {
    let mut out = String::from("\"");
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn scalar(v: &Value) -> String {
    match v {
        Value::Text(s) => quote(s),
        Value::Number(s) => s.clone(),
        Value::Bool(b) => b.to_string(),
        Value::List(l) => {
            format!("[{}]", l.iter().map(|s| quote(s)).collect::<Vec<_>>().join(", "))
        }
    }
}

fn json(n: &Described, indent: usize, out: &mut String) {
    out.push('{');
    let mut first = true;
    for (k, v) in &n.properties {
        out.push_str(if first { "\n" } else { ",\n" });
        first = false;
        pad(indent + 2, out);
        let _ = write!(out, "\"{k}\": {}", scalar(v));
    }
    if !n.children.is_empty() {
        out.push_str(",\n");
        pad(indent + 2, out);
        out.push_str("\"Plans\": [\n");
        for (i, c) in n.children.iter().enumerate() {
            if i > 0 {
                out.push_str(",\n");
            }
            pad(indent + 4, out);
            json(c, indent + 4, out);
        }
        out.push('\n');
        pad(indent + 2, out);
        out.push(']');
    }
    out.push('\n');
    pad(indent, out);
    out.push('}');
}

fn yaml(n: &Described, indent: usize, in_list: bool, out: &mut String) {
    for (i, (k, v)) in n.properties.iter().enumerate() {
        if !(in_list && i == 0) {
            out.push('\n');
            pad(indent, out);
        }
        match v {
            Value::List(l) => {
                let _ = write!(out, "{k}: ");
                for item in l {
                    out.push('\n');
                    pad(indent + 2, out);
                    let _ = write!(out, "- {}", quote(item));
                }
            }
            v => {
                let _ = write!(out, "{k}: {}", scalar(v));
            }
        }
    }
    if !n.children.is_empty() {
        out.push('\n');
        pad(indent, out);
        out.push_str("Plans: ");
        for c in &n.children {
            out.push('\n');
            pad(indent + 2, out);
            out.push_str("- ");
            yaml(c, indent + 4, true, out);
        }
    }
}

fn escape(s: &str) -> String {
    s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn xml(n: &Described, indent: usize, out: &mut String) {
    pad(indent, out);
    out.push_str("<Plan>\n");
    for (k, v) in &n.properties {
        let tag: String = k
            .chars()
            .map(
                |c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' },
            )
            .collect();
        pad(indent + 2, out);
        match v {
            Value::List(l) => {
                let _ = writeln!(out, "<{tag}>");
                for item in l {
                    pad(indent + 4, out);
                    let _ = writeln!(out, "<Item>{}</Item>", escape(item));
                }
                pad(indent + 2, out);
                let _ = writeln!(out, "</{tag}>");
            }
            Value::Text(s) | Value::Number(s) => {
                let _ = writeln!(out, "<{tag}>{}</{tag}>", escape(s));
            }
            Value::Bool(b) => {
                let _ = writeln!(out, "<{tag}>{b}</{tag}>");
            }
        }
    }
    if !n.children.is_empty() {
        pad(indent + 2, out);
        out.push_str("<Plans>\n");
        for c in &n.children {
            xml(c, indent + 4, out);
        }
        pad(indent + 2, out);
        out.push_str("</Plans>\n");
    }
    pad(indent, out);
    out.push_str("</Plan>\n");
}
