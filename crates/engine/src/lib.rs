//! Sessions, portals, plan cache and statement dispatch.
