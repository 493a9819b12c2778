//! `test_canonicalize_path`: file names without detours.
use fmgr::Registry;
use types::Datum;

pub(crate) fn register(r: &mut Registry) {
    r.scalar("test_canonicalize_path", |_cx, a| Ok(Datum::text(&canonical(a[0].as_str()))));
}

/// The path without `.`, doubled and trailing slashes, and `..` where it cancels a name; a relative path
/// keeps the `..` that lead out of it.
fn canonical(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&"..") => parts.push(".."),
                Some(_) => drop(parts.pop()),
                None if absolute => {}
                None => parts.push(".."),
            },
            name => parts.push(name),
        }
    }
    let joined = parts.join("/");
    match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) if path.is_empty() => joined,
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn detours_go() {
        for (path, expected) in [
            ("/", "/"),
            ("/./../abc/def", "/abc/def"),
            ("/abc/.././def/", "/def"),
            ("./abc/../../def", "../def"),
            ("abc/..", "."),
            ("../../a//b/", "../../a/b"),
            ("", ""),
        ] {
            assert_eq!(canonical(path), expected, "{path}");
        }
    }
}
