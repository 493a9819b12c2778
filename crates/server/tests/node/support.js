// Connections to the server under test (PGHOST, PGPORT) and the recorded values.
import { readFileSync } from "node:fs";
import pg from "pg";

const config = {
  host: process.env.PGHOST ?? "127.0.0.1",
  port: Number(process.env.PGPORT ?? 5432),
  user: "postgres",
  database: process.env.PGDATABASE ?? "postgres",
};

/** An open client; the test closes it. */
export async function connect(t, options = {}) {
  const client = new pg.Client({ ...config, ...options });
  client.on("error", () => {});
  await client.connect();
  t.after(() => client.end().catch(() => {}));
  return client;
}

/** A client with a schema of its own that goes with the test. */
export async function withSchema(t) {
  const client = new pg.Client(config);
  await client.connect();
  const schema = `node_${process.pid}_${Math.random().toString(36).slice(2)}`;
  await client.query(`create schema ${schema}; set search_path = ${schema}`);
  t.after(async () => {
    await client.query(`rollback; drop schema ${schema} cascade`);
    await client.end();
  });
  return client;
}

/** A pool of clients. */
export function pool(t, options = {}) {
  const pool = new pg.Pool({ ...config, ...options });
  t.after(() => pool.end());
  return pool;
}

/** Objects of type, value, text and binary. */
export function recordedValues() {
  const file = new URL("../wire_values.tsv", import.meta.url);
  const unescape = (f) => f.replace(/\\(.)/g, (_, c) => (c === "t" ? "\t" : c));
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => {
      const [type, value, text, binary] = line.split("\t").map(unescape);
      return { type, value, text, binary: Buffer.from(binary, "hex") };
    });
}

/** Leaves values as the server sent them. */
export const asSent = { getTypeParser: () => (value) => value };

/** The error a promise ends with. */
export async function failure(promise) {
  try {
    await promise;
  } catch (e) {
    return e;
  }
  throw new Error("no error");
}
