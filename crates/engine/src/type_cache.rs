//! Resolved functions and type support functions, kept while the catalog does not change.
use crate::context::StatementContext;
use catalog::CatalogRead;
use dashmap::DashMap;
use error::{PgError, PgResult, err};
use fmgr::{CallContext, CallSite, FnBody, FnInfo, Volatility};
use std::sync::Arc;
use types::{Datum, Oid};

/// Language of built-in bodies.
const LANG_INTERNAL: Oid = Oid(12);
/// Language of functions in loadable modules; those that ship with PostgreSQL are built in here.
const LANG_C: Oid = Oid(13);
/// btree.
const BTREE_AM: Oid = Oid(403);
/// hash.
const HASH_AM: Oid = Oid(405);

/// A value that holds while the catalog stands at `version`.
type Versioned<T> = (u64, Arc<T>);

/// Caches of an engine, shared by its sessions.
#[derive(Default)]
pub(crate) struct TypeCache {
    functions: DashMap<Oid, Versioned<FnInfo>>,
    types: DashMap<Oid, Versioned<TypeSupport>>,
}

/// A type's support functions.
#[derive(Clone)]
pub(crate) struct TypeSupport {
    pub(crate) typ: Arc<catalog::PgType>,
    pub(crate) input: Option<Arc<FnInfo>>,
    pub(crate) output: Option<Arc<FnInfo>>,
    pub(crate) receive: Option<Arc<FnInfo>>,
    pub(crate) send: Option<Arc<FnInfo>>,
    pub(crate) compare: Option<Arc<FnInfo>>,
    pub(crate) hash: Option<Arc<FnInfo>>,
}

impl StatementContext<'_> {
    /// Whether entries of the shared caches say what this session sees about an object.
    fn may_share(&self, oid: Oid) -> bool {
        !oid.ge(&Oid::FIRST_NORMAL) || !self.catalog.is_dirty()
    }

    pub(crate) fn function(&self, funcid: Oid) -> PgResult<Arc<FnInfo>> {
        let cache = &self.core.engine.types.functions;
        let share = self.may_share(funcid);
        let version = self.catalog.proc_version(funcid);
        if share
            && let Some(entry) = cache.get(&funcid)
            && entry.0 == version
        {
            return Ok(entry.1.clone());
        }
        let info = Arc::new(self.load_function(funcid)?);
        if share {
            cache.insert(funcid, (version, info.clone()));
        }
        Ok(info)
    }

    fn load_function(&self, funcid: Oid) -> PgResult<FnInfo> {
        let Some(p) = self.catalog.lookup_proc(funcid)? else {
            return Err(PgError::internal(format!("cache lookup failed for function {funcid}")));
        };
        let body = match (p.kind, p.lang) {
            ('a', _) => FnBody::Aggregate,
            (_, LANG_C) if p.bin.is_some() => self.module_body(&p),
            (_, LANG_INTERNAL | LANG_C) => {
                self.core.engine.registry.get(&p.src).cloned().unwrap_or(FnBody::Missing)
            }
            _ => self.language_body(&p)?,
        };
        Ok(FnInfo {
            oid: funcid,
            name: p.name.clone(),
            prosrc: p.src.clone(),
            strict: p.strict,
            retset: p.retset,
            volatility: match p.volatile {
                'i' => Volatility::Immutable,
                's' => Volatility::Stable,
                _ => Volatility::Volatile,
            },
            rettype: p.rettype,
            argtypes: p.argtypes.clone(),
            body,
        })
    }

    /// A function of a module; one whose module this server lacks raises an error when it is called.
    fn module_body(&self, p: &catalog::PgProc) -> FnBody {
        let modules = &self.core.engine.modules;
        // What PostgreSQL's own libraries (conversions, say) have is built in.
        let library = p.bin.as_deref().unwrap_or_default();
        let body = modules.get(library).and_then(|m| m.get(&p.src));
        body.or_else(|| self.core.engine.registry.get(&p.src)).cloned().unwrap_or(FnBody::Missing)
    }

    /// A type's support functions.
    pub(crate) fn type_support(&self, oid: Oid) -> PgResult<Arc<TypeSupport>> {
        let cache = &self.core.engine.types.types;
        let share = self.may_share(oid);
        let version = self.catalog.type_version(oid);
        if share
            && let Some(entry) = cache.get(&oid)
            && entry.0 == version
        {
            return Ok(entry.1.clone());
        }
        let typ = self.catalog.get_type(oid)?;
        let function = |oid: Oid| oid.valid().map(|oid| self.function(oid)).transpose();
        let support = Arc::new(TypeSupport {
            input: function(typ.input)?,
            output: function(typ.output)?,
            receive: function(typ.receive)?,
            send: function(typ.send)?,
            compare: self.opclass_function(oid, BTREE_AM, 1)?,
            hash: self.opclass_function(oid, HASH_AM, 1)?,
            typ,
        });
        if share {
            cache.insert(oid, (version, support.clone()));
        }
        Ok(support)
    }

    fn opclass_function(&self, typ: Oid, am: Oid, number: i16) -> PgResult<Option<Arc<FnInfo>>> {
        let Some(class) = self.catalog.default_opclass(typ, am)? else { return Ok(None) };
        let function =
            self.catalog.opfamily_proc(class.family, class.intype, class.intype, number)?;
        function.valid().map(|oid| self.function(oid)).transpose()
    }

    /// Calls a support function.
    pub(crate) fn call_support(
        &self,
        function: &FnInfo,
        args: &mut [Datum],
        collation: Oid,
        typ: Oid,
    ) -> PgResult<Datum> {
        let site = CallSite {
            collation,
            arg_types: function.argtypes.iter().map(|t| self.actual_type(*t, typ)).collect(),
            ret_type: self.actual_type(function.rettype, typ),
            ret_typmod: -1,
            ..CallSite::default()
        };
        let mut cache = None;
        let mut cx =
            CallContext { session: self, site: &site, cache: &mut cache, in_aggregate: false };
        function.call(&mut cx, args)
    }

    /// A polymorphic declared type stands for the type whose support function is called.
    fn actual_type(&self, declared: Oid, actual: Oid) -> Oid {
        use types::type_oid as t;
        match declared {
            t::ANYARRAY
            | t::ANYENUM
            | t::ANYRANGE
            | t::ANYMULTIRANGE
            | t::ANYELEMENT
            | t::RECORD
            | t::ANY => actual,
            other => other,
        }
    }

    pub(crate) fn input_value(&self, typ: Oid, typmod: i32, text: &str) -> PgResult<Datum> {
        let support = self.type_support(typ)?;
        let Some(function) = &support.input else { return Err(no_function(&support, "input")) };
        let mut args = [Datum::text(text), Datum::Oid(io_param(&support)), Datum::Int4(typmod)];
        let n = function.argtypes.len().min(3);
        self.call_support(function, &mut args[..n], Oid::INVALID, typ)
    }

    /// NULL as a value of a domain, whose constraints may refuse it.
    pub(crate) fn null_of_domain(&self, typ: Oid) -> PgResult<Datum> {
        let support = self.type_support(typ)?;
        let Some(function) = &support.input else { return Err(no_function(&support, "input")) };
        let mut args = [Datum::Null, Datum::Oid(io_param(&support)), Datum::Int4(-1)];
        let n = function.argtypes.len().min(3);
        self.call_support(function, &mut args[..n], Oid::INVALID, typ)
    }

    pub(crate) fn output_value(&self, typ: Oid, value: &Datum, out: &mut Vec<u8>) -> PgResult<()> {
        let support = self.type_support(typ)?;
        let Some(function) = &support.output else { return Err(no_function(&support, "output")) };
        let text = self.call_support(function, &mut [value.clone()], Oid::INVALID, typ)?;
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    pub(crate) fn receive_value(&self, typ: Oid, typmod: i32, bytes: &[u8]) -> PgResult<Datum> {
        let support = self.type_support(typ)?;
        let Some(function) = &support.receive else {
            return Err(no_function(&support, "binary input"));
        };
        let mut args = [Datum::bytes(bytes), Datum::Oid(io_param(&support)), Datum::Int4(typmod)];
        let n = function.argtypes.len().min(3);
        self.call_support(function, &mut args[..n], Oid::INVALID, typ)
    }

    pub(crate) fn send_value(&self, typ: Oid, value: &Datum, out: &mut Vec<u8>) -> PgResult<()> {
        let support = self.type_support(typ)?;
        let Some(function) = &support.send else {
            return Err(no_function(&support, "binary output"));
        };
        let bytes = self.call_support(function, &mut [value.clone()], Oid::INVALID, typ)?;
        out.extend_from_slice(bytes.as_bytes());
        Ok(())
    }

    pub(crate) fn compare_values(
        &self,
        typ: Oid,
        collation: Oid,
        a: &Datum,
        b: &Datum,
    ) -> PgResult<std::cmp::Ordering> {
        let support = self.type_support(typ)?;
        let Some(function) = &support.compare else {
            return Err(err!(
                UNDEFINED_FUNCTION,
                "could not identify a comparison function for type {}",
                self.catalog.format_type(typ, None)?
            ));
        };
        let result = self.call_support(function, &mut [a.clone(), b.clone()], collation, typ)?;
        Ok(result.as_i32().cmp(&0))
    }

    pub(crate) fn values_equal(
        &self,
        typ: Oid,
        collation: Oid,
        a: &Datum,
        b: &Datum,
    ) -> PgResult<bool> {
        if self.type_support(typ)?.compare.is_some() {
            return Ok(self.compare_values(typ, collation, a, b)?.is_eq());
        }
        // Types that hash but do not sort (xid, aclitem, …).
        let equal = match self.catalog.default_opclass(typ, HASH_AM)? {
            Some(class) => {
                self.catalog.opfamily_member(class.family, class.intype, class.intype, 1)?
            }
            None => Oid::INVALID,
        };
        let Some(operator) = self.catalog.lookup_operator(equal)? else {
            return Err(err!(
                UNDEFINED_FUNCTION,
                "could not identify an equality operator for type {}",
                self.catalog.format_type(typ, None)?
            ));
        };
        let function = self.function(operator.code)?;
        let result = self.call_support(&function, &mut [a.clone(), b.clone()], collation, typ)?;
        Ok(result.as_bool())
    }

    pub(crate) fn hash_value(&self, typ: Oid, collation: Oid, value: &Datum) -> PgResult<u32> {
        let support = self.type_support(typ)?;
        let Some(function) = &support.hash else {
            return Err(err!(
                UNDEFINED_FUNCTION,
                "could not identify a hash function for type {}",
                self.catalog.format_type(typ, None)?
            ));
        };
        let result = self.call_support(function, &mut [value.clone()], collation, typ)?;
        Ok(result.as_i32() as u32)
    }
}

/// What an input function gets to know about its type: an array's element type, else the type itself.
fn io_param(support: &TypeSupport) -> Oid {
    support.typ.elem.valid().unwrap_or(support.typ.oid)
}

#[cold]
fn no_function(support: &TypeSupport, what: &str) -> PgError {
    if !support.typ.defined {
        return err!(UNDEFINED_OBJECT, "type {} is only a shell", support.typ.name);
    }
    err!(UNDEFINED_FUNCTION, "no {what} function available for type {}", support.typ.name)
}
