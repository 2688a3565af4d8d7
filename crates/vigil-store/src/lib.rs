//! What a service remembers, in SQLite or PostgreSQL.
