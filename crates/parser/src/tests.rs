//! Tests of the parser: trees, error positions, precedence, nesting, normalisation.
use crate::ast::*;
use crate::normalize::{LiteralValue, Normalized, normalize};
use crate::*;
use proptest::prelude::*;

fn one(sql: &str) -> Stmt {
    let mut stmts = parse(sql, &ParserOptions::default()).unwrap_or_else(|e| panic!("{sql}: {e}"));
    assert_eq!(stmts.len(), 1, "{sql}");
    stmts.remove(0).stmt
}

fn expr(sql: &str) -> Expr {
    parse_expr(sql, &ParserOptions::default()).unwrap_or_else(|e| panic!("{sql}: {e}"))
}

/// Fully parenthesized form of an operator expression.
fn shape(e: &Expr) -> String {
    match e {
        Expr::AConst(c) => match &c.val {
            ConstValue::Integer(i) => i.to_string(),
            ConstValue::Float(f) => f.clone(),
            ConstValue::String(s) => format!("'{s}'"),
            other => format!("{other:?}"),
        },
        Expr::ColumnRef(c) => c.fields.join("."),
        Expr::AExpr(a) => {
            let right = match &a.rexpr {
                AExprArg::Expr(e) => shape(e),
                AExprArg::List(l) => l.iter().map(shape).collect::<Vec<_>>().join(","),
            };
            match &a.lexpr {
                Some(l) => format!("({} {} {right})", shape(l), a.name.join(".")),
                None => format!("({} {right})", a.name.join(".")),
            }
        }
        Expr::BoolExpr(b) => {
            let args: Vec<String> = b.args.iter().map(shape).collect();
            match b.boolop {
                BoolExprType::Not => format!("(NOT {})", args[0]),
                BoolExprType::And => format!("({})", args.join(" AND ")),
                BoolExprType::Or => format!("({})", args.join(" OR ")),
            }
        }
        Expr::TypeCast(t) => format!("{}::{}", shape(&t.arg), t.type_name.names.join(".")),
        Expr::NullTest(n) => format!("({} {:?})", shape(&n.arg), n.nulltesttype),
        Expr::CollateClause(c) => {
            format!("({} COLLATE {})", c.arg.as_ref().map(shape).unwrap_or_default(), c.collname[0])
        }
        Expr::FuncCall(f) => {
            let args: Vec<String> = f.args.iter().map(shape).collect();
            format!("{}({})", f.funcname.last().unwrap(), args.join(","))
        }
        Expr::AIndirection(i) => format!("{}[..]", shape(&i.arg)),
        other => format!("{other:?}"),
    }
}

fn fails(sql: &str) -> (String, usize) {
    let e = parse(sql, &ParserOptions::default()).expect_err(sql);
    (e.message().to_owned(), e.0.position.unwrap_or(u32::MAX) as usize)
}

#[test]
fn precedence_is_postgresqls() {
    for (sql, want) in [
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("2 ^ 3 ^ 4", "((2 ^ 3) ^ 4)"),
        ("-2 ^ 2", "(-2 ^ 2)"),
        ("-a ^ 2", "((- a) ^ 2)"),
        ("-a::int", "(- a::pg_catalog.int4)"),
        ("a || b + c", "(a || (b + c))"),
        ("@ a + b", "(@ (a + b))"),
        ("NOT a = b", "(NOT (a = b))"),
        ("NOT a AND b", "((NOT a) AND b)"),
        ("a OR b AND c OR d", "(a OR (b AND c) OR d)"),
        ("a + NOT b = c", "(a + (NOT (b = c)))"),
        ("a = b IS NULL", "((a = b) IsNull)"),
        ("a IS NULL = b", "((a IsNull) = b)"),
        ("a < b IS NOT NULL", "((a < b) IsNotNull)"),
        ("a BETWEEN 1 AND 2 AND b", "((a BETWEEN 1,2) AND b)"),
        ("a NOT IN (1, 2) OR b", "((a <> 1,2) OR b)"),
        ("a LIKE b || 'x' ESCAPE '!'", "(a ~~ like_escape((b || 'x'),'!'))"),
        ("a + b COLLATE \"C\"", "(a + (b COLLATE C))"),
        ("a AT TIME ZONE b + c", "(timezone(b,a) + c)"),
        ("a OPERATOR(pg_catalog.+) b * c", "(a pg_catalog.+ (b * c))"),
        ("x[1].f + (y).z", "(x[..] + y[..])"),
        ("(a, b) OVERLAPS (c, d)", "overlaps(a,b,c,d)"),
        ("- 2147483648", "-2147483648"),
        ("0x1F + 1_000 + 0b101", "((31 + 1000) + 5)"),
        ("0xFFFFFFFFFFFFFFFFF", "295147905179352825855"),
    ] {
        assert_eq!(shape(&expr(sql)), want, "{sql}");
    }
}

#[test]
fn nonassociative_operators_do_not_chain() {
    for (sql, at) in [
        ("SELECT a < b < c", 13),
        ("SELECT a = b <> c", 13),
        ("SELECT a LIKE b LIKE c", 16),
        ("SELECT a BETWEEN 1 AND 2 BETWEEN 1 AND 2", 25),
        ("SELECT a IS DISTINCT FROM b IS NULL", 28),
    ] {
        assert_eq!(fails(sql).1, at, "{sql}");
    }
}

#[test]
fn errors_point_at_the_offending_token() {
    for (sql, message, at) in [
        ("SELECT * FROM", "syntax error at end of input", 13),
        ("SELECT a b c", "syntax error at or near \"c\"", 11),
        ("SELECT 'abc", "unterminated quoted string at or near \"'abc\"", 7),
        ("SELECT /* x", "unterminated /* comment at or near \"/* x\"", 7),
        ("SELECT \"\"", "zero-length delimited identifier at or near \"\"\"\"", 7),
        ("SELECT 123abc", "trailing junk after numeric literal at or near \"123abc\"", 7),
        ("SELECT $1a", "trailing junk after parameter at or near \"$1a\"", 7),
        ("SELECT 0x", "invalid hexadecimal integer at or near \"0x\"", 7),
        ("CREATE TABLE t (a int,)", "syntax error at or near \")\"", 22),
        ("FOO", "syntax error at or near \"FOO\"", 0),
        ("SELECT 1 LIMIT 1, 2", "LIMIT #,# syntax is not supported", 9),
        ("(SELECT 1 ORDER BY 1) ORDER BY 2", "multiple ORDER BY clauses not allowed", 31),
        ("(SELECT 1 LIMIT 1) LIMIT 2", "multiple LIMIT clauses not allowed", 19),
        (
            "SELECT 1 FETCH FIRST 1 ROW WITH TIES",
            "WITH TIES cannot be specified without ORDER BY clause",
            27,
        ),
        ("SELECT * FROM a.b.c.d", "improper qualified name (too many dotted names): a.b.c.d", 14),
        ("SELECT a.*.b", "improper use of \"*\" at end of input", 12),
        (
            "SELECT sum(a) OVER (ROWS UNBOUNDED FOLLOWING)",
            "frame start cannot be UNBOUNDED FOLLOWING",
            25,
        ),
        (
            "SELECT f(DISTINCT a) WITHIN GROUP (ORDER BY b)",
            "cannot use DISTINCT with WITHIN GROUP",
            21,
        ),
        (
            "CREATE TABLE t (a int CHECK (a > 0) DEFERRABLE INITIALLY DEFERRED, \
          CHECK (a > 0) DEFERRABLE)",
            "CHECK constraints cannot be marked DEFERRABLE",
            81,
        ),
        ("CREATE ROLE public", "role name \"public\" is reserved", 12),
        ("DROP OPERATOR + (int)", "missing argument", 20),
        ("SELECT 1 = ANY 2", "syntax error at or near \"2\"", 15),
        ("SELECT U&'\\00'", "invalid Unicode escape", 10),
        ("SELECT E'\\u00'", "invalid Unicode escape", 9),
    ] {
        assert_eq!(fails(sql), (message.to_owned(), at), "{sql}");
    }
}

#[test]
fn strings_and_names_are_decoded() {
    let text = |sql: &str| match expr(sql) {
        Expr::AConst(AConst { val: ConstValue::String(s), .. }) => s,
        other => panic!("{other:?}"),
    };
    assert_eq!(text("'it''s'"), "it's");
    assert_eq!(text("'a'\n  'b' -- c\n 'd'"), "abd");
    assert_eq!(text(r"E'\x41\u0042\103\n\'\\'"), "ABC\n'\\");
    assert_eq!(text(r"E'\uD83D\uDE00'"), "\u{1F600}");
    assert_eq!(text(r"U&'d\0061t\+000061'"), "data");
    assert_eq!(text("U&'d!0061' UESCAPE '!'"), "da");
    assert_eq!(text("$a$ it's $b$ $a$"), " it's $b$ ");
    assert_eq!(shape(&expr("FooBar.\"Foo\"\"Bar\"")), "foobar.Foo\"Bar");
    assert_eq!(shape(&expr("U&\"d\\0061\"")), "da");
    assert!(parse_expr("'a' 'b'", &ParserOptions::default()).is_err());
}

#[test]
fn long_names_are_cut_with_a_notice() {
    let mut notices = Vec::new();
    let name = "x".repeat(70);
    let stmts =
        parse_with_notices(&format!("SELECT {name}"), &ParserOptions::default(), &mut notices)
            .unwrap();
    assert_eq!(stmts.len(), 1);
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].sqlstate().to_string(), "42622");
}

#[test]
fn operators_are_cut_as_postgresql_cuts_them() {
    assert_eq!(shape(&expr("1 =- 2")), "(1 = -2)");
    assert_eq!(shape(&expr("1 @- 2")), "(1 @- 2)");
    assert_eq!(shape(&expr("1 +/* c */ 2")), "(1 + 2)");
    assert_eq!(shape(&expr("1 <> 2")), "(1 <> 2)");
    assert_eq!(shape(&expr("1 != 2")), "(1 <> 2)");
}

#[test]
fn statements_know_their_text() {
    let sql = " SELECT 1 ; ; SELECT 2;  SELECT 3";
    let stmts = parse(sql, &ParserOptions::default()).unwrap();
    let texts: Vec<&str> = stmts.iter().map(|s| s.text(sql)).collect();
    assert_eq!(texts, ["SELECT 1 ", "SELECT 2", "SELECT 3"]);
}

#[test]
fn parenthesized_queries_and_expressions_are_told_apart() {
    for sql in [
        "SELECT ((SELECT 1) + 1)",
        "SELECT (((SELECT 1)))",
        "SELECT ((SELECT 1) UNION SELECT 2)",
        "SELECT 1 IN ((SELECT 1), 2)",
        "SELECT 1 IN ((SELECT 1))",
        "SELECT * FROM ((SELECT 1) x JOIN (SELECT 2) y ON true)",
        "SELECT * FROM (((SELECT 1) UNION (SELECT 2)) ORDER BY 1) z",
        "SELECT * FROM ((a JOIN b USING (x)) AS j CROSS JOIN c)",
        "(SELECT 1) UNION (SELECT 2) ORDER BY 1",
        "INSERT INTO t (a) (SELECT 1)",
        "INSERT INTO t ((SELECT 1))",
        "SELECT ARRAY[[1,2],[3,4]], ARRAY(SELECT 1)",
    ] {
        one(sql);
    }
    assert_eq!(fails("SELECT * FROM (a)").1, 16);
}

#[test]
fn joins_nest_by_their_conditions() {
    let Stmt::SelectStmt(s) = one("SELECT * FROM a JOIN b JOIN c ON x ON y") else { panic!() };
    let TableRef::JoinExpr(outer) = &s.from_clause[0] else { panic!() };
    assert!(matches!(outer.rarg, TableRef::JoinExpr(_)));
    let Stmt::SelectStmt(s) = one("SELECT * FROM a CROSS JOIN b NATURAL JOIN c") else { panic!() };
    let TableRef::JoinExpr(outer) = &s.from_clause[0] else { panic!() };
    assert!(outer.is_natural && matches!(outer.larg, TableRef::JoinExpr(_)));
}

#[test]
fn every_family_of_statement_is_read() {
    for sql in [
        "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n+1 FROM t) \
         SEARCH DEPTH FIRST BY n SET s CYCLE n SET c USING p SELECT * FROM t",
        "INSERT INTO t AS x (a, b[1].c) OVERRIDING USER VALUE VALUES (1, DEFAULT) \
         ON CONFLICT (a) WHERE b DO UPDATE SET a = excluded.a RETURNING WITH (OLD AS o) *",
        "UPDATE ONLY t SET (a, b) = (SELECT 1, 2), c[2] = 3 FROM u WHERE CURRENT OF cur",
        "DELETE FROM t USING u WHERE t.a = u.a RETURNING *",
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED AND u.b THEN DELETE \
         WHEN NOT MATCHED BY SOURCE THEN UPDATE SET a = 1 WHEN NOT MATCHED THEN INSERT VALUES (1)",
        "CREATE TEMP TABLE t (a int PRIMARY KEY, b serial, c text COLLATE \"C\" DEFAULT 'x' NOT NULL, \
         d int GENERATED ALWAYS AS (a * 2) STORED, e int GENERATED BY DEFAULT AS IDENTITY, \
         LIKE u INCLUDING ALL, CONSTRAINT f FOREIGN KEY (a) REFERENCES v (x) ON DELETE SET NULL (a), \
         EXCLUDE USING gist (a WITH =) WHERE (a > 0)) INHERITS (p) WITH (fillfactor = 70) \
         ON COMMIT DROP TABLESPACE s",
        "CREATE TABLE p PARTITION OF q FOR VALUES FROM (MINVALUE) TO (10) PARTITION BY HASH (a)",
        "CREATE TABLE c (a, b) AS SELECT 1, 2 WITH NO DATA",
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int, DROP CONSTRAINT c CASCADE, \
         ALTER b TYPE text USING b::text, ALTER COLUMN c SET DEFAULT 1, ENABLE TRIGGER ALL, \
         OWNER TO CURRENT_USER, SET (fillfactor = 10), REPLICA IDENTITY FULL",
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t USING btree \
         (a COLLATE \"C\" text_ops DESC NULLS LAST, (a + 1), lower(b)) INCLUDE (c) WHERE a > 0",
        "CREATE OR REPLACE FUNCTION f(IN a int, OUT b text, VARIADIC c int[] DEFAULT '{}') \
         RETURNS SETOF record LANGUAGE sql STABLE STRICT SET x = 1 AS 'select 1', 'y'",
        "CREATE PROCEDURE p() BEGIN ATOMIC SELECT 1; INSERT INTO t VALUES (1); END",
        "CREATE TRIGGER g BEFORE INSERT OR UPDATE OF a ON t FOR EACH ROW WHEN (NEW.a > 0) \
         EXECUTE FUNCTION f('x', 1)",
        "CREATE RULE r AS ON INSERT TO t DO INSTEAD (SELECT 1; NOTIFY n)",
        "GRANT SELECT (a), UPDATE ON TABLE t TO PUBLIC WITH GRANT OPTION",
        "REVOKE ADMIN OPTION FOR a FROM b CASCADE",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT ALL ON TABLES TO r",
        "COPY t (a) FROM STDIN WITH (FORMAT csv, HEADER, FORCE_NULL (a)) WHERE a > 0",
        "COPY (SELECT 1) TO PROGRAM 'cat' CSV",
        "EXPLAIN (ANALYZE, FORMAT JSON, BUFFERS off) SELECT 1",
        "PREPARE p (int, text) AS SELECT $1, $2",
        "DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT 1",
        "FETCH BACKWARD ALL FROM c",
        "SET LOCAL TIME ZONE INTERVAL '1' HOUR",
        "BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY DEFERRABLE",
        "COMMENT ON OPERATOR CLASS c USING btree IS NULL",
        "CREATE AGGREGATE a (int ORDER BY text) (sfunc = f, stype = int)",
        "CREATE OPERATOR === (leftarg = int, procedure = f, commutator = OPERATOR(s.===))",
        "CREATE DOMAIN d AS int CHECK (VALUE > 0) NOT NULL",
        "CREATE TYPE e AS ENUM ('a', 'b')",
        "ALTER TYPE e ADD VALUE IF NOT EXISTS 'c' BEFORE 'a'",
        "CREATE PUBLICATION p FOR TABLE a, b (x) WHERE (x > 0), TABLES IN SCHEMA s",
        "CREATE SUBSCRIPTION s CONNECTION 'c' PUBLICATION p WITH (enabled = false)",
        "CREATE SERVER s TYPE 't' FOREIGN DATA WRAPPER w OPTIONS (a 'b')",
        "CREATE STATISTICS s (ndistinct) ON a, (b + 1) FROM t",
        "CREATE POLICY p ON t AS RESTRICTIVE FOR SELECT TO r USING (true) WITH CHECK (false)",
        "CREATE SCHEMA s CREATE TABLE t (a int) GRANT SELECT ON t TO r",
        "ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR a REPLACE b WITH d",
        "REINDEX (VERBOSE) TABLE CONCURRENTLY t",
        "VACUUM (FULL, ANALYZE) t (a), u",
        "LOCK TABLE a, ONLY b IN SHARE ROW EXCLUSIVE MODE NOWAIT",
        "DO LANGUAGE plpgsql $$ begin end $$",
        "CREATE EVENT TRIGGER e ON ddl_command_start WHEN tag IN ('a') EXECUTE FUNCTION f()",
        "SELECT * FROM JSON_TABLE(j, '$' COLUMNS (a int PATH '$.a' DEFAULT 1 ON EMPTY, \
         NESTED '$.b' COLUMNS (c FOR ORDINALITY)))",
        "SELECT JSON_OBJECT('a' VALUE 1 ABSENT ON NULL), JSON_ARRAY(SELECT 1), x IS JSON OBJECT",
        "SELECT * FROM XMLTABLE('/a' PASSING x COLUMNS b int PATH '@b' NOT NULL)",
        "SELECT * FROM ROWS FROM (f(1) AS (a int), g(2)) WITH ORDINALITY AS t",
        "SELECT * FROM t TABLESAMPLE system (10) REPEATABLE (1) FOR UPDATE OF t SKIP LOCKED",
        "SELECT count(*) FILTER (WHERE a), rank() OVER (w ROWS 1 PRECEDING EXCLUDE TIES) \
         FROM t GROUP BY GROUPING SETS ((a), ROLLUP (b, c), ()) WINDOW w AS (PARTITION BY a)",
    ] {
        let stmt = one(sql);
        let text = serde_json::to_string(&stmt).unwrap();
        assert_eq!(serde_json::from_str::<Stmt>(&text).unwrap(), stmt, "{sql}");
    }
}

#[test]
fn type_names_are_read() {
    let t = parse_type_name("SETOF numeric(10, 2)[][3]", &ParserOptions::default()).unwrap();
    assert_eq!((t.setof, t.typmods.len(), t.array_bounds), (true, 2, vec![-1, 3]));
    let t = parse_type_name("timestamp(3) with time zone", &ParserOptions::default()).unwrap();
    assert_eq!(t.names, ["pg_catalog", "timestamptz"]);
    let t = parse_type_name("character varying(5)", &ParserOptions::default()).unwrap();
    assert_eq!(t.names, ["pg_catalog", "varchar"]);
    assert!(parse_type_name("int4 int4", &ParserOptions::default()).is_err());
}

#[test]
fn plpgsql_modes() {
    let o = ParserOptions::default();
    assert!(parse_mode("a + 1 FROM t WHERE b", RawParseMode::PlpgsqlExpr, &o).is_ok());
    let stmts = parse_mode("r.x[2] := 1 + 1", RawParseMode::PlpgsqlAssign(2), &o).unwrap();
    let Stmt::PLAssignStmt(a) = &stmts[0].stmt else { panic!() };
    assert_eq!((a.name.as_str(), a.nnames, a.indirection.len()), ("r", 2, 2));
}

#[test]
fn deep_nesting_is_refused_not_fatal() {
    for sql in [
        format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("SELECT {}1", "- ".repeat(100_000)),
        format!("SELECT {}1", "NOT ".repeat(100_000)),
        format!("SELECT 1{}", " + 1".repeat(100_000)),
        format!("SELECT * FROM {}", "(".repeat(100_000)),
        format!("SELECT {}", "CASE WHEN ".repeat(100_000)),
        format!("{}SELECT 1", "SELECT 1 UNION ".repeat(100_000)),
    ] {
        let e = parse(&sql, &ParserOptions::default()).expect_err("too deep");
        assert_eq!(e.sqlstate().to_string(), "54001", "{}", &sql[..20]);
    }
    one(&format!("SELECT 1{}", " + 1".repeat(4000)));
    one(&format!("SELECT true{}", " AND true".repeat(100_000)));
}

fn normal(sql: &str) -> Option<(String, usize)> {
    let mut out = Normalized::default();
    normalize(sql, &mut out).then(|| (out.text.clone(), out.literals.len()))
}

#[test]
fn literals_of_simple_statements_are_lifted() {
    for (sql, want) in [
        (
            "SELECT abalance FROM pgbench_accounts WHERE aid = 123;",
            "SELECT abalance FROM pgbench_accounts WHERE aid = $1;",
        ),
        ("UPDATE t SET a = a + -12 WHERE b = 'x''y'", "UPDATE t SET a = a + $1 WHERE b = $2"),
        ("INSERT INTO t (a, b) VALUES (1.5, 'x')", "INSERT INTO t (a, b) VALUES ($1, $2)"),
        (
            "SELECT a FROM t WHERE b IN (1, 2) ORDER BY a LIMIT 10",
            "SELECT a FROM t WHERE b IN ($1, $2) ORDER BY a LIMIT $3",
        ),
        ("SELECT '2020-01-01'::date", "SELECT $1::date"),
        (
            "INSERT INTO h VALUES (1, CURRENT_TIMESTAMP)",
            "INSERT INTO h VALUES ($1, CURRENT_TIMESTAMP)",
        ),
        ("DELETE FROM t WHERE a BETWEEN 1 AND 2", "DELETE FROM t WHERE a BETWEEN $1 AND $2"),
    ] {
        let (text, _) = normal(sql).unwrap_or_else(|| panic!("{sql}"));
        assert_eq!(text, want);
        one(&text);
    }
    for sql in [
        "SELECT date '2020-01-01'",
        "SELECT 1 ORDER BY 1",
        "SELECT a + 1 FROM t GROUP BY a + 1",
        "SELECT a::numeric(10, 2)",
        "SELECT CAST(a AS numeric(10, 2))",
        "SELECT a FROM t WHERE a LIKE 'x%'",
        "SELECT E'x'",
        "SELECT $1, 2",
        "SELECT 1; SELECT 2",
        "CREATE TABLE t (a varchar(10))",
        "SELECT * FROM f(1) AS t(a bar(10))",
        "SELECT -1::int2",
        "SELECT 'a'\n'b'",
        "SELECT 1e5",
        "SELECT 0x10",
        "SELECT a -- 1\n , 2",
        "SELECT extract('year' from a)",
        "SELECT a FROM t",
        "SELECT x.interval '1'",
        "SELECT a[1]",
        "SELECT current_time(3), 1",
    ] {
        assert_eq!(normal(sql), None, "{sql}");
    }
}

#[test]
fn lifted_values_have_their_types() {
    let mut out = Normalized::default();
    let sql = "SELECT 1, -2147483648, 2147483648, 1.5, 'it''s', 99999999999999999999";
    assert!(normalize(sql, &mut out));
    let values: Vec<LiteralValue> = out.literals.iter().map(|l| l.value).collect();
    assert_eq!(
        values,
        [
            LiteralValue::Int4(1),
            LiteralValue::Int4(i32::MIN),
            LiteralValue::Int8(2_147_483_648),
            LiteralValue::Numeric,
            LiteralValue::String,
            LiteralValue::Numeric,
        ]
    );
    assert_eq!(out.literals[4].text(sql), "it's");
    assert_eq!(out.literals[3].text(sql), "1.5");
}

/// Words and symbols that a statement could be made of.
fn soup() -> impl Strategy<Value = String> {
    let words: Vec<String> = crate::keyword::KEYWORDS
        .iter()
        .map(|k| k.word.to_owned())
        .chain(
            [
                "a",
                "b.c",
                "\"X\"",
                "1",
                "2.5",
                "'s'",
                "E'\\n'",
                "$1",
                "(",
                ")",
                "[",
                "]",
                ",",
                ";",
                "::",
                ":=",
                "=>",
                "=",
                "<",
                "<>",
                "+",
                "-",
                "*",
                "/",
                "%",
                "^",
                "||",
                "@-",
                ".",
                "..",
                ":",
                "$$x$$",
                "U&'\\0041'",
                "B'1'",
                "0x1",
                "--",
                "/*",
                "*/",
                "'",
                "\"",
                "é",
                "\\",
            ]
            .map(str::to_owned),
        )
        .collect();
    prop::collection::vec(prop::sample::select(words), 0..40).prop_map(|v| v.join(" "))
}

proptest! {
    #[test]
    fn nothing_panics(sql in soup()) {
        let _ = parse(&sql, &ParserOptions::default());
        let _ = parse_expr(&sql, &ParserOptions::default());
        let _ = parse_type_name(&sql, &ParserOptions::default());
        let _ = parse_mode(&sql, RawParseMode::PlpgsqlExpr, &ParserOptions::default());
        let mut out = Normalized::default();
        if normalize(&sql, &mut out) && parse(&sql, &ParserOptions::default()).is_ok() {
            // What can be read can be read with its literals lifted.
            prop_assert!(parse(&out.text, &ParserOptions::default()).is_ok(), "{}", out.text);
        }
    }

    #[test]
    fn arbitrary_text_never_panics(sql in ".{0,60}", strings in any::<bool>()) {
        let options =
            ParserOptions { standard_conforming_strings: strings, ..Default::default() };
        let _ = parse(&sql, &options);
        let mut out = Normalized::default();
        let _ = normalize(&sql, &mut out);
    }
}
