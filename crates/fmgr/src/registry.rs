//! The table of built-in bodies, keyed by prosrc.
use crate::{FnBody, PgFunction, PgSetFunction, PgTriggerFunction, PgWindowFunction};
use std::collections::HashMap;

/// A registered body.
#[derive(Clone)]
pub struct RegistryEntry {
    /// The body.
    pub body: FnBody,
}

/// All built-in bodies. Filled once at start by `functions::register_all`.
#[derive(Default)]
pub struct Registry {
    bodies: HashMap<&'static str, RegistryEntry>,
}

impl Registry {
    /// Registers a scalar function.
    pub fn scalar(&mut self, prosrc: &'static str, body: PgFunction) {
        self.insert(prosrc, FnBody::Scalar(body));
    }

    /// Registers several scalar functions.
    pub fn scalars(&mut self, bodies: &[(&'static str, PgFunction)]) {
        for (prosrc, body) in bodies {
            self.scalar(prosrc, *body);
        }
    }

    /// Registers a set-returning function.
    pub fn set(&mut self, prosrc: &'static str, body: PgSetFunction) {
        self.insert(prosrc, FnBody::Set(body));
    }

    /// Registers a window function.
    pub fn window(&mut self, prosrc: &'static str, body: PgWindowFunction) {
        self.insert(prosrc, FnBody::Window(body));
    }

    /// Registers a trigger function.
    pub fn trigger(&mut self, prosrc: &'static str, body: PgTriggerFunction) {
        self.insert(prosrc, FnBody::Trigger(body));
    }

    /// The body for a prosrc.
    pub fn get(&self, prosrc: &str) -> Option<&FnBody> {
        self.bodies.get(prosrc).map(|entry| &entry.body)
    }

    /// All registered names, unordered.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.bodies.keys().copied()
    }

    fn insert(&mut self, prosrc: &'static str, body: FnBody) {
        let previous = self.bodies.insert(prosrc, RegistryEntry { body });
        assert!(previous.is_none(), "invariant: {prosrc} is registered once");
    }
}
