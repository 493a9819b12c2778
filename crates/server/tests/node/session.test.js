// Sessions through node-postgres: statements, pipelines, COPY, cancel, notices, transactions, errors.
import assert from "node:assert/strict";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import test from "node:test";
import Cursor from "pg-cursor";
import copy from "pg-copy-streams";
import { connect, failure, pool, withSchema } from "./support.js";

test("queries sent ahead answer in order", async (t) => {
  const client = await connect(t);
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) => client.query("select $1::int4 as i", [i])),
  );
  assert.deepEqual(answers.map((a) => a.rows[0].i), Array.from({ length: 100 }, (_, i) => i));
});

test("results are described", async (t) => {
  const client = await withSchema(t);
  await client.query("create table t (id int primary key, v varchar(7), n numeric(6,2))");
  const result = await client.query("insert into t values (1, 'a', 2) returning *");
  assert.equal(result.command, "INSERT");
  assert.equal(result.rowCount, 1);
  assert.deepEqual(
    result.fields.map((f) => [f.name, f.dataTypeID, f.dataTypeSize, f.dataTypeModifier, f.columnID]),
    [["id", 23, 4, -1, 1], ["v", 1043, -1, 11, 2], ["n", 1700, -1, 393222, 3]],
  );
  const { rows } = await client.query("select 't'::regclass::oid as oid");
  assert.ok(result.fields.every((f) => f.tableID === rows[0].oid));
});

test("several statements in one text", async (t) => {
  const client = await withSchema(t);
  const results = await client.query("create table t (id int); insert into t values (1), (2); select * from t");
  assert.deepEqual(results.map((r) => [r.command, r.rowCount]), [["CREATE", null], ["INSERT", 2], ["SELECT", 2]]);
  await failure(client.query("insert into t values (3); select 1/0"));
  assert.equal((await client.query("select count(*)::int4 as n from t")).rows[0].n, 2);
});

test("named statements", async (t) => {
  const client = await withSchema(t);
  await client.query("create table t (id int, v text)");
  for (let i = 0; i < 20; i++) {
    await client.query({ name: "put", text: "insert into t values ($1, $2)", values: [i, String(i)] });
  }
  const { rows } = await client.query("select name, parameter_types::text from pg_prepared_statements");
  assert.deepEqual(rows, [{ name: "put", parameter_types: "{integer,text}" }]);
  const e = await failure(client.query({ name: "put", text: "insert into t values ($1, $2)", values: ["x", "y"] }));
  assert.equal(e.code, "22P02");
  assert.equal(e.where, "unnamed portal parameter $1 = '...'");
  assert.equal((await client.query("select count(*)::int4 as n from t")).rows[0].n, 20);
});

test("cursors deliver rows in portions", async (t) => {
  const client = await connect(t);
  const cursor = client.query(new Cursor("select i from generate_series(1, $1::int4) i", [250]));
  const sizes = [];
  for (let rows = await cursor.read(100); rows.length; rows = await cursor.read(100)) sizes.push(rows.length);
  assert.deepEqual(sizes, [100, 100, 50]);
  await cursor.close();
  const early = client.query(new Cursor("select i from generate_series(1, 1000000) i"));
  assert.equal((await early.read(10)).length, 10);
  await early.close();
  assert.deepEqual((await client.query("select 1 as x")).rows, [{ x: 1 }]);
});

test("COPY in and out", async (t) => {
  const client = await withSchema(t);
  await client.query("create table t (id int, v text)");
  const lines = Array.from({ length: 5000 }, (_, i) => `${i}\tvalue ${i}\n`);
  const input = client.query(copy.from("copy t from stdin"));
  await pipeline(Readable.from(lines), input);
  assert.equal(input.rowCount, 5000);
  const chunks = [];
  const output = client.query(copy.to("copy (select * from t order by id) to stdout"));
  for await (const chunk of output) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), lines.join(""));
  const e = await failure(pipeline(Readable.from(["1\ta\nx\tb\n"]), client.query(copy.from("copy t from stdin"))));
  assert.equal(e.code, "22P02");
  assert.equal(e.where, 'COPY t, line 2, column id: "x"');
  assert.equal((await client.query("select count(*)::int4 as n from t")).rows[0].n, 5000);
});

test("cancel requests", async (t) => {
  const client = await connect(t);
  const other = await connect(t);
  for (const sql of ["select pg_sleep(60)", "select count(*) from generate_series(1, 10000000000)"]) {
    const running = failure(client.query(sql));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { rows } = await other.query("select pg_cancel_backend($1) as done", [client.processID]);
    assert.deepEqual(rows, [{ done: true }]);
    const e = await running;
    assert.equal(e.code, "57014");
  }
  const ended = failure(client.query("select pg_sleep(60)"));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await other.query("select pg_terminate_backend($1)", [client.processID]);
  assert.equal((await ended).code, "57P01");
});

test("timeouts", async (t) => {
  const client = await connect(t, { statement_timeout: 100, lock_timeout: 50, application_name: "timeouts" });
  assert.deepEqual((await client.query("show application_name")).rows, [{ application_name: "timeouts" }]);
  assert.equal((await failure(client.query("select pg_sleep(60)"))).code, "57014");
  const idle = await connect(t, { idle_in_transaction_session_timeout: 50 });
  const ended = new Promise((resolve) => idle.once("error", resolve));
  await idle.query("begin");
  assert.equal((await ended).code, "25P03");
});

test("notices and notifications", async (t) => {
  const client = await connect(t);
  const notices = [];
  client.on("notice", (n) => notices.push([n.severity, n.code, n.message]));
  await client.query("drop table if exists missing_one, missing_two");
  assert.deepEqual(notices, [
    ["NOTICE", "00000", 'table "missing_one" does not exist, skipping'],
    ["NOTICE", "00000", 'table "missing_two" does not exist, skipping'],
  ]);
  const arrived = new Promise((resolve) => client.once("notification", resolve));
  await client.query("listen node_events");
  const other = await connect(t);
  await other.query("select pg_notify('node_events', $1)", ["payload"]);
  const { channel, payload, processId } = await arrived;
  assert.deepEqual([channel, payload, processId], ["node_events", "payload", other.processID]);
});

test("transactions", async (t) => {
  const client = await withSchema(t);
  await client.query("create table t (id int primary key)");
  await client.query("begin");
  await client.query("insert into t values (1)");
  await client.query("savepoint s");
  assert.equal((await failure(client.query("insert into t values (1)"))).code, "23505");
  assert.equal((await failure(client.query("select 1"))).code, "25P02");
  await client.query("rollback to s");
  await client.query("insert into t values (2)");
  await client.query("commit");
  await client.query("begin isolation level serializable read only deferrable");
  assert.equal((await failure(client.query("insert into t values (3)"))).code, "25006");
  assert.equal((await client.query("commit")).command, "ROLLBACK");
  assert.deepEqual((await client.query("select id from t order by id")).rows, [{ id: 1 }, { id: 2 }]);
});

test("errors have all their fields", async (t) => {
  const client = await withSchema(t);
  await client.query("create table t (id int primary key, n int not null check (n > 0))");
  let e = await failure(client.query("select 'é', nothing from t"));
  assert.deepEqual([e.severity, e.code, e.position, e.message], ["ERROR", "42703", "13", 'column "nothing" does not exist']);
  e = await failure(client.query("insert into t values (1, null)"));
  assert.deepEqual([e.code, e.table, e.column], ["23502", "t", "n"]);
  assert.equal(e.detail, "Failing row contains (1, null).");
  e = await failure(client.query("insert into t values ($1, $2)", [1, -1]));
  assert.deepEqual([e.code, e.constraint], ["23514", "t_n_check"]);
  e = await failure(client.query("do $$ begin perform 1/0; end $$"));
  assert.equal(e.code, "22012");
  assert.match(e.where, /^SQL statement "SELECT 1\/0"\nPL\/pgSQL function inline_code_block line 1 at PERFORM$/);
  e = await failure(client.query("select length(lower(1))"));
  assert.equal(e.hint, "No function matches the given name and argument types. You might need to add explicit type casts.");
});

test("a pool of clients under load", async (t) => {
  const clients = pool(t, { max: 10 });
  await clients.query("drop table if exists node_pool; create table node_pool (id int primary key, n int)");
  await clients.query("insert into node_pool select i, 0 from generate_series(1, 10) i");
  await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      clients.query("update node_pool set n = n + 1 where id = $1", [(i % 10) + 1]),
    ),
  );
  assert.deepEqual((await clients.query("select distinct n from node_pool")).rows, [{ n: 20 }]);
  await clients.query("drop table node_pool");
});
