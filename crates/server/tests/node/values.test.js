// Values of every type through node-postgres, in text and binary.
import assert from "node:assert/strict";
import test from "node:test";
import { asSent, connect, recordedValues } from "./support.js";

test("recorded values as text parameters, results in both formats", async (t) => {
  const client = await connect(t);
  await client.query("set timezone = 'UTC'");
  for (const { type, value, text, binary } of recordedValues()) {
    const query = { text: `select $1::${type} as v`, values: [value], types: asSent };
    const plain = await client.query(query);
    assert.equal(plain.rows[0].v, text, `${type} ${value}`);
    const inBinary = await client.query({ ...query, binary: true });
    // The driver makes a string of whatever bytes come.
    assert.equal(Buffer.from(inBinary.rows[0].v).toString(), binary.toString(), `${type} ${value}`);
    assert.equal(inBinary.fields[0].format, "binary");
  }
});

test("recorded values stored in tables", async (t) => {
  const client = await connect(t);
  await client.query("set timezone = 'UTC'");
  const byType = Map.groupBy?.(recordedValues(), (v) => v.type) ?? group(recordedValues());
  for (const [type, values] of byType) {
    await client.query(`create temp table kept (id int, v ${type})`);
    for (const [i, { value }] of values.entries()) {
      await client.query({ name: `put ${type}`, text: "insert into kept values ($1, $2)", values: [i, value] });
    }
    const { rows } = await client.query({ text: "select v from kept order by id", types: asSent });
    assert.deepEqual(rows.map((r) => r.v), values.map((v) => v.text), type);
    await client.query("drop table kept");
    await client.query("deallocate all");
    client.connection.parsedStatements = {};
  }
});

function group(values) {
  const groups = new Map();
  for (const v of values) groups.set(v.type, [...(groups.get(v.type) ?? []), v]);
  return groups;
}

test("buffers travel as binary parameters", async (t) => {
  const client = await connect(t);
  const data = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const { rows } = await client.query("select $1::bytea as v, length($1::bytea) as n", [data]);
  assert.deepEqual(rows[0], { v: data, n: 256 });
});

test("JavaScript values", async (t) => {
  const client = await connect(t);
  await client.query("set timezone = 'UTC'");
  const ask = async (sql, ...values) => (await client.query({ text: sql, values, rowMode: "array" })).rows[0];
  assert.deepEqual(await ask("select $1::int2, $2::int4, $3::oid", -7, 2 ** 31 - 1, 7), [-7, 2 ** 31 - 1, 7]);
  assert.deepEqual(await ask("select $1::float8, $2::float4", 0.1, 1.5), [0.1, 1.5]);
  assert.deepEqual(await ask("select $1::text, $2::varchar", "żółw", ""), ["żółw", ""]);
  assert.deepEqual(await ask("select $1::text", null), [null]);
  assert.deepEqual(await ask("select $1::bool, $2::bool", true, false), [true, false]);
  assert.deepEqual(await ask("select $1::int8, $2::numeric", 9007199254740993n, "1.50"), ["9007199254740993", "1.50"]);
  const date = new Date(Date.UTC(2024, 1, 29, 12, 30, 0, 123));
  assert.deepEqual(await ask("select $1::timestamptz", date), [date]);
  assert.deepEqual(await ask("select $1::int4[], $2::text[]", [1, null, 3], ["a,b", '"', null, ""]), [[1, null, 3], ["a,b", '"', null, ""]]);
  assert.deepEqual(await ask("select $1::int4[][]", [[1, 2], [3, 4]]), [[[1, 2], [3, 4]]]);
  const document = { a: [1, null, { b: "é" }] };
  assert.deepEqual(await ask("select $1::json, $1::jsonb", document), [document, document]);
  const [interval] = await ask("select $1::interval", "1 year 2 days 03:04:05.678");
  assert.equal(interval.toPostgres(), "5.678 seconds 4 minutes 3 hours 2 days 1 years");
  assert.deepEqual(await ask("select '(1,2)'::point, '<(1,2),3>'::circle"), [{ x: 1, y: 2 }, { x: 1, y: 2, radius: 3 }]);
  assert.deepEqual(await ask("select row(1, 'a,b', null), array[row(1, 'x')]"), ['(1,"a,b",)', '{"(1,x)"}']);
});
