//! Functions that come with the server binary but not with every one: what `LANGUAGE C` finds.
use crate::Registry;

/// A library of functions, compiled in. A server is started with the modules its binary hands it.
#[derive(Clone, Copy)]
pub struct Module {
    /// The name of its file, without directory and suffix.
    pub name: &'static str,
    /// Registers its functions by their link symbols.
    pub register: fn(&mut Registry),
}
