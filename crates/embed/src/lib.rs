//! PGLiteDB in-process.
