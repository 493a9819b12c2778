//! Query and expression trees back to SQL text.
