//! pg_catalog: bootstrap, syscache, relcache, statistics.
