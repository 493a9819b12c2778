"""Connections to the server under test (PGHOST, PGPORT) and the recorded values."""

import os
from pathlib import Path

import psycopg
from psycopg import pq

HOST = os.environ.get("PGHOST", "127.0.0.1")
PORT = int(os.environ.get("PGPORT", "5432"))
CONNINFO = f"host={HOST} port={PORT} user=postgres dbname={os.environ.get('PGDATABASE', 'postgres')}"


def connect(**kwargs):
    """A connection of psycopg."""
    return psycopg.connect(CONNINFO, **kwargs)


def connect_raw():
    """A connection of libpq."""
    connection = pq.PGconn.connect(CONNINFO.encode())
    if connection.status != pq.ConnStatus.OK:
        raise RuntimeError(connection.error_message.decode())
    return connection


def execute(connection, sql):
    """Runs statements on a connection of libpq."""
    result = connection.exec_(sql.encode())
    if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
        raise RuntimeError(result.error_message.decode())
    return result


def recorded_values():
    """Tuples of type, input, text and binary."""
    path = Path(__file__).parent.parent / "wire_values.tsv"
    for line in path.read_text(encoding="utf-8").split("\n"):
        if not line or line.startswith("#"):
            continue
        typ, value, text, binary = (_unescape(f) for f in line.split("\t"))
        yield typ, value, text, bytes.fromhex(binary)


def _unescape(field):
    return field.replace("\\\\", "\0").replace("\\t", "\t").replace("\0", "\\")
