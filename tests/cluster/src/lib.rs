//! A PostgreSQL server of the tests' own: started in a temporary folder as an unprivileged user, stopped with them.
