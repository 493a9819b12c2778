//! Random SELECTs over a few small tables: joins of all kinds, LATERAL, sublinks, set operations,
//! grouping sets, windows, WITH. Each has one right answer as a multiset of rows.

/// Tables with NULLs, duplicates, indexes, a child table.
pub const SCHEMA: &[&str] = &[
    "create table t1 (a int primary key, b int, c text, d int)",
    "insert into t1 select g, case when g % 7 = 0 then null else g % 5 end, \
     case when g % 4 = 0 then null else chr(97 + g % 3) end, g % 11 from generate_series(1, 30) g",
    "create table t2 (a int, b int not null, c text)",
    "insert into t2 select case when g % 6 = 0 then null else g % 13 end, g % 4, \
     case when g % 5 = 0 then null else chr(97 + g % 4) end from generate_series(1, 40) g",
    "create index on t2 (a)",
    "create index on t2 (b, a)",
    "create table t3 (x int unique, y int, z int)",
    "insert into t3 select g, case when g % 3 = 0 then null else g % 9 end, g / 3 \
     from generate_series(0, 20) g",
    "insert into t3 values (null, 1, null), (null, null, 2)",
    "create table t4 (k int, v int)",
    "insert into t4 values (1, 1), (2, null), (null, 3)",
    "create table t5 (id int primary key, ref int, val int)",
    "insert into t5 select g, case when g % 10 = 0 then null else g % 31 end, (g * 7) % 100 \
     from generate_series(1, 1200) g",
    "create index on t5 (ref)",
    "create index on t5 (val, id)",
    "create table t6 (m int, n int)",
    "create table t6_child () inherits (t6)",
    "insert into t6 select g % 5, g from generate_series(1, 6) g",
    "insert into t6_child select g % 5, g from generate_series(7, 14) g",
    "create index on t6 (n)",
    "create index on t6_child (n)",
    "create view v1 as select t1.a, t1.b, t3.y from t1 left join t3 on t1.d = t3.x",
    "analyze t1",
    "analyze t2",
    "analyze t3",
    "analyze t5",
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Type {
    Int,
    Text,
    Bool,
}

#[derive(Clone)]
struct Column {
    name: String,
    typ: Type,
}

#[derive(Clone, Default)]
struct Scope {
    columns: Vec<Column>,
    with: Vec<(String, Vec<Column>)>,
}

/// A reproducible source of queries.
pub struct Generator {
    state: u64,
    aliases: u32,
}

impl Generator {
    /// The same seed gives the same queries.
    pub fn new(seed: u64) -> Generator {
        let mut generator =
            Generator { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1, aliases: 0 };
        for _ in 0..4 {
            generator.next();
        }
        generator
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn below(&mut self, n: usize) -> usize {
        ((self.next() >> 33) % n as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("r{}", self.aliases)
    }

    /// A whole statement.
    pub fn statement(&mut self) -> String {
        self.aliases = 0;
        self.query(3, &Scope::default()).0
    }

    fn query(&mut self, depth: usize, outer: &Scope) -> (String, Vec<Type>) {
        let mut scope = outer.clone();
        let mut with = String::new();
        if depth >= 2 && self.chance(12) {
            let name = self.alias();
            let (sql, types) = self.query(depth - 1, outer);
            let columns = named(&types);
            let list: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
            let hint = ["", "materialized ", "not materialized "][self.below(3)];
            with = format!("with {name}({}) as {hint}({sql}) ", list.join(", "));
            scope.with.push((name, columns));
        }
        let (body, types) = self.body(depth, &scope);
        let mut sql = format!("{with}{body}");
        if self.chance(15) {
            let list: Vec<String> = (1..=types.len())
                .map(|i| format!("{i}{}", ["", " desc", " nulls first"][self.below(3)]))
                .collect();
            sql.push_str(&format!(" order by {}", list.join(", ")));
            if self.chance(70) {
                sql.push_str(&format!(" limit {}", 1 + self.below(12)));
                if self.chance(30) {
                    sql.push_str(&format!(" offset {}", self.below(4)));
                }
            }
        }
        (sql, types)
    }

    fn body(&mut self, depth: usize, scope: &Scope) -> (String, Vec<Type>) {
        if depth >= 2 && self.chance(14) {
            let op = ["union", "union all", "union all", "intersect", "except", "except all"]
                [self.below(6)];
            let (left, types) = self.select(depth - 1, scope, None);
            let (right, _) = self.select(depth - 1, scope, Some(&types));
            return (format!("({left}) {op} ({right})"), types);
        }
        self.select(depth, scope, None)
    }

    fn select(
        &mut self,
        depth: usize,
        outer: &Scope,
        want: Option<&[Type]>,
    ) -> (String, Vec<Type>) {
        let (from, columns) = self.from(depth, outer);
        // Columns of the outer query come first, so that picks favour the query's own.
        let mut scope = outer.clone();
        let own = columns.clone();
        scope.columns.extend(columns);
        let types: Vec<Type> = match want {
            Some(t) => t.to_vec(),
            None => (0..1 + self.below(3)).map(|_| self.some_type()).collect(),
        };
        let condition = if self.chance(70) {
            format!(" where {}", self.condition(depth, &scope))
        } else {
            String::new()
        };
        if !own.is_empty() && self.chance(22) {
            return (self.grouped(depth, &scope, &own, &from, &condition, &types), types);
        }
        let windowed = self.chance(10) && !own.is_empty();
        let list: Vec<String> = types
            .iter()
            .map(|t| {
                if windowed && *t == Type::Int && self.chance(60) {
                    self.window(&own)
                } else {
                    self.expr(*t, depth, &scope)
                }
            })
            .collect();
        let distinct = if self.chance(12) { "distinct " } else { "" };
        (format!("select {distinct}{} from {from}{condition}", list.join(", ")), types)
    }

    fn grouped(
        &mut self,
        depth: usize,
        scope: &Scope,
        own: &[Column],
        from: &str,
        condition: &str,
        types: &[Type],
    ) -> String {
        let mut keys: Vec<Column> = Vec::new();
        for _ in 0..self.below(3) {
            keys.push(own[self.below(own.len())].clone());
        }
        let list: Vec<String> = types
            .iter()
            .map(|t| match keys.iter().find(|k| k.typ == *t) {
                Some(k) if self.chance(60) => k.name.clone(),
                _ => self.aggregate(*t, depth, scope, own),
            })
            .collect();
        let names: Vec<String> = keys.iter().map(|k| k.name.clone()).collect();
        let group = match (names.len(), self.below(6)) {
            (0, _) => String::new(),
            (_, 0) => format!(" group by rollup({})", names.join(", ")),
            (_, 1) => format!(" group by cube({})", names.join(", ")),
            (2, 2) => format!(" group by grouping sets (({}), ({}), ())", names[0], names[1]),
            _ => format!(" group by {}", names.join(", ")),
        };
        let having = if self.chance(20) {
            let value = self.aggregate(Type::Int, depth, scope, own);
            format!(" having {value} > {}", self.below(5))
        } else {
            String::new()
        };
        format!("select {} from {from}{condition}{group}{having}", list.join(", "))
    }

    fn aggregate(&mut self, typ: Type, depth: usize, scope: &Scope, own: &[Column]) -> String {
        let col = |t: Type, g: &mut Generator| {
            let list: Vec<&Column> = own.iter().filter(|c| c.typ == t).collect();
            (!list.is_empty()).then(|| list[g.below(list.len())].name.clone())
        };
        match typ {
            Type::Int => match col(Type::Int, self) {
                Some(c) => match self.below(7) {
                    0 => format!("count({c})::int"),
                    1 => format!("sum({c})::int"),
                    2 => format!("min({c})"),
                    3 => format!("max({c})"),
                    4 => format!("count(distinct {c})::int"),
                    5 => {
                        let filter = self.simple_condition(depth, scope);
                        format!("(count(*) filter (where {filter}))::int")
                    }
                    _ => "count(*)::int".to_owned(),
                },
                None => "count(*)::int".to_owned(),
            },
            Type::Text => match col(Type::Text, self) {
                Some(c) => format!("{}({c})", ["min", "max"][self.below(2)]),
                None => "min('q'::text)".to_owned(),
            },
            Type::Bool => match col(Type::Int, self) {
                Some(c) => format!("bool_or({c} > {})", self.below(6)),
                None => "count(*) > 2".to_owned(),
            },
        }
    }

    fn window(&mut self, own: &[Column]) -> String {
        let part = &own[self.below(own.len())].name;
        let order = &own[self.below(own.len())].name;
        match self.below(5) {
            0 => format!("(rank() over (partition by {part} order by {order}))::int"),
            1 => format!("(count(*) over (partition by {part}))::int"),
            2 => format!("(dense_rank() over (order by {order}))::int"),
            3 => format!("(count(*) over (order by {order} range unbounded preceding))::int"),
            _ => format!("(count({order}) over (partition by {part} order by {order}))::int"),
        }
    }

    fn from(&mut self, depth: usize, outer: &Scope) -> (String, Vec<Column>) {
        let mut items = Vec::new();
        let mut columns: Vec<Column> = Vec::new();
        let count = if self.chance(25) { 2 } else { 1 };
        for _ in 0..count {
            let mut scope = outer.clone();
            scope.columns.extend(columns.iter().cloned());
            let (sql, more) = self.join(depth, outer, &scope, depth.min(3));
            items.push(sql);
            columns.extend(more);
        }
        (items.join(", "), columns)
    }

    /// A tree of joins; `lateral` are the columns a LATERAL item may refer to.
    fn join(
        &mut self,
        depth: usize,
        outer: &Scope,
        lateral: &Scope,
        size: usize,
    ) -> (String, Vec<Column>) {
        if size == 0 || self.chance(35) {
            return self.item(depth, outer, lateral);
        }
        let kind = ["join", "left join", "left join", "right join", "full join", "cross join"]
            [self.below(6)];
        let (left, mut columns) = self.join(depth, outer, lateral, size - 1);
        let mut sees = lateral.clone();
        if matches!(kind, "join" | "left join" | "cross join") {
            sees.columns.extend(columns.iter().cloned());
        } else {
            sees = outer.clone();
        }
        let right_size = self.below(size.max(1));
        let (right, more) = self.join(depth, outer, &sees, right_size);
        let mut scope = outer.clone();
        scope.columns.extend(columns.iter().cloned());
        scope.columns.extend(more.iter().cloned());
        let on = match kind {
            "cross join" => String::new(),
            _ => match self.equality(&columns, &more) {
                Some(eq) if kind == "full join" || self.chance(60) => {
                    if kind != "full join" && self.chance(25) {
                        format!(" on {eq} and {}", self.simple_condition(depth, &scope))
                    } else {
                        format!(" on {eq}")
                    }
                }
                _ if kind == "full join" => " on false".to_owned(),
                _ => format!(" on {}", self.condition(depth.min(1), &scope)),
            },
        };
        columns.extend(more);
        (format!("({left} {kind} {right}{on})"), columns)
    }

    fn equality(&mut self, left: &[Column], right: &[Column]) -> Option<String> {
        for _ in 0..4 {
            if left.is_empty() || right.is_empty() {
                return None;
            }
            let l = &left[self.below(left.len())];
            let r = &right[self.below(right.len())];
            if l.typ == r.typ {
                return Some(format!("{} = {}", l.name, r.name));
            }
        }
        None
    }

    fn item(&mut self, depth: usize, outer: &Scope, lateral: &Scope) -> (String, Vec<Column>) {
        let alias = self.alias();
        if depth >= 1 && self.chance(28) {
            let is_lateral = lateral.columns.len() > outer.columns.len() && self.chance(45);
            let scope = if is_lateral { lateral } else { outer };
            let (sql, types) = self.query(depth - 1, scope);
            let columns = named(&types);
            let names: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
            let word = if is_lateral { "lateral " } else { "" };
            let from = format!("{word}({sql}) {alias}({})", names.join(", "));
            return (from, qualified(&alias, &columns));
        }
        if !outer.with.is_empty() && self.chance(30) {
            let (name, columns) = outer.with[self.below(outer.with.len())].clone();
            return (format!("{name} {alias}"), qualified(&alias, &columns));
        }
        let int = |names: &[&str]| -> Vec<Column> {
            names.iter().map(|n| Column { name: (*n).to_owned(), typ: Type::Int }).collect()
        };
        let mut text = int(&["c"]);
        text[0].typ = Type::Text;
        let (table, columns) = match self.below(16) {
            0..=2 => ("t1", [int(&["a", "b"]), text, int(&["d"])].concat()),
            3..=5 => ("t2", [int(&["a", "b"]), text].concat()),
            6..=7 => ("t3", int(&["x", "y", "z"])),
            8..=9 => ("t4", int(&["k", "v"])),
            10 => ("t5", int(&["id", "ref", "val"])),
            11..=12 => ("t6", int(&["m", "n"])),
            13 => ("v1", int(&["a", "b", "y"])),
            14 => {
                let (a, b, c) = (self.below(4), self.below(4), self.below(4));
                let sql = format!("(values ({a}, {b}), ({c}, null)) {alias}(p, q)");
                return (sql, qualified(&alias, &int(&["p", "q"])));
            }
            _ => {
                let n = 1 + self.below(4);
                let sql = format!("generate_series(1, {n}) {alias}(g)");
                return (sql, qualified(&alias, &int(&["g"])));
            }
        };
        (format!("{table} {alias}"), qualified(&alias, &columns))
    }

    fn some_type(&mut self) -> Type {
        match self.below(10) {
            0..=6 => Type::Int,
            7..=8 => Type::Text,
            _ => Type::Bool,
        }
    }

    fn column(&mut self, typ: Type, scope: &Scope) -> Option<String> {
        // Later columns are the query's own: look there first.
        let all: Vec<&Column> = scope.columns.iter().filter(|c| c.typ == typ).collect();
        if all.is_empty() {
            return None;
        }
        let at = if self.chance(75) {
            all.len() - 1 - self.below(all.len().min(5))
        } else {
            self.below(all.len())
        };
        Some(all[at].name.clone())
    }

    fn expr(&mut self, typ: Type, depth: usize, scope: &Scope) -> String {
        let column = self.column(typ, scope);
        let constant = match typ {
            Type::Int => self.below(8).to_string(),
            Type::Text => format!("'{}'::text", ["a", "b", "c"][self.below(3)]),
            Type::Bool => ["true", "false", "null::bool"][self.below(3)].to_owned(),
        };
        let Some(column) = column else { return constant };
        match self.below(14) {
            0 => constant,
            1 => format!("coalesce({column}, {constant})"),
            2 if depth > 0 => {
                let condition = self.simple_condition(depth - 1, scope);
                format!("case when {condition} then {column} else {constant} end")
            }
            3 if typ == Type::Int => {
                let other = self.column(Type::Int, scope).unwrap_or(constant);
                format!("({column} + {other})")
            }
            4 if depth > 0 => {
                let (sql, _) = self.select(depth - 1, scope, Some(&[typ]));
                match typ {
                    Type::Int => format!("(select max(s) from ({sql}) s0(s))"),
                    Type::Text => format!("(select min(s) from ({sql}) s0(s))"),
                    Type::Bool => format!("(select bool_and(s) from ({sql}) s0(s))"),
                }
            }
            5 if typ == Type::Bool => self.condition(depth.min(1), scope),
            _ => column,
        }
    }

    fn simple_condition(&mut self, depth: usize, scope: &Scope) -> String {
        let typ = if self.chance(80) { Type::Int } else { Type::Text };
        let left = self.column(typ, scope).unwrap_or_else(|| match typ {
            Type::Int => "1".to_owned(),
            _ => "'a'::text".to_owned(),
        });
        match self.below(7) {
            0 => format!("{left} is null"),
            1 => format!("{left} is not null"),
            2 if typ == Type::Int => {
                let (a, b, c) = (self.below(9), self.below(20), self.below(40));
                format!("{left} in ({a}, {b}, {c})")
            }
            3 => {
                let right = self.expr(typ, depth.min(1), scope);
                format!("{left} is distinct from {right}")
            }
            _ => {
                let op = ["=", "=", "<>", "<", ">=", ">"][self.below(6)];
                let right = self.expr(typ, depth.min(1), scope);
                format!("{left} {op} {right}")
            }
        }
    }

    fn condition(&mut self, depth: usize, scope: &Scope) -> String {
        match self.below(12) {
            0 => format!(
                "({} or {})",
                self.condition(depth.saturating_sub(1), scope),
                self.simple_condition(depth, scope)
            ),
            1 | 2 => format!(
                "({} and {})",
                self.condition(depth.saturating_sub(1), scope),
                self.simple_condition(depth, scope)
            ),
            3 => format!("(not {})", self.condition(depth.saturating_sub(1), scope)),
            4 | 5 if depth > 0 => {
                let not = if self.chance(40) { "not " } else { "" };
                let (sql, _) = self.select(depth - 1, scope, None);
                format!("{not}exists ({sql})")
            }
            6 | 7 if depth > 0 => {
                let typ = if self.chance(80) { Type::Int } else { Type::Text };
                let left = self.expr(typ, depth - 1, scope);
                let (sql, _) = self.body(depth - 1, scope);
                let _ = sql;
                let (sql, _) = self.select(depth - 1, scope, Some(&[typ]));
                let op = ["in", "in", "not in", "> all", "= any"][self.below(5)];
                format!("{left} {op} ({sql})")
            }
            _ => self.simple_condition(depth, scope),
        }
    }
}

fn named(types: &[Type]) -> Vec<Column> {
    types.iter().enumerate().map(|(i, t)| Column { name: format!("c{}", i + 1), typ: *t }).collect()
}

fn qualified(alias: &str, columns: &[Column]) -> Vec<Column> {
    columns.iter().map(|c| Column { name: format!("{alias}.{}", c.name), typ: c.typ }).collect()
}
