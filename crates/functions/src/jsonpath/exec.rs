//! Evaluates expressions and accessors.
use super::item::Item;
use error::{PgError, PgResult, SqlState, bail, err};
use fmgr::FnContext;
use types::{
    jsonb::{Jsonb, ObjectView},
    jsonpath::{Accessor, BinaryOp, Expr, Primary},
    numeric,
};

/// Errors that neither predicates nor `silent` turn into "unknown".
pub(super) fn is_hard(e: &PgError) -> bool {
    matches!(e.sqlstate(), SqlState::UNDEFINED_OBJECT | SqlState::FEATURE_NOT_SUPPORTED)
}

/// The state of one execution.
pub(super) struct Executor<'a, 's> {
    pub(super) session: &'s dyn FnContext,
    pub(super) lax: bool,
    root: Jsonb<'a>,
    vars: Option<ObjectView<'a>>,
    pub(super) use_zone: bool,
    /// Sizes of the arrays being subscripted, for `last`.
    array_sizes: Vec<usize>,
}

impl<'a, 's> Executor<'a, 's> {
    pub(super) fn new(
        session: &'s dyn FnContext,
        lax: bool,
        root: Jsonb<'a>,
        vars: Option<ObjectView<'a>>,
        use_zone: bool,
    ) -> Self {
        Executor { session, lax, root, vars, use_zone, array_sizes: Vec::new() }
    }

    /// Items of the whole path.
    pub(super) fn run(&mut self, expr: &Expr) -> PgResult<Vec<Item<'a>>> {
        let root = Item::View(self.root);
        self.eval(expr, &root)
    }

    /// Items of an expression; `current` is what `@` means.
    pub(super) fn eval(&mut self, expr: &Expr, current: &Item<'a>) -> PgResult<Vec<Item<'a>>> {
        match expr {
            Expr::Path(primary, accessors) => {
                let mut items = self.primary(primary, current)?;
                for accessor in accessors {
                    let mut next = Vec::new();
                    for item in &items {
                        self.access(accessor, item, self.lax, &mut next)?;
                    }
                    items = next;
                }
                Ok(items)
            }
            Expr::Binary(
                op
                @ (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod),
                left,
                right,
            ) => self.arithmetic(*op, left, right, current).map(|v| vec![v]),
            Expr::Sign(minus, inner) => self.signed(*minus, inner, current),
            predicate => {
                let value = match self.predicate(predicate, current)? {
                    Some(v) => Jsonb::Bool(v),
                    None => Jsonb::Null,
                };
                Ok(vec![Item::View(value)])
            }
        }
    }

    /// [`Self::eval`] with arrays unwrapped one level in lax mode.
    pub(super) fn eval_unwrapped(
        &mut self,
        expr: &Expr,
        current: &Item<'a>,
    ) -> PgResult<Vec<Item<'a>>> {
        let items = self.eval(expr, current)?;
        if !self.lax {
            return Ok(items);
        }
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            match item.parts()? {
                Some(parts) => out.extend(parts),
                None => out.push(item),
            }
        }
        Ok(out)
    }

    fn primary(&mut self, primary: &Primary, current: &Item<'a>) -> PgResult<Vec<Item<'a>>> {
        Ok(vec![match primary {
            Primary::Root => Item::View(self.root),
            Primary::Current => current.clone(),
            Primary::Last => {
                let size = self.array_sizes.last().copied().unwrap_or(0);
                Item::Number(numeric::from_i64(size as i64 - 1))
            }
            Primary::Variable(name) => match self.vars.and_then(|vars| vars.get(name)) {
                Some(value) => Item::View(value),
                None => bail!(UNDEFINED_OBJECT, "could not find jsonpath variable \"{name}\""),
            },
            Primary::Null => Item::View(Jsonb::Null),
            Primary::Bool(v) => Item::View(Jsonb::Bool(*v)),
            Primary::Number(v) => Item::Number(v.clone()),
            Primary::String(v) => Item::String(v.clone()),
            Primary::Paren(inner) => return self.eval(inner, current),
        }])
    }

    fn single_number(
        &mut self,
        expr: &Expr,
        current: &Item<'a>,
        side: &str,
        op: BinaryOp,
    ) -> PgResult<types::Varlena> {
        let items = self.eval_unwrapped(expr, current)?;
        if let [item] = &items[..] {
            if let Some(Jsonb::Number(v)) = item.view() {
                return Ok(types::Varlena::new(v));
            }
        }
        bail!(
            SINGLETON_SQL_JSON_ITEM_REQUIRED,
            "{side} operand of jsonpath operator {} is not a single numeric value",
            op.as_str()
        )
    }

    fn arithmetic(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        current: &Item<'a>,
    ) -> PgResult<Item<'a>> {
        let x = self.single_number(left, current, "left", op)?;
        let y = self.single_number(right, current, "right", op)?;
        let result = match op {
            BinaryOp::Add => numeric::add(&x, &y),
            BinaryOp::Sub => numeric::sub(&x, &y),
            BinaryOp::Mul => numeric::mul(&x, &y),
            BinaryOp::Div => numeric::div(&x, &y),
            _ => numeric::modulo(&x, &y),
        };
        result.map(Item::Number)
    }

    fn signed(&mut self, minus: bool, inner: &Expr, current: &Item<'a>) -> PgResult<Vec<Item<'a>>> {
        let items = self.eval_unwrapped(inner, current)?;
        items
            .iter()
            .map(|item| match item.view() {
                Some(Jsonb::Number(v)) if minus => numeric::uminus(v).map(Item::Number),
                Some(Jsonb::Number(v)) => Ok(Item::Number(types::Varlena::new(v))),
                _ => bail!(
                    SQL_JSON_NUMBER_NOT_FOUND,
                    "operand of unary jsonpath operator {} is not a numeric value",
                    if minus { "-" } else { "+" }
                ),
            })
            .collect()
    }

    /// Applies an accessor, to the elements if the item is an array and `unwrap` is set.
    pub(super) fn access(
        &mut self,
        accessor: &Accessor,
        item: &Item<'a>,
        unwrap: bool,
        out: &mut Vec<Item<'a>>,
    ) -> PgResult<()> {
        match accessor {
            Accessor::Key(key) => match item.member(key)? {
                Some(Some(value)) => out.push(value),
                Some(None) if self.lax => {}
                Some(None) => {
                    bail!(SQL_JSON_MEMBER_NOT_FOUND, "JSON object does not contain key \"{key}\"")
                }
                None => {
                    return self.unwrap_or(accessor, item, unwrap, out, || {
                        err!(
                            SQL_JSON_MEMBER_NOT_FOUND,
                            "jsonpath member accessor can only be applied to an object"
                        )
                    });
                }
            },
            Accessor::AnyKey => match item.members()? {
                Some(members) => out.extend(members.into_iter().map(|(_, v)| v)),
                None => {
                    return self.unwrap_or(accessor, item, unwrap, out, || {
                        err!(
                            SQL_JSON_OBJECT_NOT_FOUND,
                            "jsonpath wildcard member accessor can only be applied to an object"
                        )
                    });
                }
            },
            Accessor::AnyElement => match item.parts()? {
                Some(parts) => out.extend(parts),
                None if self.lax => out.push(item.clone()),
                None => bail!(
                    SQL_JSON_ARRAY_NOT_FOUND,
                    "jsonpath wildcard array accessor can only be applied to an array"
                ),
            },
            Accessor::Elements(ranges) => self.elements(ranges, item, out)?,
            Accessor::AnyDepth(first, last) => self.any_depth(item, 0, *first, *last, out)?,
            Accessor::Filter(predicate) => {
                if unwrap {
                    if let Some(parts) = item.parts()? {
                        for part in parts {
                            self.access(accessor, &part, false, out)?;
                        }
                        return Ok(());
                    }
                }
                if self.predicate(predicate, item)? == Some(true) {
                    out.push(item.clone());
                }
            }
            Accessor::Method(method, args) => self.method(*method, args, item, unwrap, out)?,
        }
        Ok(())
    }

    /// An item of the wrong kind: its elements in lax mode, nothing for other items there, else an
    /// error.
    fn unwrap_or(
        &mut self,
        accessor: &Accessor,
        item: &Item<'a>,
        unwrap: bool,
        out: &mut Vec<Item<'a>>,
        fault: impl Fn() -> PgError,
    ) -> PgResult<()> {
        if unwrap {
            if let Some(parts) = item.parts()? {
                for part in parts {
                    self.access(accessor, &part, false, out)?;
                }
                return Ok(());
            }
        }
        if self.lax { Ok(()) } else { Err(fault()) }
    }

    fn elements(
        &mut self,
        ranges: &[(Expr, Option<Expr>)],
        item: &Item<'a>,
        out: &mut Vec<Item<'a>>,
    ) -> PgResult<()> {
        let parts = match item.parts()? {
            Some(parts) => parts,
            None if self.lax => vec![item.clone()],
            None => bail!(
                SQL_JSON_ARRAY_NOT_FOUND,
                "jsonpath array accessor can only be applied to an array"
            ),
        };
        self.array_sizes.push(parts.len());
        let result = self.pick(ranges, item, &parts, out);
        self.array_sizes.pop();
        result
    }

    fn pick(
        &mut self,
        ranges: &[(Expr, Option<Expr>)],
        item: &Item<'a>,
        parts: &[Item<'a>],
        out: &mut Vec<Item<'a>>,
    ) -> PgResult<()> {
        let size = parts.len() as i64;
        for (from, to) in ranges {
            let first = self.subscript(from, item)?;
            let last = match to {
                Some(to) => self.subscript(to, item)?,
                None => first,
            };
            if !self.lax && (first < 0 || first > last || last >= size) {
                bail!(INVALID_SQL_JSON_SUBSCRIPT, "jsonpath array subscript is out of bounds");
            }
            for i in first.max(0)..=last.min(size - 1) {
                out.push(parts[i as usize].clone());
            }
        }
        Ok(())
    }

    fn subscript(&mut self, expr: &Expr, item: &Item<'a>) -> PgResult<i64> {
        let items = self.eval(expr, item)?;
        if let [only] = &items[..] {
            if let Some(Jsonb::Number(v)) = only.view() {
                let whole = numeric::round(v, 0, false)?;
                return numeric::to_int::<i32>(&whole).map(i64::from).map_err(|_| {
                    err!(
                        INVALID_SQL_JSON_SUBSCRIPT,
                        "jsonpath array subscript is out of integer range"
                    )
                });
            }
        }
        bail!(INVALID_SQL_JSON_SUBSCRIPT, "jsonpath array subscript is not a single numeric value")
    }

    fn any_depth(
        &mut self,
        item: &Item<'a>,
        level: u32,
        first: u32,
        last: u32,
        out: &mut Vec<Item<'a>>,
    ) -> PgResult<()> {
        let mut children = item.parts()?.unwrap_or_default();
        if let Some(members) = item.members()? {
            children.extend(members.into_iter().map(|(_, v)| v));
        }
        // `last` alone means the leaves.
        let wanted =
            if first == u32::MAX { children.is_empty() } else { (first..=last).contains(&level) };
        if wanted {
            out.push(item.clone());
        }
        if level < last {
            for child in &children {
                self.any_depth(child, level + 1, first, last, out)?;
            }
        }
        Ok(())
    }
}
