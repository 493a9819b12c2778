-- A session as a person types it: definitions, data, typos, violations, catalog questions.
-- expected.out is PostgreSQL 18's own output of this file, expected-15.out with psql 15; scripts/session-check --expected rewrites it.
\set VERBOSITY default
\pset pager off
SELECT 1;
SELECT 1 AS one, 'two' AS two, 3.0 AS three, true AS four, NULL AS five;
SELECT;
SELEC 1;
SELECT 1 +;
SELECT nosuch;
SELECT nosuch();
SELECT 'a' + 1;
SELECT 1 + 'a';
SELECT 1/0;
SELECT 2147483647 + 1;
SELECT 9223372036854775807 + 1;
SELECT * FROM missing;
SELECT * FROM missing.missing;
SELECT 1 FROM;
SELECT 'unterminated;
';
SELECT 1::nosuchtype;
SELECT 'abc'::int;
SELECT '12'::int, '1e3'::float8, '1.50'::numeric;
SELECT 0.1::float8 + 0.2::float8, 0.1::numeric + 0.2;
SELECT 10 / 3, 10 % 3, 10 / 3.0, -7 / 2, -7 % 2;
SELECT round(2.5), round(3.5), round(2.5::float8), trunc(-2.7), ceil(2.1), floor(-2.1);
SELECT 2 ^ 10, sqrt(2), |/ 2.0, abs(-5), @ -5;
SELECT 'a' || 'b', 'a' || 1, NULL || 'x';
SELECT length('hello'), upper('abc'), lower('ABC'), initcap('hello world');
SELECT substring('hello' FROM 2 FOR 3), position('l' IN 'hello'), trim('  x  ');
SELECT 'abc' LIKE 'a%', 'abc' ILIKE 'A_C', 'abc' NOT LIKE '%z';
SELECT 'x' < 'y', 'a' = 'a ', 'B' < 'a';
SELECT true AND NULL, false AND NULL, true OR NULL, NOT NULL::bool;
SELECT 1 IS NULL, NULL IS NULL, 1 IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL;
SELECT CASE WHEN 1 = 2 THEN 'a' WHEN 2 = 2 THEN 'b' ELSE 'c' END, CASE 3 WHEN 1 THEN 'x' END;
SELECT COALESCE(NULL, NULL, 3), NULLIF(1, 1), NULLIF(1, 2), GREATEST(1, 5, 3), LEAST(4, NULL, 2);
SELECT 5 BETWEEN 1 AND 10, 5 NOT BETWEEN 6 AND 10, 5 IN (1, 5), 5 NOT IN (1, 2, NULL);
SELECT ARRAY[1, 2, 3], ARRAY[[1, 2], [3, 4]], (ARRAY[10, 20, 30])[2], (ARRAY[1, 2, 3, 4])[2:3];
SELECT '{1,2,3}'::int[], '{a,"b c",NULL}'::text[], array_length(ARRAY[1, 2], 1);
SELECT 3 = ANY (ARRAY[1, 2, 3]), 3 > ALL (ARRAY[1, 2]), ARRAY[1, 2] || 3;
SELECT ROW(1, 'a', NULL), (1, 2) = (1, 2), (1, 2) < (1, 3), ROW(1, NULL) IS NULL;
SELECT date '2024-02-29', timestamp '2024-02-29 12:34:56.789', time '12:34:56', interval '1 year 2 months 3 days 04:05:06';
SELECT date '2024-01-31' + 1, date '2024-03-01' - date '2024-02-01', timestamp '2024-01-31 00:00' + interval '1 month';
SELECT date '2024-02-30';
SELECT extract(year FROM date '2024-05-06'), date_part('dow', date '2024-05-06'), date_trunc('month', timestamp '2024-05-06 07:08:09');
SELECT 'a'::char(3), 'abc'::varchar(2), 'abcdef'::char(3) || '|';
SELECT '\xdeadbeef'::bytea, 'abc'::bytea, E'\\000\\377'::bytea;
SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12'::uuid;
SELECT 'nonsense'::uuid;
SELECT '{"a": 1, "b": [1, 2]}'::json, '{"b": 2, "a": 1}'::jsonb;
SELECT '{"a": {"b": 5}}'::jsonb -> 'a' -> 'b', '{"a": "x"}'::jsonb ->> 'a', '[1,2]'::jsonb -> 1;
SELECT '{bad'::json;
SELECT 'int4'::regtype, 'pg_class'::regclass, 'nosuch'::regclass;
SELECT pg_typeof(1), pg_typeof('a'), pg_typeof(1.5), pg_typeof(ARRAY[1]), pg_typeof(now());
SELECT VALUES;
VALUES (1, 'a'), (2, 'b');
VALUES (1), (2, 3);
SELECT * FROM (VALUES (1, 'one'), (2, 'two')) AS t (n, name) WHERE n > 1;
SELECT generate_series(1, 3);
SELECT * FROM generate_series(1, 10, 4) g;
SELECT n, n * n AS square FROM generate_series(1, 5) n ORDER BY n DESC LIMIT 3 OFFSET 1;
SELECT 1 UNION SELECT 2 UNION SELECT 1 ORDER BY 1;
SELECT 1 UNION ALL SELECT 1;
SELECT 1 INTERSECT SELECT 1;
SELECT 1 EXCEPT SELECT 2;
SELECT 1, 2 UNION SELECT 1;
SELECT 1 UNION SELECT 'a';
WITH t AS (SELECT 1 AS a) SELECT a + 1 FROM t;
WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n), count(*) FROM t;
SELECT count(*), sum(x), avg(x), min(x), max(x) FROM generate_series(1, 10) x;
SELECT x % 3 AS k, count(*), array_agg(x ORDER BY x DESC) FROM generate_series(1, 10) x GROUP BY k ORDER BY k;
SELECT x % 3 AS k, count(*) FROM generate_series(1, 10) x GROUP BY 1 HAVING count(*) > 3;
SELECT x, count(*) FROM generate_series(1, 2) y, generate_series(1, 2) x GROUP BY y;
SELECT sum(count(*)) FROM generate_series(1, 2);
SELECT DISTINCT x % 2 FROM generate_series(1, 6) x ORDER BY 1;
SELECT row_number() OVER (ORDER BY x DESC), x, sum(x) OVER (ORDER BY x) FROM generate_series(1, 4) x ORDER BY x;
SELECT string_agg(x::text, ',' ORDER BY x), bool_and(x > 0), bool_or(x > 3) FROM generate_series(1, 4) x;
SELECT count(*) FILTER (WHERE x > 2) FROM generate_series(1, 4) x;
CREATE TABLE dept (id int PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE emp (
    id serial PRIMARY KEY,
    name varchar(20) NOT NULL,
    dept_id int REFERENCES dept (id),
    salary numeric(10, 2) CHECK (salary > 0),
    hired date DEFAULT '2020-01-01',
    note text
);
CREATE TABLE emp (id int);
CREATE TABLE IF NOT EXISTS emp (id int);
CREATE TABLE bad (id int, id text);
CREATE TABLE bad (id nosuch);
CREATE TABLE bad (id int PRIMARY KEY, x int PRIMARY KEY);
CREATE TABLE bad (id int REFERENCES nowhere (id));
CREATE TABLE bad (id int DEFAULT nosuch);
\d dept
\d emp
\d+ emp
INSERT INTO dept VALUES (1, 'Sales'), (2, 'Research'), (3, 'Empty');
INSERT INTO dept VALUES (1, 'Again');
INSERT INTO dept VALUES (4, 'Sales');
INSERT INTO dept (id) VALUES (5);
INSERT INTO dept VALUES (6, NULL);
INSERT INTO dept VALUES (7);
INSERT INTO dept VALUES (8, 'a', 'b');
INSERT INTO dept (id, nosuch) VALUES (9, 'x');
INSERT INTO dept (id, id) VALUES (9, 9);
INSERT INTO dept VALUES ('x', 'y');
INSERT INTO emp (name, dept_id, salary) VALUES ('Ann', 1, 1000), ('Bob', 1, 1500.5), ('Cid', 2, 2000), ('Dee', NULL, 1250) RETURNING id, name;
INSERT INTO emp (name, dept_id) VALUES ('Eve', 99);
INSERT INTO emp (name, salary) VALUES ('Fay', -1);
INSERT INTO emp (name, salary) VALUES ('Gus', 123456789.12);
INSERT INTO emp (name) VALUES ('a name that is far too long for it');
INSERT INTO emp (salary) VALUES (5);
INSERT INTO emp DEFAULT VALUES;
SELECT * FROM emp ORDER BY id;
SELECT name, salary FROM emp WHERE salary > 1100 ORDER BY salary DESC;
SELECT nme FROM emp;
SELECT emp.nme FROM emp;
SELECT x.name FROM emp;
SELECT e.name, d.name FROM emp e JOIN dept d ON d.id = e.dept_id ORDER BY e.id;
SELECT e.name, d.name FROM emp e LEFT JOIN dept d ON d.id = e.dept_id ORDER BY e.id;
SELECT e.name, d.name FROM emp e RIGHT JOIN dept d ON d.id = e.dept_id ORDER BY d.id, e.id;
SELECT e.name, d.name FROM emp e FULL JOIN dept d ON d.id = e.dept_id ORDER BY d.id, e.id;
SELECT name FROM emp, dept;
SELECT emp.name FROM emp e;
SELECT count(*) FROM emp CROSS JOIN dept;
SELECT d.name, count(e.id), sum(e.salary) FROM dept d LEFT JOIN emp e ON e.dept_id = d.id GROUP BY d.id ORDER BY d.id;
SELECT d.name, e.salary FROM dept d, LATERAL (SELECT max(salary) AS salary FROM emp WHERE dept_id = d.id) e ORDER BY 1;
SELECT name FROM emp WHERE dept_id IN (SELECT id FROM dept WHERE name LIKE 'S%') ORDER BY 1;
SELECT name FROM dept d WHERE NOT EXISTS (SELECT 1 FROM emp e WHERE e.dept_id = d.id);
SELECT name, (SELECT count(*) FROM emp WHERE dept_id = d.id) FROM dept d ORDER BY d.id;
SELECT (SELECT id FROM dept);
SELECT (SELECT id, name FROM dept LIMIT 1);
SELECT name FROM emp WHERE salary > ALL (SELECT salary FROM emp WHERE dept_id = 1);
SELECT name FROM emp WHERE salary = (SELECT max(salary) FROM emp);
SELECT name FROM emp WHERE sum(salary) > 1;
SELECT name, sum(salary) FROM emp;
SELECT name FROM emp ORDER BY 2;
SELECT name FROM emp ORDER BY nosuch;
SELECT name FROM emp LIMIT -1;
SELECT DISTINCT ON (dept_id) dept_id, name FROM emp ORDER BY dept_id, salary DESC;
SELECT name FROM emp WHERE name;
SELECT name FROM emp WHERE id = 'x';
SELECT name FROM emp WHERE id = '2';
UPDATE emp SET salary = salary * 1.1 WHERE name = 'Ann';
UPDATE emp SET salary = 0 WHERE name = 'Ann';
UPDATE emp SET nosuch = 1;
UPDATE emp SET dept_id = 77 WHERE id = 1;
UPDATE emp SET (name, note) = ('Anna', 'renamed') WHERE name = 'Ann' RETURNING id, name, note;
WITH u AS (UPDATE emp e SET note = d.name FROM dept d WHERE d.id = e.dept_id RETURNING e.id, e.note) SELECT * FROM u ORDER BY id;
UPDATE dept SET id = 2 WHERE id = 1;
UPDATE dept SET id = 10 WHERE id = 1;
DELETE FROM dept WHERE id = 1;
DELETE FROM dept WHERE id = 3 RETURNING *;
DELETE FROM emp USING dept WHERE dept.id = emp.dept_id AND dept.name = 'Research';
SELECT count(*) FROM emp;
INSERT INTO dept VALUES (1, 'Other') ON CONFLICT DO NOTHING;
INSERT INTO dept VALUES (1, 'Other') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name RETURNING *;
INSERT INTO dept VALUES (1, 'Other') ON CONFLICT (nosuch) DO NOTHING;
INSERT INTO dept VALUES (1, 'Other') ON CONFLICT (name) DO UPDATE SET id = dept.id + 100 RETURNING *;
INSERT INTO emp (name, dept_id) SELECT 'Copy ' || name, dept_id FROM emp WHERE name = 'Dee';
SELECT name, dept_id, hired FROM emp ORDER BY id;
BEGIN;
INSERT INTO dept VALUES (20, 'Temp');
SELECT count(*) FROM dept;
ROLLBACK;
SELECT count(*) FROM dept;
BEGIN;
SELECT 1/0;
SELECT 1;
COMMIT;
BEGIN;
INSERT INTO dept VALUES (21, 'A');
SAVEPOINT s1;
INSERT INTO dept VALUES (22, 'B');
INSERT INTO dept VALUES (22, 'B');
ROLLBACK TO s1;
INSERT INTO dept VALUES (23, 'C');
RELEASE s1;
COMMIT;
SELECT * FROM dept ORDER BY id;
ROLLBACK;
COMMIT;
SAVEPOINT x;
BEGIN;
BEGIN;
ROLLBACK TO nosuch;
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
INSERT INTO dept VALUES (30, 'X');
ROLLBACK;
SHOW transaction_isolation;
CREATE INDEX emp_salary_idx ON emp (salary DESC NULLS LAST) WHERE salary IS NOT NULL;
CREATE UNIQUE INDEX emp_lower_name ON emp (lower(name));
INSERT INTO emp (name) VALUES ('DEE');
CREATE INDEX emp_salary_idx ON emp (id);
CREATE INDEX ON emp (nosuch);
\d emp
DROP INDEX nosuch;
DROP INDEX emp_salary_idx;
ALTER TABLE emp ADD COLUMN age int DEFAULT 30;
ALTER TABLE emp ADD COLUMN age int;
ALTER TABLE emp ADD CONSTRAINT age_ok CHECK (age > 18);
UPDATE emp SET age = 5 WHERE id = 1;
ALTER TABLE emp ALTER COLUMN age SET NOT NULL;
ALTER TABLE emp ALTER COLUMN age DROP DEFAULT;
ALTER TABLE emp RENAME COLUMN age TO years;
ALTER TABLE emp ALTER COLUMN years TYPE bigint;
ALTER TABLE emp DROP COLUMN nosuch;
ALTER TABLE emp DROP COLUMN note;
ALTER TABLE nosuch ADD COLUMN x int;
SELECT * FROM emp ORDER BY id;
\d emp
ALTER TABLE emp DROP CONSTRAINT age_ok;
ALTER TABLE emp RENAME TO staff;
SELECT count(*) FROM emp;
SELECT count(*) FROM staff;
ALTER TABLE staff RENAME TO emp;
CREATE VIEW rich AS SELECT name, salary FROM emp WHERE salary > 1200;
SELECT * FROM rich ORDER BY name;
CREATE VIEW rich AS SELECT 1;
CREATE OR REPLACE VIEW rich AS SELECT name, salary, dept_id FROM emp WHERE salary > 1200;
\d rich
\d+ rich
DROP TABLE emp;
DROP TABLE dept;
DROP VIEW rich;
DROP VIEW rich;
DROP VIEW IF EXISTS rich;
DROP TABLE nosuch;
DROP TABLE IF EXISTS nosuch;
DROP VIEW emp;
CREATE SEQUENCE seq START 5 INCREMENT 2;
SELECT nextval('seq'), nextval('seq'), currval('seq');
SELECT setval('seq', 100), nextval('seq');
SELECT nextval('nosuch');
\d seq
DROP SEQUENCE seq;
CREATE TABLE ident (id int GENERATED ALWAYS AS IDENTITY, v text, d int GENERATED ALWAYS AS (length(v)) STORED);
INSERT INTO ident (v) VALUES ('abc'), ('de') RETURNING *;
INSERT INTO ident (id, v) VALUES (5, 'x');
INSERT INTO ident (id, v) OVERRIDING SYSTEM VALUE VALUES (5, 'x') RETURNING *;
INSERT INTO ident (v, d) VALUES ('x', 1);
UPDATE ident SET v = 'longer' WHERE id = 1 RETURNING *;
\d ident
CREATE SCHEMA app;
CREATE TABLE app.t (a int, b text);
INSERT INTO app.t VALUES (1, 'x'), (2, 'y');
SELECT * FROM t;
SELECT * FROM app.t;
SET search_path = app, public;
SELECT * FROM t;
SHOW search_path;
RESET search_path;
CREATE SCHEMA app;
DROP SCHEMA app;
DROP SCHEMA app CASCADE;
CREATE TABLE big AS SELECT g AS id, g % 10 AS k, 'row ' || g AS t FROM generate_series(1, 1000) g;
SELECT count(*), sum(id), count(DISTINCT k) FROM big;
SELECT id INTO smaller FROM big WHERE id <= 3;
SELECT * FROM smaller ORDER BY id;
TRUNCATE smaller;
SELECT count(*) FROM smaller;
DROP TABLE smaller;
CREATE INDEX big_id ON big (id);
ANALYZE big;
EXPLAIN (COSTS OFF) SELECT * FROM big WHERE id = 5;
EXPLAIN (COSTS OFF) SELECT * FROM big WHERE k = 5;
EXPLAIN (COSTS OFF) SELECT k, count(*) FROM big GROUP BY k;
EXPLAIN (COSTS OFF) SELECT * FROM big ORDER BY t LIMIT 5;
EXPLAIN (COSTS OFF) SELECT * FROM big a JOIN big b ON a.id = b.id WHERE a.k = 3;
EXPLAIN (COSTS OFF) UPDATE big SET t = 'x' WHERE id = 1;
EXPLAIN (COSTS OFF) DELETE FROM big WHERE id < 10;
EXPLAIN (NOSUCH) SELECT 1;
PREPARE p (int) AS SELECT t FROM big WHERE id = $1;
EXECUTE p (7);
EXECUTE p ('x');
EXECUTE p;
EXECUTE nosuch;
DEALLOCATE p;
DEALLOCATE p;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM big ORDER BY id;
FETCH 3 FROM c;
FETCH BACKWARD 1 FROM c;
FETCH LAST FROM c;
MOVE ABSOLUTE 10 IN c;
FETCH NEXT FROM c;
CLOSE c;
FETCH c;
COMMIT;
DECLARE c CURSOR FOR SELECT 1;
COPY (SELECT id, t FROM big ORDER BY id LIMIT 3) TO STDOUT;
COPY (SELECT id, t FROM big ORDER BY id LIMIT 3) TO STDOUT WITH (FORMAT csv, HEADER);
CREATE TABLE copied (a int, b text);
COPY copied FROM STDIN;
1	one
2	\N
3	tab\there
\.
COPY copied FROM STDIN (FORMAT csv);
4,"quoted, comma"
5,
\.
COPY copied FROM STDIN;
x	bad
\.
COPY copied FROM STDIN;
6
\.
SELECT * FROM copied ORDER BY a;
COPY nosuch TO STDOUT;
COPY copied (a, nosuch) TO STDOUT;
CREATE FUNCTION add_one(x int) RETURNS int LANGUAGE sql AS 'SELECT x + 1';
SELECT add_one(41);
SELECT add_one('a');
SELECT add_one(1, 2);
CREATE FUNCTION add_one(x int) RETURNS int LANGUAGE sql AS 'SELECT x + 1';
CREATE FUNCTION bad() RETURNS int LANGUAGE sql AS 'SELECT nosuch';
CREATE FUNCTION bad() RETURNS int LANGUAGE nosuch AS 'x';
\df add_one
DROP FUNCTION add_one(int);
DROP FUNCTION add_one(int);
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
SELECT 'ok'::mood, 'sad'::mood < 'happy'::mood;
SELECT 'angry'::mood;
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
SELECT 5::posint;
SELECT (-5)::posint;
\dT mood
DROP TYPE mood;
DROP DOMAIN posint;
CREATE TEMP TABLE tmp (x int) ON COMMIT DELETE ROWS;
INSERT INTO tmp VALUES (1);
SELECT count(*) FROM tmp;
BEGIN;
INSERT INTO tmp VALUES (1), (2);
SELECT count(*) FROM tmp;
CREATE TEMP TABLE tmp2 ON COMMIT DROP AS SELECT 1 AS one;
SELECT * FROM tmp2;
COMMIT;
SELECT count(*) FROM tmp;
SELECT * FROM tmp2;
CREATE TABLE perm (x int) ON COMMIT DROP;
DROP TABLE tmp;
CREATE ROLE reader LOGIN;
CREATE ROLE reader;
GRANT SELECT ON big TO reader;
GRANT nosuch ON big TO reader;
SET ROLE reader;
SELECT count(*) FROM big;
DELETE FROM big;
SELECT count(*) FROM copied;
RESET ROLE;
\dp big
\du
REVOKE SELECT ON big FROM reader;
DROP ROLE reader;
DROP ROLE reader;
COMMENT ON TABLE big IS 'a big table';
COMMENT ON COLUMN big.k IS 'its key';
\d+ big
\dt
CREATE TABLE hollow (x int);
\dt+ hollow
DROP TABLE hollow;
\di
\dv
\ds
\dn
\l
\x
SELECT id, k, t FROM big WHERE id <= 2 ORDER BY id;
\x
\gdesc
SELECT 1 AS a, 'x'::text AS b \gdesc
SELECT $1::int + $2::int \bind 3 4 \g
SELECT $1 \bind \g
\copy copied TO STDOUT
SET nosuch = 1;
SET work_mem = 'lots';
SET work_mem = '8MB';
SHOW work_mem;
RESET work_mem;
SHOW nosuch;
SET datestyle = 'German, DMY';
SELECT date '2024-12-31', timestamp '2024-12-31 23:59:59';
RESET datestyle;
SET timezone = 'America/New_York';
SELECT timestamptz '2024-07-01 12:00:00+00', timestamptz '2024-01-01 12:00:00+00';
SET timezone = 'Nowhere/Land';
SET timezone = 'UTC';
SELECT timestamptz '2024-07-01 12:00:00 America/Los_Angeles' AT TIME ZONE 'Europe/Berlin';
VACUUM big;
VACUUM nosuch;
LOCK TABLE big IN ACCESS SHARE MODE;
SELECT * FROM big WHERE id = 3 FOR UPDATE;
SELECT count(*) FROM big FOR UPDATE;
SELECT current_user, session_user, current_database(), current_schema;
SELECT to_char(1234.5, '9,999.99'), to_char(date '2024-05-06', 'DD Mon YYYY'), to_date('06-05-2024', 'DD-MM-YYYY');
SELECT regexp_replace('hello', 'l+', 'L'), 'abc' ~ '^a.c$', 'abc' !~ 'b';
SELECT format('%s is %L and %I', 'a', 'b''c', 'd e');
SELECT md5('hello'), encode('abc', 'hex'), decode('616263', 'hex');
SELECT * FROM pg_class WHERE relname = 'nosuch';
SELECT relname, relkind FROM pg_class WHERE relname IN ('emp', 'dept', 'big') ORDER BY 1;
SELECT attname, atttypid::regtype, attnotnull FROM pg_attribute WHERE attrelid = 'dept'::regclass AND attnum > 0 ORDER BY attnum;
SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'emp'::regclass ORDER BY conname;
SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_name = 'dept' ORDER BY ordinal_position;
\d
\d nosuch
\d big_id
\d+ dept
\dt nosuch
\dt public.*
\di public.big*
\ds *.nosuch
\dv
\dv nosuch
\df nosuch
\df
\dT nosuch
\dT
\du nosuch
\dn public
\dn+ public
\l template0
\dp dept
\dp nosuch
\x on
SELECT id, name FROM dept ORDER BY id LIMIT 1;
\dn public
\x off
\x auto
\x off
\timing on
\timing off
\timing
\timing
\nosuchcommand
SELECT 1 AS a, now() AS b, NULL::numeric(5, 2) AS c, ARRAY[1] AS d, 'x'::varchar(3) AS e \gdesc
SELECT nosuch \gdesc
INSERT INTO dept VALUES (1000, 'described') \gdesc
SELECT $1::text || $2::text AS joined \bind a b \g
SELECT $1::int \bind x \g
SELECT $1, $2 \bind 1 \g
SELECT id, name FROM dept WHERE id = $1 \bind 2 \gx
SELECT 1 AS one, 'two' AS two \gset
SELECT :one, :'two';
\copy (SELECT id, name FROM dept ORDER BY id LIMIT 2) TO STDOUT (FORMAT csv, HEADER)
\copy copied FROM STDIN (FORMAT csv)
100,from psql
101,"more, from psql"
\.
\copy copied (a) FROM STDIN
x
\.
\copy nosuch TO STDOUT
\copy copied TO STDOUT (FORMAT nosuch)
SELECT * FROM copied WHERE a >= 100 ORDER BY a;
COPY copied TO STDOUT (FORMAT csv, NOSUCH);
COPY copied TO STDOUT (FORMAT csv, DELIMITER 'xx');
COPY copied FROM STDIN (HEADER, FORMAT csv);
a,b
7,seven
\.
COPY copied (b, a) TO STDOUT (FORMAT csv, FORCE_QUOTE *);
CREATE TABLE acct (
    id int PRIMARY KEY,
    owner text NOT NULL,
    balance numeric(12, 2) NOT NULL DEFAULT 0 CONSTRAINT positive CHECK (balance >= 0),
    kind char(1) CHECK (kind IN ('a', 'b')),
    UNIQUE (owner, kind) DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE transfer (
    src int REFERENCES acct ON DELETE CASCADE ON UPDATE CASCADE,
    dst int REFERENCES acct (id) ON DELETE SET NULL DEFERRABLE,
    amount numeric CHECK (amount > 0) NOT NULL,
    CHECK (src <> dst)
);
\d acct
\d transfer
\d+ transfer
INSERT INTO acct VALUES (1, 'ann', 100, 'a'), (2, 'bob', 50, 'b'), (3, 'cid', 0, NULL);
INSERT INTO acct VALUES (1, 'dup', 1, 'a');
INSERT INTO acct VALUES (4, 'neg', -1, 'a');
INSERT INTO acct VALUES (5, 'kind', 1, 'z');
INSERT INTO acct VALUES (6, NULL, 1, 'a');
INSERT INTO acct VALUES (7, 'big', 12345678901, 'a');
INSERT INTO acct VALUES (8, 'ann', 1, 'a');
BEGIN;
INSERT INTO acct VALUES (8, 'ann', 1, 'a');
UPDATE acct SET kind = 'b' WHERE id = 8;
COMMIT;
SELECT * FROM acct ORDER BY id;
INSERT INTO transfer VALUES (1, 2, 10), (2, 1, 5);
INSERT INTO transfer VALUES (1, 1, 10);
INSERT INTO transfer VALUES (1, 99, 10);
INSERT INTO transfer VALUES (1, 2, NULL);
INSERT INTO transfer VALUES (1, 2, 0);
UPDATE acct SET balance = balance - 1000 WHERE id = 1;
UPDATE acct SET id = 100 WHERE id = 1;
SELECT * FROM transfer ORDER BY src, dst;
DELETE FROM acct WHERE id = 2;
SELECT * FROM transfer ORDER BY src, dst;
ALTER TABLE transfer ADD CONSTRAINT big_enough CHECK (amount > 100);
ALTER TABLE transfer ADD CONSTRAINT big_enough CHECK (amount > 100) NOT VALID;
ALTER TABLE transfer VALIDATE CONSTRAINT big_enough;
INSERT INTO transfer VALUES (100, NULL, 50);
ALTER TABLE transfer DROP CONSTRAINT big_enough;
ALTER TABLE transfer DROP CONSTRAINT big_enough;
ALTER TABLE acct DROP CONSTRAINT acct_pkey;
ALTER TABLE acct ALTER COLUMN id TYPE bigint;
ALTER TABLE acct ALTER COLUMN owner TYPE int;
ALTER TABLE acct ALTER COLUMN owner TYPE varchar(2);
ALTER TABLE acct ALTER COLUMN owner SET NOT NULL;
ALTER TABLE acct ALTER COLUMN kind SET NOT NULL;
ALTER TABLE acct ALTER COLUMN id DROP NOT NULL;
ALTER TABLE acct ALTER COLUMN balance SET DEFAULT 'x';
ALTER TABLE acct RENAME COLUMN nosuch TO other;
ALTER TABLE acct RENAME COLUMN kind TO owner;
ALTER TABLE acct RENAME CONSTRAINT positive TO not_negative;
ALTER TABLE acct OWNER TO nosuch;
ALTER TABLE acct SET SCHEMA nosuch;
\d acct
TRUNCATE acct;
TRUNCATE acct, transfer;
TRUNCATE nosuch;
SELECT count(*) FROM acct;
UPDATE acct SET;
INSERT INTO acct VALUES;
DELETE acct;
SELECT * FORM acct;
SELECT * FROM acct WERE id = 1;
SELECT id owner balance FROM acct;
SELECT id,, owner FROM acct;
SELECT * FROM acct ORDER id;
SELECT count(* FROM acct;
CREATE TABEL x (a int);
CREATE TABLE x (a int,);
CREATE TABLE x a int;
DROP acct;
ALTER TABLE acct ADD;
GRANT ALL acct TO public;
SELECT "unterminated;
";
SELECT 'a' 'b';
SELECT $$dollar 'quoted'$$, $x$a$$b$x$;
SELECT U&'d\0061t\+000061', E'tab\tnew\nline', B'1010', X'1F';
SELECT 1 /* comment /* nested */ still */ + 1; -- and this
SELECT 1 AS "Mixed Case", 2 AS "select";
SELECT id FROM Acct;
SELECT id FROM "Acct";
SELECT id FROM public.acct, other.acct;
SELECT acct.* FROM acct a;
SELECT max(balance) FROM acct GROUP BY nosuch;
SELECT upper(1);
SELECT substring('abc', 'x', 'y', 'z');
SELECT length(1, 2);
SELECT now(1, 2);
SELECT public.nosuch(1);
SELECT 'a' LIKE 1;
SELECT 1 = 'a';
SELECT 1 = true;
SELECT date '2024-01-01' + time '12:00', date '2024-01-01' * 2;
SELECT CAST('x' AS boolean), CAST('yes' AS boolean);
SELECT 'yes'::boolean, 'off'::boolean, 1::boolean, true::int;
SELECT 32768::smallint;
SELECT 1e400::float8;
SELECT 'NaN'::float8, 'Infinity'::float8, '-inf'::numeric;
SELECT '12:60'::time;
SELECT '2024-13-01'::date;
SELECT 'tomorrow'::nosuchtype;
SELECT interval '1 fortnight';
SELECT '[1,2'::int[];
SELECT ARRAY[1, 'x'];
SELECT (ARRAY[1, 2])[5] IS NULL, array_upper(ARRAY[[1], [2]], 1);
SELECT ROW(1, 2) = ROW(1, 2, 3);
SELECT CASE WHEN 1 THEN 2 END;
SELECT CASE 1 WHEN 'x' THEN 1 END;
SELECT * FROM generate_series(1, 3) AS g (a, b);
SELECT * FROM (SELECT 1, 2) AS t (a, b, c);
SELECT * FROM (SELECT 1);
SELECT * FROM (SELECT 1 AS a) t JOIN (SELECT 1 AS a) u USING (b);
SELECT a FROM (SELECT 1 AS a) t, (SELECT 2 AS a) u;
SELECT 1 LIMIT 'x';
SELECT 1 OFFSET -1;
SELECT DISTINCT 1 ORDER BY 2;
SELECT DISTINCT g FROM generate_series(1, 3) g ORDER BY -g;
SELECT avg('x');
SELECT sum(g) OVER w FROM generate_series(1, 2) g;
SELECT rank() FROM generate_series(1, 2) g;
SELECT g FROM generate_series(1, 2) g WHERE row_number() OVER () = 1;
WITH t AS (SELECT 1), t AS (SELECT 2) SELECT * FROM t;
WITH t (a, b) AS (SELECT 1) SELECT * FROM t;
WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT n FROM t) SELECT * FROM t;
INSERT INTO acct (id, owner) VALUES (1, 'x') RETURNING nosuch;
INSERT INTO acct (id, owner) VALUES (1, 'x') ON CONFLICT (owner) DO NOTHING;
INSERT INTO acct (id, owner) SELECT 1;
INSERT INTO acct (id, owner) SELECT 1, 2, 3;
UPDATE acct SET balance = 'x';
UPDATE acct SET id = 1, id = 2;
UPDATE acct SET (id, owner) = (1, 2, 3);
DELETE FROM acct WHERE nosuch = 1;
MERGE INTO acct a USING (VALUES (1, 'm', 5.0)) v (id, owner, b) ON a.id = v.id WHEN MATCHED THEN UPDATE SET balance = v.b WHEN NOT MATCHED THEN INSERT (id, owner, balance) VALUES (v.id, v.owner, v.b);
MERGE INTO acct a USING (VALUES (1, 'm', 7.0)) v (id, owner, b) ON a.id = v.id WHEN MATCHED THEN UPDATE SET balance = v.b;
SELECT id, owner, balance FROM acct ORDER BY id;
CREATE FUNCTION twice(x int) RETURNS int LANGUAGE sql AS 'SELECT x * 2' IMMUTABLE;
CREATE FUNCTION wrong(x int) RETURNS int LANGUAGE sql AS 'SELECT ''a''::text';
CREATE FUNCTION wrong(x int) RETURNS int LANGUAGE sql AS 'SELECT 1, 2';
CREATE FUNCTION wrong(x int) RETURNS int LANGUAGE sql AS $$ SELECT x; SELECT y $$;
CREATE FUNCTION wrong(x int) RETURNS int LANGUAGE sql AS 'SELEC x';
CREATE FUNCTION wrong(x nosuch) RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT twice(21), twice(NULL);
\df twice
\df+ nosuch
DROP FUNCTION twice;
DROP FUNCTION twice(int);
CREATE TYPE pair AS (a int, b text);
\d pair
\dT+ pair
SELECT ROW(1, 'x')::pair, (ROW(1, 'x')::pair).b;
SELECT ROW(1)::pair;
DROP TYPE pair;
CREATE VIEW owners AS SELECT owner, count(*) AS n FROM acct GROUP BY owner;
\d+ owners
INSERT INTO owners VALUES ('x', 1);
DROP TABLE acct;
CREATE INDEX acct_idx ON acct (balance) INCLUDE (owner) WHERE balance > 0;
CREATE UNIQUE INDEX acct_owner ON acct (owner, id);
\d acct_idx
\di acct*
DROP INDEX acct_owner;
DROP TABLE acct CASCADE;
DROP TABLE transfer;
START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY;
SHOW transaction_isolation;
SHOW transaction_read_only;
CREATE TABLE x (a int);
ROLLBACK AND CHAIN;
SHOW transaction_isolation;
COMMIT;
BEGIN;
SAVEPOINT a;
SELECT nosuch;
RELEASE a;
ROLLBACK TO a;
SELECT 'fine again';
COMMIT;
RELEASE nosuch;
SHOW nosuch.setting;
SET my.setting = 'value';
SHOW my.setting;
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL nosuch;
SET statement_timeout = '-1s';
SET client_min_messages = warning;
DROP TABLE IF EXISTS nosuch;
RESET client_min_messages;
LISTEN chan;
NOTIFY chan;
UNLISTEN *;
DISCARD ALL;
DROP TABLE emp, dept, big, copied, ident;
