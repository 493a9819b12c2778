//! Candidate functions for a call and the choice among them.
use crate::base_types::category;
use crate::parse_coerce::CoercionPath;
use crate::parse_state::Analyzer;
use catalog::rows::PgProc;
use error::PgResult;
use nodes::{CoercionContext, Expr};
use std::sync::Arc;
use types::{Oid, type_oid as t};

/// A function (or operator) that a call may mean.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// INVALID if several functions fit the call in the same way.
    pub oid: Oid,
    pub pathpos: usize,
    pub nominal_nargs: usize,
    /// Number of arguments that VARIADIC was expanded to, 0 if it was not.
    pub nvargs: usize,
    /// Number of arguments taken from defaults.
    pub ndargs: usize,
    /// Declared types in the call's order, defaults included.
    pub args: Vec<Oid>,
    /// With named notation: which declared argument each of `args` is.
    pub argnumbers: Option<Vec<usize>>,
}

impl Candidate {
    pub(crate) fn plain(oid: Oid, args: Vec<Oid>) -> Self {
        Candidate {
            oid,
            pathpos: 0,
            nominal_nargs: args.len(),
            nvargs: 0,
            ndargs: 0,
            args,
            argnumbers: None,
        }
    }
}

/// What a function call turned out to be.
pub(crate) enum FuncDetail {
    NotFound,
    Multiple,
    /// `typename(x)` as a cast to this type.
    Coercion(Oid),
    Found {
        proc: Arc<PgProc>,
        candidate: Candidate,
        defaults: Vec<Expr>,
    },
}

/// Options of a candidate search.
#[derive(Clone, Copy)]
pub(crate) struct CandidateOptions {
    pub expand_variadic: bool,
    pub expand_defaults: bool,
    /// Procedures: OUT arguments take part.
    pub include_out: bool,
}

impl Analyzer<'_> {
    /// All functions of a name that could take `nargs` arguments.
    pub(crate) fn function_candidates(
        &self,
        names: &[String],
        nargs: usize,
        argnames: &[&str],
        options: CandidateOptions,
    ) -> PgResult<Vec<Candidate>> {
        let (schema, name) = self.deconstruct_qualified_name(names)?;
        let namespace = match schema {
            Some("pg_catalog") => Some(Oid(11)),
            Some(schema) => Some(self.explicit_namespace(schema)?),
            None => None,
        };
        let path = self.catalog.search_path();
        let temp = self.catalog.temp_namespace();
        let mut found: Vec<Candidate> = Vec::new();
        for proc in self.catalog.procs_by_name(name)?.iter() {
            let pathpos = match namespace {
                Some(namespace) if proc.namespace == namespace => 0,
                Some(_) => continue,
                // Functions in the temporary schema must be called by qualified name.
                None => match path.iter().position(|ns| *ns == proc.namespace && Some(*ns) != temp)
                {
                    Some(pos) => pos,
                    None => continue,
                },
            };
            if let Some(candidate) = fit(proc, nargs, argnames, options, pathpos) {
                keep_best(&mut found, candidate);
            }
        }
        Ok(found)
    }

    /// Those whose argument types the actual ones convert to implicitly.
    pub(crate) fn match_argtypes(
        &self,
        inputs: &[Oid],
        candidates: Vec<Candidate>,
    ) -> PgResult<Vec<Candidate>> {
        let mut matching = Vec::new();
        for candidate in candidates {
            if self.can_coerce_types(inputs, &candidate.args, CoercionContext::Implicit)? {
                matching.push(candidate);
            }
        }
        Ok(matching)
    }

    /// The best of several matching candidates by the rules of the manual's "Type Conversion";
    /// `None` if the call is ambiguous.
    pub(crate) fn select_candidate(
        &self,
        inputs: &[Oid],
        candidates: Vec<Candidate>,
    ) -> PgResult<Option<Candidate>> {
        let mut bases = Vec::with_capacity(inputs.len());
        for input in inputs {
            bases.push(if *input == t::UNKNOWN { t::UNKNOWN } else { self.base_type(*input)? });
        }
        let unknowns = bases.iter().filter(|b| **b == t::UNKNOWN).count();

        // Most exact matches.
        let candidates = keep_highest(candidates, |c| {
            Ok(bases
                .iter()
                .zip(&c.args)
                .filter(|(base, arg)| **base != t::UNKNOWN && base == arg)
                .count())
        })?;
        if candidates.len() == 1 {
            return Ok(candidates.into_iter().next());
        }

        // Most exact matches or preferred types of the input's category.
        let mut categories = Vec::with_capacity(bases.len());
        for base in &bases {
            categories.push(self.type_category(*base)?.0);
        }
        let candidates = keep_highest(candidates, |c| {
            let mut count = 0;
            for (i, base) in bases.iter().enumerate() {
                if *base == t::UNKNOWN {
                    continue;
                }
                if c.args[i] == *base {
                    count += 1;
                } else {
                    let (category, preferred) = self.type_category(c.args[i])?;
                    count += usize::from(preferred && category == categories[i]);
                }
            }
            Ok(count)
        })?;
        if candidates.len() == 1 {
            return Ok(candidates.into_iter().next());
        }
        if unknowns == 0 {
            return Ok(None);
        }
        let candidates = self.narrow_by_category(&bases, candidates)?;
        if candidates.len() == 1 {
            return Ok(candidates.into_iter().next());
        }
        self.assume_known_type(&bases, unknowns, candidates)
    }

    /// For untyped literals: the category that all candidates agree on, or strings if any wants one.
    fn narrow_by_category(
        &self,
        bases: &[Oid],
        candidates: Vec<Candidate>,
    ) -> PgResult<Vec<Candidate>> {
        let mut slots: Vec<Option<(char, bool)>> = vec![None; bases.len()];
        for (i, base) in bases.iter().enumerate() {
            if *base != t::UNKNOWN {
                continue;
            }
            let mut slot: Option<(char, bool)> = None;
            let mut conflict = false;
            for candidate in &candidates {
                let (current, preferred) = self.type_category(candidate.args[i])?;
                match &mut slot {
                    None => slot = Some((current, preferred)),
                    Some((category, has_preferred)) if *category == current => {
                        *has_preferred |= preferred;
                    }
                    Some(slot) if current == category::STRING => *slot = (current, preferred),
                    Some(_) => conflict = true,
                }
            }
            if conflict && slot.is_none_or(|(c, _)| c != category::STRING) {
                return Ok(candidates);
            }
            slots[i] = slot;
        }
        let mut kept = Vec::new();
        for candidate in &candidates {
            let mut keep = true;
            for (i, slot) in slots.iter().enumerate() {
                let Some((wanted, has_preferred)) = *slot else { continue };
                let (current, preferred) = self.type_category(candidate.args[i])?;
                if current != wanted || has_preferred && !preferred {
                    keep = false;
                    break;
                }
            }
            if keep {
                kept.push(candidate.clone());
            }
        }
        Ok(if kept.is_empty() { candidates } else { kept })
    }

    /// If all typed arguments have one type, tries that for the untyped ones too.
    fn assume_known_type(
        &self,
        bases: &[Oid],
        unknowns: usize,
        candidates: Vec<Candidate>,
    ) -> PgResult<Option<Candidate>> {
        if unknowns == bases.len() {
            return Ok(None);
        }
        let mut known = bases.iter().filter(|b| **b != t::UNKNOWN);
        let Some(first) = known.next().copied() else { return Ok(None) };
        if known.any(|b| *b != first) {
            return Ok(None);
        }
        let assumed = vec![first; bases.len()];
        let mut fitting = self.match_argtypes(&assumed, candidates)?;
        Ok(if fitting.len() == 1 { fitting.pop() } else { None })
    }

    /// Resolves a call by name and actual types.
    pub(crate) fn func_get_detail(
        &self,
        names: &[String],
        args: &[Expr],
        argnames: &[&str],
        actual: &[Oid],
        options: CandidateOptions,
    ) -> PgResult<FuncDetail> {
        let nargs = actual.len();
        let raw = self.function_candidates(names, nargs, argnames, options)?;
        let exact = raw.iter().find(|c| c.args[..nargs] == *actual).cloned();
        let best = match exact {
            Some(exact) => Some(exact),
            None => {
                if nargs == 1 && args.len() == 1 && argnames.is_empty() {
                    if let Some(target) = self.call_as_coercion(names, actual[0])? {
                        return Ok(FuncDetail::Coercion(target));
                    }
                }
                let mut matching = self.match_argtypes(actual, raw)?;
                match matching.len() {
                    0 => None,
                    1 => matching.pop(),
                    _ => match self.select_candidate(actual, matching)? {
                        Some(best) => Some(best),
                        None => return Ok(FuncDetail::Multiple),
                    },
                }
            }
        };
        let Some(candidate) = best else { return Ok(FuncDetail::NotFound) };
        if !candidate.oid.is_valid() {
            return Ok(FuncDetail::Multiple);
        }
        // VARIADIC with named arguments must name the variadic parameter itself.
        if let Some(numbers) = &candidate.argnumbers {
            if !options.expand_variadic && nargs > 0 && numbers[nargs - 1] != nargs - 1 {
                return Ok(FuncDetail::NotFound);
            }
        }
        let proc = self.catalog.get_proc(candidate.oid)?;
        let defaults = used_defaults(&proc, &candidate);
        Ok(FuncDetail::Found { proc, candidate, defaults })
    }

    /// The plain function that arguments of these types would call, with its declared types; neither
    /// VARIADIC nor defaults are expanded.
    pub fn function_for_types(
        &self,
        names: &[String],
        actual: &[Oid],
    ) -> PgResult<Option<(Arc<PgProc>, Vec<Oid>)>> {
        let options =
            CandidateOptions { expand_variadic: false, expand_defaults: false, include_out: false };
        match self.func_get_detail(names, &[], &[], actual, options)? {
            FuncDetail::Found { proc, candidate, .. } if proc.kind == 'f' => {
                Ok(Some((proc, candidate.args)))
            }
            _ => Ok(None),
        }
    }

    /// The type that `name(arg)` casts to, if it is a cast written as a call.
    fn call_as_coercion(&self, names: &[String], source: Oid) -> PgResult<Option<Oid>> {
        let (schema, name) = self.deconstruct_qualified_name(names)?;
        let found = match schema {
            Some(schema) => {
                let namespace = self.explicit_namespace(schema)?;
                self.catalog.lookup_type_by_name(namespace, name)?
            }
            None => {
                let temp = self.catalog.temp_namespace();
                let mut found = None;
                for namespace in self.catalog.search_path().iter() {
                    if Some(*namespace) == temp {
                        continue;
                    }
                    found = self.catalog.lookup_type_by_name(*namespace, name)?;
                    if found.is_some() {
                        break;
                    }
                }
                found
            }
        };
        let Some(target) = found.filter(|typ| typ.defined && typ.typtype != 'c').map(|typ| typ.oid)
        else {
            return Ok(None);
        };
        // `type('literal')` always is one.
        if source == t::UNKNOWN {
            return Ok(Some(target));
        }
        let is_coercion =
            match self.find_coercion_pathway(target, source, CoercionContext::Explicit)? {
                CoercionPath::Relabel => true,
                CoercionPath::ViaIo => {
                    !((source == t::RECORD || self.is_complex(source)?)
                        && self.type_category(target)?.0 == category::STRING)
                }
                _ => false,
            };
        Ok(is_coercion.then_some(target))
    }
}

/// How a function could take the call, if it can.
fn fit(
    proc: &PgProc,
    nargs: usize,
    argnames: &[&str],
    options: CandidateOptions,
    pathpos: usize,
) -> Option<Candidate> {
    let argtypes: &[Oid] = if options.include_out && !proc.allargtypes.is_empty() {
        &proc.allargtypes
    } else {
        &proc.argtypes
    };
    let pronargs = argtypes.len();
    let use_defaults = pronargs > nargs && options.expand_defaults;
    if use_defaults && nargs + (proc.nargdefaults as usize) < pronargs {
        return None;
    }
    let mut argnumbers = None;
    let mut variadic = false;
    if argnames.is_empty() {
        variadic = pronargs <= nargs && options.expand_variadic && proc.variadic.is_valid();
        if pronargs != nargs && !variadic && !use_defaults {
            return None;
        }
    } else {
        if proc.variadic.is_valid() && options.expand_variadic || pronargs != nargs && !use_defaults
        {
            return None;
        }
        argnumbers = Some(match_named_call(proc, nargs, argnames, options.include_out, pronargs)?);
    }
    let mut args: Vec<Oid> = match &argnumbers {
        Some(numbers) => numbers.iter().map(|n| argtypes[*n]).collect(),
        None => argtypes.to_vec(),
    };
    let effective = pronargs.max(nargs);
    let mut nvargs = 0;
    if variadic {
        args.truncate(pronargs - 1);
        args.resize(effective, proc.variadic);
        nvargs = effective - pronargs + 1;
    }
    Some(Candidate {
        oid: proc.oid,
        pathpos,
        nominal_nargs: pronargs,
        nvargs,
        ndargs: if use_defaults { pronargs - nargs } else { 0 },
        args,
        argnumbers,
    })
}

/// Positions of a call's arguments, positional ones first, then those of omitted defaults.
fn match_named_call(
    proc: &PgProc,
    nargs: usize,
    argnames: &[&str],
    include_out: bool,
    pronargs: usize,
) -> Option<Vec<usize>> {
    if proc.argnames.is_empty() {
        return None;
    }
    let positional = nargs - argnames.len();
    // Names of the parameters that can be given, in order.
    let input_names: Vec<&str> = proc
        .argnames
        .iter()
        .enumerate()
        .filter(|(i, _)| {
            include_out || proc.argmodes.get(*i).is_none_or(|m| matches!(m, 'i' | 'b' | 'v'))
        })
        .map(|(_, name)| name.as_str())
        .collect();
    let mut given = vec![false; input_names.len().max(pronargs)];
    let mut numbers: Vec<usize> = (0..positional).collect();
    given[..positional].fill(true);
    for name in argnames {
        let position = input_names.iter().position(|n| !n.is_empty() && n == name)?;
        if given[position] {
            return None;
        }
        given[position] = true;
        numbers.push(position);
    }
    let first_default = pronargs - proc.nargdefaults as usize;
    for (position, given) in given.iter().enumerate().take(pronargs).skip(positional) {
        if !given {
            if position < first_default {
                return None;
            }
            numbers.push(position);
        }
    }
    Some(numbers)
}

/// Adds a candidate, settling which of two with the same arguments wins.
fn keep_best(found: &mut Vec<Candidate>, new: Candidate) {
    let compared = new.args.len() - new.ndargs;
    let previous = found.iter().position(|old| {
        old.args.len() - old.ndargs == compared && old.args[..compared] == new.args[..compared]
    });
    let Some(index) = previous else {
        found.push(new);
        return;
    };
    let old = &mut found[index];
    if new.pathpos != old.pathpos {
        if new.pathpos < old.pathpos {
            *old = new;
        }
    } else if new.nvargs > 0 && old.nvargs == 0 {
        // A function without VARIADIC is better.
    } else if new.nvargs == 0 && old.nvargs > 0 {
        *old = new;
    } else {
        old.oid = Oid::INVALID;
    }
}

fn keep_highest(
    candidates: Vec<Candidate>,
    score: impl Fn(&Candidate) -> PgResult<usize>,
) -> PgResult<Vec<Candidate>> {
    let mut best = 0;
    let mut kept = Vec::new();
    for candidate in candidates {
        let points = score(&candidate)?;
        if points > best {
            best = points;
            kept.clear();
        }
        if points == best {
            kept.push(candidate);
        }
    }
    Ok(kept)
}

/// Default expressions for the arguments that the call leaves out.
fn used_defaults(proc: &PgProc, candidate: &Candidate) -> Vec<Expr> {
    if candidate.ndargs == 0 {
        return Vec::new();
    }
    let defaults = &proc.argdefaults;
    match &candidate.argnumbers {
        None => defaults[defaults.len().saturating_sub(candidate.ndargs)..].to_vec(),
        Some(numbers) => {
            let omitted = &numbers[numbers.len() - candidate.ndargs..];
            let first = candidate.nominal_nargs - defaults.len();
            defaults
                .iter()
                .enumerate()
                .filter(|(i, _)| omitted.contains(&(first + i)))
                .map(|(_, default)| default.clone())
                .collect()
        }
    }
}
