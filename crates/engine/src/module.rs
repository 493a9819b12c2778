//! Modules: libraries of functions for `LANGUAGE C` that are part of the server binary.
//!
//! A function names its library as PostgreSQL's do, by a path. The path's file name says which module is
//! meant; nothing is loaded from the file system.
use error::{PgResult, err};
use fmgr::{FnBody, Module, Registry};
use std::path::Path;

/// The modules that an engine was opened with.
pub(crate) struct Modules(Vec<(&'static str, Registry)>);

impl Modules {
    pub(crate) fn new(modules: &[Module]) -> Self {
        let load = |module: &Module| {
            let mut registry = Registry::default();
            (module.register)(&mut registry);
            (module.name, registry)
        };
        Modules(modules.iter().map(load).collect())
    }

    /// The module that a path names.
    pub(crate) fn get(&self, library: &str) -> Option<&Registry> {
        let name = Path::new(library).file_name()?.to_str()?;
        let name = name.strip_suffix(".so").unwrap_or(name);
        self.0.iter().find(|(n, _)| *n == name).map(|(_, registry)| registry)
    }

    /// The same, which must be there.
    pub(crate) fn load(&self, library: &str) -> PgResult<&Registry> {
        self.get(library).ok_or_else(|| {
            // Without a directory the name is looked for where libraries are installed.
            let name = library.strip_prefix("$libdir/").filter(|n| !n.contains('/'));
            let name = name.unwrap_or(library);
            if name.contains('/') && Path::new(name).is_file() {
                return error::not_supported!("functions in C libraries");
            }
            err!(UNDEFINED_FILE, "could not access file \"{name}\": No such file or directory")
        })
    }

    /// A function of a library, which must be there.
    pub(crate) fn function(&self, library: &str, symbol: &str) -> PgResult<&FnBody> {
        self.load(library)?.get(symbol).ok_or_else(|| {
            err!(UNDEFINED_FUNCTION, "could not find function \"{symbol}\" in file \"{library}\"")
        })
    }
}
