//! Query, expression and plan trees shared by analyzer, planner and executor.
