//! Evaluates expressions and accessors, item by item through the whole path.
use super::item::Item;
use bumpalo::Bump;
use error::{PgError, PgResult, check_stack_depth, err};
use fmgr::FnContext;
use types::{
    Varlena,
    jsonb::{Jsonb, ObjectView},
    jsonpath::{Accessor, BinaryOp, Expr, JsonPath, Primary},
    numeric,
};

/// What stops an evaluation.
#[derive(Debug)]
pub(super) enum Fault {
    /// An error of the path where those are not raised.
    Soft,
    /// An error to be raised.
    Hard(PgError),
}

impl From<PgError> for Fault {
    fn from(e: PgError) -> Self {
        Fault::Hard(e)
    }
}

/// Whether anything was found.
pub(super) type Outcome = Result<bool, Fault>;

/// Where found items go; without a list the first one is enough.
pub(super) struct Sink<'s, 'a>(pub(super) Option<&'s mut Vec<Item<'a>>>);

impl<'a> Sink<'_, 'a> {
    fn push(&mut self, item: Item<'a>) {
        if let Some(list) = &mut self.0 {
            list.push(item);
        }
    }

    pub(super) fn first_only(&self) -> bool {
        self.0.is_none()
    }
}

/// The variables of a path.
pub(super) enum Variables<'a> {
    None,
    /// Members of a jsonb object.
    Object(ObjectView<'a>),
    /// Items by name.
    Named(Vec<(&'a str, Item<'a>)>),
}

/// The state of one execution.
pub(super) struct Executor<'a, 's> {
    pub(super) session: &'s dyn FnContext,
    pub(super) arena: &'a Bump,
    pub(super) lax: bool,
    /// Structural errors count as nothing found.
    forgiving: bool,
    /// Errors are raised.
    throw: bool,
    pub(super) use_zone: bool,
    root: Jsonb<'a>,
    variables: Variables<'a>,
    current: Item<'a>,
    /// Size of the array being subscripted, for `last`.
    array_size: usize,
    /// The document that offsets of keyvalue() count from, and its number.
    pub(super) base: (Jsonb<'a>, i64),
    pub(super) next_object: i64,
    steps: u32,
}

impl<'a, 's> Executor<'a, 's> {
    pub(super) fn new(
        session: &'s dyn FnContext,
        arena: &'a Bump,
        path: &JsonPath,
        root: Jsonb<'a>,
        variables: Variables<'a>,
        use_zone: bool,
    ) -> Self {
        let next_object = match &variables {
            Variables::None => 1,
            Variables::Object(_) => 2,
            Variables::Named(list) => 1 + list.len() as i64,
        };
        Executor {
            session,
            arena,
            lax: path.lax,
            forgiving: path.lax,
            throw: true,
            use_zone,
            root,
            variables,
            current: Item::View(root),
            array_size: 0,
            base: (root, 0),
            next_object,
            steps: 0,
        }
    }

    /// Runs a path. Found items are appended even if an error follows them; the result is whether
    /// there was any, or `None` for an error that was not to be raised.
    pub(super) fn run(
        &mut self,
        path: &JsonPath,
        throw: bool,
        found: Option<&mut Vec<Item<'a>>>,
    ) -> PgResult<Option<bool>> {
        self.throw = throw;
        let result = if !self.lax && found.is_none() {
            // A strict path must be free of errors to its end.
            let mut all = Vec::new();
            self.eval(&path.expr, &[], &mut Sink(Some(&mut all))).map(|_| !all.is_empty())
        } else {
            self.eval(&path.expr, &[], &mut Sink(found))
        };
        match result {
            Ok(any) => Ok(Some(any)),
            Err(Fault::Soft) => Ok(None),
            Err(Fault::Hard(e)) => Err(e),
        }
    }

    /// An error that only counts where errors are raised.
    pub(super) fn fault(&self, e: impl FnOnce() -> PgError) -> Fault {
        if self.throw { Fault::Hard(e()) } else { Fault::Soft }
    }

    /// The same for what other code found wrong.
    pub(super) fn soften(&self, e: PgError) -> Fault {
        if self.throw || !e.is_soft() { Fault::Hard(e) } else { Fault::Soft }
    }

    fn check(&mut self) -> PgResult<()> {
        check_stack_depth()?;
        self.steps = self.steps.wrapping_add(1);
        if self.steps & 1023 == 0 {
            self.session.check_interrupts()?;
        }
        Ok(())
    }

    /// Evaluates an expression and, for each of its items, the steps that follow it.
    pub(super) fn eval(
        &mut self,
        expr: &Expr,
        rest: &[Accessor],
        found: &mut Sink<'_, 'a>,
    ) -> Outcome {
        self.check()?;
        match expr {
            Expr::Path(primary, steps) if rest.is_empty() => self.primary(primary, steps, found),
            Expr::Path(primary, steps) => {
                let mut items = Vec::new();
                self.primary(primary, steps, &mut Sink(Some(&mut items)))?;
                self.each(items, rest, found)
            }
            Expr::Binary(
                op
                @ (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod),
                left,
                right,
            ) => self.arithmetic(*op, left, right, rest, found),
            Expr::Sign(minus, inner) => self.signed(*minus, inner, rest, found),
            predicate => {
                let value = match self.predicate(predicate)? {
                    Some(v) => Jsonb::Bool(v),
                    None => Jsonb::Null,
                };
                if rest.is_empty() && found.first_only() {
                    return Ok(true);
                }
                self.next(Item::View(value), rest, found)
            }
        }
    }

    fn each(
        &mut self,
        items: Vec<Item<'a>>,
        rest: &[Accessor],
        found: &mut Sink<'_, 'a>,
    ) -> Outcome {
        let mut any = false;
        for item in items {
            if self.next(item, rest, found)? {
                any = true;
                if found.first_only() {
                    break;
                }
            }
        }
        Ok(any)
    }

    /// Applies the next step to an item, or delivers it if there is none.
    pub(super) fn next(
        &mut self,
        item: Item<'a>,
        rest: &[Accessor],
        found: &mut Sink<'_, 'a>,
    ) -> Outcome {
        if rest.is_empty() {
            found.push(item);
            return Ok(true);
        }
        self.access(rest, item, found, self.lax)
    }

    /// [`Self::eval`] into a list, with arrays unwrapped one level in lax mode.
    pub(super) fn eval_unwrapped(
        &mut self,
        expr: &Expr,
        unwrap: bool,
    ) -> Result<Vec<Item<'a>>, Fault> {
        let mut items = Vec::new();
        self.eval(expr, &[], &mut Sink(Some(&mut items)))?;
        if !(self.lax && unwrap) {
            return Ok(items);
        }
        if !items.iter().any(|item| matches!(item, Item::View(Jsonb::Array(_)))) {
            return Ok(items);
        }
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Item::View(Jsonb::Array(array)) => out.extend(array.iter().map(Item::View)),
                item => out.push(item),
            }
        }
        Ok(out)
    }

    /// Runs `f` with errors suppressed: `None` for one of the path's.
    pub(super) fn quietly<T>(
        &mut self,
        f: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let saved = std::mem::replace(&mut self.throw, false);
        let result = f(self);
        self.throw = saved;
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Fault::Soft) => Ok(None),
            Err(hard) => Err(hard),
        }
    }

    fn primary(
        &mut self,
        primary: &Primary,
        steps: &[Accessor],
        found: &mut Sink<'_, 'a>,
    ) -> Outcome {
        let base = self.base;
        let enough = steps.is_empty() && found.first_only();
        let item = match primary {
            Primary::Root => {
                self.base = (self.root, 0);
                Item::View(self.root)
            }
            Primary::Current => self.current.clone(),
            Primary::Variable(name) => self.variable(name)?,
            Primary::Paren(inner) => return self.eval(inner, steps, found),
            _ if enough => return Ok(true),
            Primary::Last => {
                Item::number(self.arena, &numeric::from_i64(self.array_size as i64 - 1))
            }
            Primary::Null => Item::View(Jsonb::Null),
            Primary::Bool(v) => Item::View(Jsonb::Bool(*v)),
            Primary::Number(v) => Item::number(self.arena, v),
            Primary::String(v) => Item::string(self.arena, v),
        };
        let result = self.next(item, steps, found);
        self.base = base;
        result
    }

    fn variable(&mut self, name: &str) -> Result<Item<'a>, Fault> {
        let missing = || err!(UNDEFINED_OBJECT, "could not find jsonpath variable \"{name}\"");
        match &self.variables {
            Variables::None => Err(Fault::Hard(missing())),
            Variables::Object(vars) => {
                let value = vars.get(name).ok_or_else(missing)?;
                self.base = (Jsonb::Object(*vars), 1);
                Ok(Item::View(value))
            }
            Variables::Named(list) => {
                let at = list.iter().position(|(n, _)| *n == name).ok_or_else(missing)?;
                let item = list[at].1.clone();
                if let Item::View(view) = &item {
                    if view.is_container() {
                        self.base = (*view, at as i64 + 1);
                    }
                }
                Ok(item)
            }
        }
    }

    fn arithmetic(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        rest: &[Accessor],
        found: &mut Sink<'_, 'a>,
    ) -> Outcome {
        // Both operands are looked for before either is found unfit.
        let lefts = self.eval_unwrapped(left, true)?;
        let y = self.eval_unwrapped(right, true)?;
        let number = |items: &[Item<'a>]| match items {
            [Item::View(Jsonb::Number(v))] => Some(*v),
            _ => None,
        };
        let unfit = |side: &str| {
            err!(
                SINGLETON_SQL_JSON_ITEM_REQUIRED,
                "{side} operand of jsonpath operator {} is not a single numeric value",
                op.as_str()
            )
        };
        let Some(x) = number(&lefts) else { return Err(self.fault(|| unfit("left"))) };
        let Some(y) = number(&y) else { return Err(self.fault(|| unfit("right"))) };
        let result = match op {
            BinaryOp::Add => numeric::add(x, y),
            BinaryOp::Sub => numeric::sub(x, y),
            BinaryOp::Mul => numeric::mul(x, y),
            BinaryOp::Div => numeric::div(x, y),
            _ => numeric::modulo(x, y),
        };
        let value: Varlena = result.map_err(|e| self.soften(e))?;
        if rest.is_empty() && found.first_only() {
            return Ok(true);
        }
        let item = Item::number(self.arena, &value);
        self.next(item, rest, found)
    }

    fn signed(
        &mut self,
        minus: bool,
        inner: &Expr,
        rest: &[Accessor],
        found: &mut Sink<'_, 'a>,
    ) -> Outcome {
        let mut any = false;
        let enough = rest.is_empty() && found.first_only();
        for item in self.eval_unwrapped(inner, true)? {
            let item = match item {
                Item::View(Jsonb::Number(_)) if enough => return Ok(true),
                Item::View(Jsonb::Number(v)) if minus => {
                    Item::number(self.arena, &numeric::uminus(v)?)
                }
                Item::View(Jsonb::Number(v)) => Item::View(Jsonb::Number(v)),
                _ if enough => continue,
                _ => {
                    return Err(self.fault(|| {
                        err!(
                            SQL_JSON_NUMBER_NOT_FOUND,
                            "operand of unary jsonpath operator {} is not a numeric value",
                            if minus { "-" } else { "+" }
                        )
                    }));
                }
            };
            if self.next(item, rest, found)? {
                any = true;
                if found.first_only() {
                    break;
                }
            }
        }
        Ok(any)
    }

    /// Applies the first of the steps, to the elements if the item is an array and `unwrap` is set.
    pub(super) fn access(
        &mut self,
        steps: &[Accessor],
        item: Item<'a>,
        found: &mut Sink<'_, 'a>,
        unwrap: bool,
    ) -> Outcome {
        self.check()?;
        let Some((step, rest)) = steps.split_first() else { return self.next(item, steps, found) };
        match step {
            Accessor::Key(key) => match &item {
                Item::View(Jsonb::Object(object)) => match object.get(key) {
                    Some(value) => self.next(Item::View(value), rest, found),
                    None if self.forgiving => Ok(false),
                    None => Err(self.fault(|| {
                        err!(
                            SQL_JSON_MEMBER_NOT_FOUND,
                            "JSON object does not contain key \"{key}\""
                        )
                    })),
                },
                _ => self.unfit(steps, item, found, unwrap, || {
                    err!(
                        SQL_JSON_MEMBER_NOT_FOUND,
                        "jsonpath member accessor can only be applied to an object"
                    )
                }),
            },
            Accessor::AnyKey => match &item {
                Item::View(view @ Jsonb::Object(_)) => {
                    self.children(*view, rest, found, Depth::ONE, self.lax)
                }
                _ => self.unfit(steps, item, found, unwrap, || {
                    err!(
                        SQL_JSON_OBJECT_NOT_FOUND,
                        "jsonpath wildcard member accessor can only be applied to an object"
                    )
                }),
            },
            Accessor::AnyElement => match &item {
                Item::View(view @ Jsonb::Array(_)) => {
                    self.children(*view, rest, found, Depth::ONE, self.lax)
                }
                _ if self.lax => self.next(item, rest, found),
                _ if self.forgiving => Ok(false),
                _ => Err(self.fault(|| {
                    err!(
                        SQL_JSON_ARRAY_NOT_FOUND,
                        "jsonpath wildcard array accessor can only be applied to an array"
                    )
                })),
            },
            Accessor::Elements(ranges) => self.elements(ranges, rest, item, found),
            Accessor::AnyDepth(first, last) => self.any_depth((*first, *last), rest, item, found),
            Accessor::Filter(predicate) => {
                if let (true, Item::View(view @ Jsonb::Array(_))) = (unwrap, &item) {
                    return self.children(*view, steps, found, Depth::ONE, false);
                }
                let saved = std::mem::replace(&mut self.current, item.clone());
                let holds = self.predicate(predicate);
                self.current = saved;
                match holds? {
                    Some(true) => self.next(item, rest, found),
                    _ => Ok(false),
                }
            }
            Accessor::Method(method, args) => {
                self.method(*method, args, steps, item, found, unwrap)
            }
        }
    }

    /// An item of the wrong kind: its elements if it is an array to be unwrapped, else an error.
    fn unfit(
        &mut self,
        steps: &[Accessor],
        item: Item<'a>,
        found: &mut Sink<'_, 'a>,
        unwrap: bool,
        e: impl FnOnce() -> PgError,
    ) -> Outcome {
        if let (true, Item::View(view @ Jsonb::Array(_))) = (unwrap, &item) {
            return self.children(*view, steps, found, Depth::ONE, false);
        }
        if self.forgiving { Ok(false) } else { Err(self.fault(e)) }
    }

    /// Whether items of the wrong kind are passed over.
    pub(super) fn is_forgiving(&self) -> bool {
        self.forgiving
    }

    fn any_depth(
        &mut self,
        (first, last): (u32, u32),
        rest: &[Accessor],
        item: Item<'a>,
        found: &mut Sink<'_, 'a>,
    ) -> Outcome {
        let mut any = false;
        if first == 0 {
            let saved = std::mem::replace(&mut self.forgiving, true);
            let result = self.next(item.clone(), rest, found);
            self.forgiving = saved;
            any = result?;
            if any && found.first_only() {
                return Ok(true);
            }
        }
        if let Item::View(view @ (Jsonb::Array(_) | Jsonb::Object(_))) = item {
            let depth = Depth { level: 1, first, last, forgiving: true };
            any |= self.children(view, rest, found, depth, self.lax)?;
        }
        Ok(any)
    }

    /// Applies steps to the parts of a container, and of containers in it to the depth wanted.
    pub(super) fn children(
        &mut self,
        container: Jsonb<'a>,
        steps: &[Accessor],
        found: &mut Sink<'_, 'a>,
        depth: Depth,
        unwrap_next: bool,
    ) -> Outcome {
        self.check()?;
        if depth.level > depth.last {
            return Ok(false);
        }
        match container {
            Jsonb::Array(array) => self.parts(array.iter(), steps, found, depth, unwrap_next),
            Jsonb::Object(object) => {
                let values = (0..object.len()).map(|i| Jsonb::new(object.value_bytes(i)));
                self.parts(values, steps, found, depth, unwrap_next)
            }
            _ => Ok(false),
        }
    }

    fn parts(
        &mut self,
        parts: impl Iterator<Item = Jsonb<'a>>,
        steps: &[Accessor],
        found: &mut Sink<'_, 'a>,
        depth: Depth,
        unwrap_next: bool,
    ) -> Outcome {
        let mut any = false;
        for part in parts {
            let leaves_only = depth.first == u32::MAX && depth.last == u32::MAX;
            let wanted = depth.level >= depth.first || leaves_only && !part.is_container();
            if wanted {
                let saved = self.forgiving;
                self.forgiving |= depth.forgiving;
                let result = match steps.is_empty() {
                    true => self.next(Item::View(part), steps, found),
                    false => self.access(steps, Item::View(part), found, unwrap_next),
                };
                self.forgiving = saved;
                any |= result?;
                if any && found.first_only() {
                    return Ok(true);
                }
            }
            if depth.level < depth.last && part.is_container() {
                let deeper = Depth { level: depth.level + 1, ..depth };
                any |= self.children(part, steps, found, deeper, unwrap_next)?;
                if any && found.first_only() {
                    return Ok(true);
                }
            }
        }
        Ok(any)
    }

    fn elements(
        &mut self,
        ranges: &[(Expr, Option<Expr>)],
        rest: &[Accessor],
        item: Item<'a>,
        found: &mut Sink<'_, 'a>,
    ) -> Outcome {
        let array = match &item {
            Item::View(Jsonb::Array(array)) => Some(*array),
            _ if self.lax => None,
            _ if self.forgiving => return Ok(false),
            _ => {
                return Err(self.fault(|| {
                    err!(
                        SQL_JSON_ARRAY_NOT_FOUND,
                        "jsonpath array accessor can only be applied to an array"
                    )
                }));
            }
        };
        let size = array.map_or(1, |a| a.len());
        let saved = std::mem::replace(&mut self.array_size, size);
        let result = self.pick(ranges, rest, &item, size as i64, found);
        self.array_size = saved;
        result
    }

    fn pick(
        &mut self,
        ranges: &[(Expr, Option<Expr>)],
        rest: &[Accessor],
        item: &Item<'a>,
        size: i64,
        found: &mut Sink<'_, 'a>,
    ) -> Outcome {
        let mut any = false;
        for (from, to) in ranges {
            let first = self.subscript(from)?;
            let last = match to {
                Some(to) => self.subscript(to)?,
                None => first,
            };
            if !self.forgiving && (first < 0 || first > last || last >= size) {
                return Err(self.fault(|| {
                    err!(INVALID_SQL_JSON_SUBSCRIPT, "jsonpath array subscript is out of bounds")
                }));
            }
            for i in first.max(0)..=last.min(size - 1) {
                let part = match item {
                    Item::View(Jsonb::Array(array)) => match array.get(i as usize) {
                        Some(part) => Item::View(part),
                        None => continue,
                    },
                    single => single.clone(),
                };
                if rest.is_empty() && found.first_only() {
                    return Ok(true);
                }
                if self.next(part, rest, found)? {
                    any = true;
                    if found.first_only() {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(any)
    }

    fn subscript(&mut self, expr: &Expr) -> Result<i64, Fault> {
        let mut items = Vec::new();
        self.eval(expr, &[], &mut Sink(Some(&mut items)))?;
        let [Item::View(Jsonb::Number(v))] = &items[..] else {
            return Err(self.fault(|| {
                err!(
                    INVALID_SQL_JSON_SUBSCRIPT,
                    "jsonpath array subscript is not a single numeric value"
                )
            }));
        };
        let whole = numeric::round(v, 0, false)?;
        match numeric::to_int::<i32>(&whole) {
            Ok(v) => Ok(i64::from(v)),
            Err(_) => Err(self.fault(|| {
                err!(INVALID_SQL_JSON_SUBSCRIPT, "jsonpath array subscript is out of integer range")
            })),
        }
    }
}

/// How deep to go into containers.
#[derive(Clone, Copy)]
pub(super) struct Depth {
    level: u32,
    first: u32,
    last: u32,
    forgiving: bool,
}

impl Depth {
    /// The parts of one container.
    pub(super) const ONE: Depth = Depth { level: 1, first: 1, last: 1, forgiving: false };
}
